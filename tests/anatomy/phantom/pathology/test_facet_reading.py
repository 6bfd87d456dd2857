"""Joints are read from bones: a healthy one has its published angle, its gap, and no spur."""

import pytest

from needle_sim.anatomy.phantom.pathology.facet_reading import face_deg, gap_mm, joint_of, spur_mm


# HIN13, doi:10.1155/2013/693971, CT of 620
@pytest.mark.parametrize(("level", "degrees"), [("L2-L3", 30.4), ("L3-L4", 38.7), ("L4-L5", 47.0)])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_face_has_the_angle_of_the_published_mean(built, level, degrees, side):
    assert face_deg(built(), level, side) == pytest.approx(degrees, abs=1.5)


# 2-4 mm is normal on CT (Weishaupt 1999)
@pytest.mark.parametrize("level", ["L3-L4", "L4-L5", "L5-S1"])
def test_a_healthy_gap_is_normal_and_has_no_spur(built, level):
    for side in ("left", "right"):
        assert 2.0 < gap_mm(built(), level, side) < 4.0
        assert spur_mm(built(), level, side) == 0.0


def test_a_joint_points_out_of_the_superior_face(built):
    joint = joint_of(built(), "L4-L5", "left")

    assert joint.normal[0] < 0.0 < joint.normal[1]  # medial and back on the left
    assert joint.across[1] > 0.0
    assert abs(joint.normal @ joint.across) < 1e-9
