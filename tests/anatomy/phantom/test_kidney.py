"""Kidneys: size, place, and how often a paravertebral path meets one."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.kidney import kidney_shape, kidneys
from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit

# Weyland 1993, Anaesthesist 42:710: percent of kidneys (right, left) on a paravertebral path to
# the sympathetic trunk, by level and lateral distance of the entry
MET = {
    ("L2", 60): (1.4, 2.8), ("L2", 80): (26.0, 26.0), ("L2", 100): (57.5, 65.8),
    ("L3", 60): (0.0, 0.0), ("L3", 80): (4.1, 2.7), ("L3", 100): (19.2, 26.0),
    ("L4", 80): (0.0, 0.0), ("L4", 100): (1.4, 1.4),
}  # fmt: skip


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_kidney_has_its_size(mean, side):
    shape = kidney_shape(mean.column, mean.spec.kidney, side)
    low, high = shape.box_mm
    x, y, z = (np.arange(low[axis], high[axis], 2.0) for axis in range(3))
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = points[shape.distance_mm(points) < 0]

    # 108 x 56 x 45 mm of an ellipsoid would be 142 mL; 146 +- 36 mL in living donors' CTs (texts)
    assert 100e3 < 8.0 * len(inside) < 170e3
    assert np.ptp(inside[:, 2]) == pytest.approx(mean.spec.kidney["length_mm"], abs=8.0)
    sign = 1.0 if side == "left" else -1.0
    assert (sign * inside[:, 0] > 30.0).all()
    upper, lower = inside[inside[:, 2] > high[2] - 30], inside[inside[:, 2] < low[2] + 30]
    assert abs(upper[:, 0].mean()) < abs(lower[:, 0].mean()) - 5.0  # the upper pole is medial


def test_fat_lies_around_and_in_it(mean):
    room = Room(mean.column, Trunk(mean.column, mean.spec.trunk))
    found = list(kidneys(room, mean.spec.kidney))
    fat = [Implicit.of(one.rows) for one in found if one.tissue == "fat"]
    shape = kidney_shape(mean.column, mean.spec.kidney, "left")
    surface = shape.rows[0, 3:6] + np.array([[60.0, 0, 0]])
    out = surface - np.array([[shape.distance_mm(surface)[0] - 4.0, 0, 0]])

    assert shape.distance_mm(out)[0] > 0
    assert min(one.distance_mm(out)[0] for one in fat) < 0
    assert len(fat) == 4


def test_a_paravertebral_path_meets_it_as_often_as_published():
    people, hits = sample_population(60, 11), {key: ([], []) for key in MET}
    for index in range(len(people)):
        spine = people.spine(index)
        stack = column(spine)
        trunk = Trunk(stack, spine.trunk)
        shapes = [kidney_shape(stack, spine.kidney, side) for side in ("right", "left")]
        for level, aside in MET:
            spec, body = spine.vertebrae[level], stack.bodies[level].matrix[:3, 3]
            y = np.arange(body[1] + 40.0, body[1] + 140.0, 1.0)
            skin = trunk.skin_mm(np.stack([np.full(len(y), aside), y, 0 * y + body[2]], axis=1))
            half = 0.25 * (spec.upper_width_mm + spec.lower_width_mm)
            for shape, sign, into in zip(shapes, (-1.0, 1.0), hits[level, aside], strict=True):
                entry = np.array([sign * aside, y[np.argmax(skin > 0)], body[2]])
                goal = np.array([sign * half, body[1] - 0.3 * spec.upper_depth_mm, body[2]])
                path = entry + np.linspace(0, 1, 80)[:, None] * (goal - entry)
                into.append(bool((shape.distance_mm(path) < 0).any()))
    for key, published in MET.items():
        for one, percent in zip(hits[key], published, strict=True):
            # within 10 points, and two standard errors of these 60
            room = 10.0 + 200.0 * np.sqrt(max(percent, 2.0) * (100 - percent)) / 100 / np.sqrt(60)
            assert 100.0 * np.mean(one) == pytest.approx(percent, abs=room), key
