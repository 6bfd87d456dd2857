"""The course of medial branch and root past a vertebra."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.course import CLEAR_MM, beside_bones, root_over
from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM, SIDES, Posts, on_bone
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import (
    medial_branch_path,
    root_path,
)
from needle_sim.geometry.paths import length_mm
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import Transform, angle_deg, unit

LEVELS = spine_spec().levels

LUMBAR = LEVELS[:-1]


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("side", SIDES)
def test_the_medial_branch_hugs_the_neck(mean, level, side):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    post = Posts(spec, side)
    path = medial_branch_path(spec, side, bone=bone)
    ends = [on_bone(post, bone, post.neck_point(share), off_mm=NERVE_OFF_MM) for share in (0, 1)]
    along = (path - ends[0]) @ unit(ends[1] - ends[0])
    neck = path[(along > 0.5) & (along < length_mm(ends) - 0.5)]

    assert 10 <= length_mm(ends) <= 15
    assert (bone.distance_mm(neck) > 0.4).all()
    assert (bone.distance_mm(neck) < 1.5).all()
    assert (bone.distance_mm(path) > 0.2).all()
    course = np.diff(neck, axis=0)
    assert max(angle_deg(step, -post.needle_axis) for step in course[2:-2]) < 15.0


def test_a_root_leaves_below_its_pedicle(mean):
    for level in LUMBAR:
        spec = mean.column.vertebrae[level]
        tube, post = root_path(spec, "left"), Posts(spec, "left")
        abreast = tube.points_mm[np.argmin(np.abs(tube.points_mm[:, 0] - post.pedicle[0]))]

        assert abreast[2] < post.pedicle[2] - 0.5 * spec.pedicle_height_mm
        assert tube.radius_mm.max() == pytest.approx(0.5 * spec.ganglion_mm)


def dense(tube: Tube) -> tuple[np.ndarray, np.ndarray]:
    """Places along a tube and its radius there."""
    knots = np.arange(len(tube.points_mm))
    at = np.linspace(0.0, knots[-1], 20 * len(knots))
    points = np.column_stack([np.interp(at, knots, one) for one in tube.points_mm.T])
    return points, np.interp(at, knots, tube.radius_mm)


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4"])
def test_a_ganglion_lies_in_the_medial_zone_of_its_foramen(mean, level):
    # SILV15, PMC4337191: medial to the middle of the pedicle at L1-L4
    spec = mean.column.vertebrae[level]
    middle = abs(root_path(spec, "left").points_mm[3, 0])

    assert 0.5 * spec.canal_width_mm < middle < abs(Posts(spec, "left").pedicle[0])


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4", "L5"])
def test_a_root_passes_the_disc_at_the_angle_and_distance_seen_on_mri(mean, level):
    # SILV15: 50.5-58.8 degrees; between root and disc 1.97-2.28 mm at L2-L5 (200 discs,
    # doi:10.33920/med-01-2302-06), more at L5-S1
    root = root_path(mean.column.vertebrae[level], "left").points_mm
    across, _, down = np.abs(root[4] - root[3])
    assert 50.5 <= np.degrees(np.arctan2(down, across)) <= 58.8

    lower = LEVELS[LEVELS.index(level) + 1]
    points, radius = dense(mean.structures[f"{level} left root"].tubes[0])
    disc = mean.spaces[f"{level}-{lower} disc"].shape
    assert float((disc.distance_mm(points) - radius).min()) == pytest.approx(2.1, abs=1.1)


def test_where_the_disc_is_low_a_root_is_flatter_and_passes_over_the_next_pedicle(mean):
    spec, body = mean.column.vertebrae["L4"], mean.column.bodies["L4"]
    matrix = mean.column.bodies["L5"].matrix.copy()
    matrix[2, 3] += 9.0
    pose = Transform(matrix, target=body.target, source=mean.column.bodies["L5"].source)
    low = mean.own["L5"].moved(pose)
    usual = root_path(spec, "left").moved(body)
    root = root_over(spec, "left", body, [low])

    def lacking(tube: Tube) -> float:
        points, radius = dense(tube)
        return float((radius - low.distance_mm(points)).max())

    assert lacking(usual) > 2.0
    assert lacking(root) < 1.5
    assert lacking(beside_bones(root, [low])) < 0.1 + CLEAR_MM
    fall = [tube.points_mm[3, 2] - tube.points_mm[4, 2] for tube in (root, usual)]
    assert fall[0] < fall[1]
