from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.label_joints import REACH_MM, label_joints
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.surface import LabelSurface, label_surface
from needle_sim.geometry.transform import angle_deg
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import scanned


@pytest.fixture(scope="module")
def spine() -> Column:
    return column(spine_spec())


@pytest.fixture(scope="module")
def surfaces(spine) -> dict[str, LabelSurface]:
    """L3 and L4 of the mean phantom, seen at 2 mm behind their bodies."""
    pair = ("L3", "L4")
    middle = np.mean([spine.bodies[level].matrix[:3, 3] for level in pair], axis=0)
    first = tuple((middle + np.array([-50.0, 5.0, -40.0])).tolist())
    placed = {level: (spine.vertebrae[level], spine.bodies[level]) for level in pair}
    ct, labels = scanned(placed, step_mm=2.0, shape=(40, 40, 50), first_mm=first)
    return {level: label_surface(labels, vertebra_label(level), ct) for level in pair}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_known_joint_is_found_where_it_is_and_as_it_faces(spine, surfaces, side):
    found = label_joints(surfaces["L3"], surfaces["L4"], spine.bodies["L4"])[side]
    post, gap = Posts(spine.vertebrae["L4"], side), spine.vertebrae["L3"].joint_gap_mm
    body = spine.bodies["L4"]
    off = body.inverse().apply(found.centre_mm) - (post.facet + 0.5 * gap * post.facet_normal)
    assert np.linalg.norm(off) < 1.5
    assert abs(off @ post.facet_normal) < 0.4  # across the cleft it is known best
    up = body.matrix[:3, 2]
    level = found.normal - up * float(found.normal @ up)
    assert angle_deg(level, body.turn(post.facet_normal)) < 8.0


def test_points_midway_are_as_far_from_one_bone_as_from_the_other(spine, surfaces):
    for joint in label_joints(surfaces["L3"], surfaces["L4"], spine.bodies["L4"]).values():
        above = surfaces["L3"].distance_mm(joint.points_mm)
        below = surfaces["L4"].distance_mm(joint.points_mm)
        assert np.abs(above - below).mean() < 0.8
        assert above.max() < REACH_MM


def test_labels_that_do_not_face_each_other_have_no_joint(spine, surfaces):
    away = surfaces["L3"].points_mm + 12.0 * spine.bodies["L4"].matrix[:3, 1]
    apart = replace(surfaces["L3"], points_mm=away)
    assert label_joints(apart, surfaces["L4"], spine.bodies["L4"]) == {}
