"""Places in the cavity, and shapes cut at its wall."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.room import Organ, Room, blob, place, station_mm, tube
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit


@pytest.fixture(scope="module")
def room(mean) -> Room:
    return Room(mean.column, Trunk(mean.column, mean.spec.trunk))


def test_shares_run_from_wall_to_wall_and_from_the_front(room):
    left, front = room.at("L3", 1.0, 1.0), room.at("L3", 0.0, 0.0, 12.0)

    assert left[0] == pytest.approx(room.trunk.cavity_half_mm)
    assert abs(room.trunk.cavity_mm(front[None])[0]) < 0.5
    assert front[2] == pytest.approx(room.column.bodies["L3"].matrix[2, 3] + 12.0)
    np.testing.assert_allclose(room.by("L2", 3.0, 4.0), place(room.column, "L2", 3.0, 4.0))


def test_an_organ_ends_at_the_wall_and_one_in_the_middle_is_left_whole(room):
    wide = Organ("liver", [blob(room.at("L3", 0.9, 0.7), (60.0, 40.0, 40.0))])
    points = np.random.default_rng(1).uniform([0, -120, -60], [190, 60, 60], (20_000, 3))
    outside = points[room.trunk.cavity_mm(points) > -1.5]

    assert (room.inside(wide).distance_mm(outside) >= 0).all()
    assert isinstance(room.inside(Organ("liver", [blob([0, -40, 0], (9.0, 9.0, 9.0))])), Implicit)


def test_a_limit_cuts_what_lies_within(room):
    half = Organ("bowel_gas", [blob([0, -40, 0], (9.0, 9.0, 9.0))], limit=lambda at: at[:, 1] + 40)

    front, back = room.inside(half).distance_mm([[0, -44, 0], [0, -36, 0]])
    assert front < 0 < back


def test_an_ellipsoid_has_its_half_sizes_and_a_tube_its_radii():
    egg = Implicit.of([blob([1.0, 2.0, 3.0], (5.0, 4.0, 6.0))])
    ends = np.array([[6.0, 2, 3], [1, 6, 3], [1, 2, 9]])
    strand = Implicit.of(tube([(np.zeros(3), 3.0), (np.array([0, 0, 20.0]), 5.0)]))

    np.testing.assert_allclose(egg.distance_mm(ends), 0.0, atol=0.05)
    np.testing.assert_allclose(strand.distance_mm([[4.0, 0, 10.0]]), 0.0, atol=0.2)


def test_above_the_first_vertebra_levels_go_on(mean):
    short = dataclasses.replace(mean.spec, vertebrae={
        level: spec for level, spec in mean.spec.vertebrae.items() if level[0] in "LS"
    })  # fmt: skip
    lumbar = column(short)

    for level in ("T10", "T11", "T12"):
        there = mean.column.bodies[level].matrix[:3, 3]
        np.testing.assert_allclose(station_mm(lumbar, level), there, atol=8.0)
        np.testing.assert_array_equal(station_mm(mean.column, level), there)
