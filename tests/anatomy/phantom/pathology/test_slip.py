"""Slips are as far as asked for, and an arch goes along or stays."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.draped import CLEAR_MM
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.pathology.slip import (
    Spondylolisthesis,
    Spondylolysis,
    defects_mm,
    meyerding,
    slip_percent,
)
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from tests.anatomy.phantom.pathology.conftest import deepest_in_bone

DEGENERATIVE = Spondylolisthesis("L4-L5", 18.0)
ISTHMIC = Spondylolysis("L5-S1", 33.0, 2.5)


@pytest.mark.parametrize("slip", [DEGENERATIVE, Spondylolisthesis("L3-L4", 8.0), ISTHMIC])
def test_slips_and_defects_are_read_back_from_the_bones(built, slip):
    for found in findings(built(slip)):
        assert found.share_off < 0.02, str(found)


@pytest.mark.parametrize(
    ("percent", "grade"), [(0.0, "0"), (18.0, "I"), (25.0, "II"), (60.0, "III"), (90.0, "IV")]
)
def test_grades_are_those_of_meyerding(percent, grade):
    assert meyerding(percent) == grade


def test_a_degenerative_slip_takes_its_arch_along_and_narrows_the_sac(built):
    plain, slid = built(), built(DEGENERATIVE)
    gone = [
        one.body("L5").inverse().apply(one.landmarks_mm["L4 spinous_tip"])[1]
        for one in (plain, slid)
    ]
    depth = [sac_depth_mm(one, "L4-L5") for one in (plain, slid)]

    assert gone[0] - gone[1] == pytest.approx(0.18 * 35.0, abs=1.2)
    assert depth[1] < 0.85 * depth[0]


def test_an_isthmic_slip_leaves_the_arch_behind_and_the_sac_wide(built):
    plain, slid = built(), built(ISTHMIC)
    spinous, front = (
        [one.body("S1").inverse().apply(one.landmarks_mm[f"L5 {name}"])[1] for one in (plain, slid)]
        for name in ("spinous_tip", "inferior_endplate_anterior")
    )
    depth = [sac_depth_mm(one, "L5-S1") for one in (plain, slid)]

    assert front[0] - front[1] > 9.0
    assert spinous[0] == pytest.approx(spinous[1], abs=1.0)
    assert depth[1] > 0.9 * depth[0]


@pytest.mark.parametrize("slip", [DEGENERATIVE, Spondylolisthesis("L3-L4", 30.0), ISTHMIC])
def test_sac_nerves_and_vessels_keep_out_of_the_bones(built, slip):
    depth, name = deepest_in_bone(built(slip))

    assert depth > -0.3, name


@pytest.mark.parametrize("slip", [DEGENERATIVE, Spondylolisthesis("L3-L4", 30.0), ISTHMIC])
def test_the_sac_stays_within_the_canal(built, slip):
    """By 0.05 mm or more, along the five tubes that the sac is made of."""
    spine = built(slip)
    canal, top = spine.spaces["canal"].shape, spine.body("T10").matrix[2, 3]
    for tube in spine.structures["dura"].tubes:
        beside = tube.points_mm[:, 2] < top
        out = canal.distance_mm(tube.points_mm[beside]) + tube.radius_mm[beside]
        assert out.max() < -0.05


def test_before_an_arch_that_stayed_behind_the_canal_is_deep(built):
    """The wide canal sign: over 1.25 of the depth at L1 (Ulmer 1994, AJR 163:411)."""
    spine = built(ISTHMIC)
    depth = {level: canal_depth_mm(spine, level) for level in ("L1", "L5")}

    assert depth["L5"] > 1.25 * depth["L1"]


def test_a_whole_isthmus_has_no_defect_and_a_straight_spine_no_slip(built):
    plain = built()

    assert defects_mm(plain.bones["L5"], plain.body("L5")) == (0.0, 0.0)
    # a slip is called one from 5 % (Denard 2010, doi:10.1097/BRS.0b013e3181bd9e19)
    assert abs(slip_percent(plain, "L4-L5")) < 5.0  # wedged discs alone read as 2-4.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spondylolisthesis("L4-L5", 50.0), "slip_percent must lie from 3 to 35"),
        (lambda: Spondylolysis("L5-S1", 70.0), "slip_percent must lie from 0 to 60"),
        (lambda: Spondylolysis("L5-S1", 10.0, 0.1), "gap_mm must lie from 1 to 5"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_slip_says_what_it_leaves_of_the_sac():
    """As the section of the built sac."""
    draft = drafted(replace(spine_spec(), pathology=(DEGENERATIVE,)))
    area = area_mm2(draft.structures["dura"], disc_plane(draft.landmarks_mm, "L4-L5"))
    said = DEGENERATIVE.leaves(draft)

    assert f"sac_mm2 {area:.0f}:" in said
    assert 60.0 < float(said.split("; ")[1].split()[0]) < area  # where it is narrowest


def test_the_farther_the_slip_the_less_is_left_of_the_sac_and_of_its_depth(built):
    """It is pinched between the lower border of the arch and the rim of the body below.

    No deeper than the gap that is measured there in the median plane, and of it at least half:
    beside the midline the flava stand farther forward. A degenerative slip of a healthy canal
    leaves more than people have who are operated on for one (38 and 41 mm2, PMC9680197).
    """
    slips = [Spondylolisthesis("L4-L5", percent) for percent in (18.0, 25.0, 33.0)]
    found = [pinched_mm(built(one), "L4-L5") for one in slips]
    areas = [
        area_mm2(built(one).structures["dura"], disc_plane(built(one).landmarks_mm, "L4-L5"))
        for one in slips
    ]

    for gap, depth in found:
        assert 0.5 * gap < depth < gap - 2.0 * CLEAR_MM + 0.2
    gaps, depths = np.array(found).T
    assert (np.diff(gaps) < -1.0).all()
    assert (np.diff(depths) < -0.3).all()
    assert (np.diff(areas) < -10.0).all()
    assert areas[-1] > 60.0


def sac_depth_mm(spine, level):
    """How far the sac reaches from front to back behind a disc."""
    upper, lower = (spine.body(one).matrix[:3, 3] for one in level.split("-"))
    height = 0.5 * (upper[2] + lower[2])
    tube = spine.structures["dura"].tubes[2]
    return 2.0 * float(np.interp(-height, -tube.points_mm[:, 2], tube.radius_mm))


def pinched_mm(spine, level):
    """The least gap in the median plane between what stands before the sac and behind it, about a
    disc, and the least depth of the sac there."""
    plane = disc_plane(spine.landmarks_mm, level)
    tube = spine.structures["dura"].tubes[2]
    course = plane.inverse().apply(tube.points_mm)
    y, z = (
        one.ravel()
        for one in np.meshgrid(np.arange(-20, 30, 0.3), np.arange(-12, 12, 0.3), indexing="ij")
    )
    places = plane.apply(np.stack([np.zeros(y.size), y, z], axis=1))
    shapes = [spine.bones[one] for one in level.split("-")]
    shapes += [spine.spaces[f"{level} {one}"].shape for one in ("disc", "flavum")]
    solid = np.min([one.distance_mm(places) for one in shapes], axis=0) < 0.0
    before = y < np.interp(-z, -course[:, 2], course[:, 1])
    flat = np.stack([y, z], axis=1)
    gap = cKDTree(flat[solid & ~before]).query(flat[solid & before])[0].min()
    return gap, 2.0 * tube.radius_mm[np.abs(course[:, 2]) < 12.0].min()


def canal_depth_mm(spine, level):
    """How deep the canal is behind the middle of a body."""
    body = spine.body(level)
    start = body.apply([0.0, 0.0, 0.0])
    runs = inside_mm(spine.spaces["canal"].shape, start, body.matrix[:3, 1])
    return runs[0][1] - runs[0][0]
