"""The course of medial branch and root past a vertebra."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM, SIDES, Posts, on_bone
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import (
    medial_branch_path,
    root_path,
)
from needle_sim.geometry.paths import length_mm
from needle_sim.geometry.transform import angle_deg, unit

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
