"""Targets follow from landmarks and nerves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.target import (
    Target,
    beside_bone,
    course_between,
    point_at_share,
    point_target,
)
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from tests.planning.blocks import Slab, block

BRANCH = "L4 right medial branch"
REAR, FRONT = np.array([-20.0, 6.0, -5.0]), np.array([-16.0, -6.0, 5.0])


def with_branch():
    along = (FRONT - REAR) / np.linalg.norm(FRONT - REAR)
    path = np.stack([FRONT + 20 * along, FRONT, REAR, REAR - 10 * along])  # ventral end first
    nerve = Structure("L4 right medial branch", "medial_branch", (Tube(path, 0.5),), "constructed")
    return replace(
        block(structures=[nerve]),
        landmarks_mm={"L5 right sap_neck_dorsal": REAR, "L5 right sap_neck_ventral": FRONT},
    )


def test_the_window_is_the_middle_two_quarters_of_the_neck():
    """Furman: active tip along the middle two quarters of the lateral neck."""
    target = with_branch().target(BRANCH)
    assert target.nerve_mm[0] == pytest.approx(REAR, abs=0.1)
    assert target.nerve_mm[-1] == pytest.approx(FRONT, abs=0.1)
    assert target.window_mm[0] == pytest.approx(REAR + 0.25 * (FRONT - REAR), abs=0.1)
    assert target.window_mm[1] == pytest.approx(REAR + 0.75 * (FRONT - REAR), abs=0.1)


def test_the_tip_goes_into_the_ventral_quarter_and_the_approach_runs_along_the_nerve():
    target = with_branch().target(BRANCH)
    share = np.linalg.norm(target.centre_mm - REAR) / np.linalg.norm(FRONT - REAR)
    assert 0.75 < share < 1.0
    assert target.approach == pytest.approx((FRONT - REAR) / np.linalg.norm(FRONT - REAR), abs=1e-2)
    assert target.approach[1] < 0  # ventrally


def test_a_branch_that_is_not_there_names_the_vertebra_it_needs():
    with pytest.raises(InputError, match="vertebra L4 to be whole"):
        with_branch().target("L3 right medial branch")


@pytest.mark.parametrize("place", [[0.0, 70.0, 0.0], [0.0, 0.0, 900.0]])
def test_a_point_outside_the_body_is_refused_with_the_box(place):
    with pytest.raises(InputError, match=r"outside the body; the volume holds -80\.0"):
        point_target(block(), place, [0.0, -1.0, 0.0], "left")


def test_a_point_in_the_body_is_a_target():
    target = point_target(block(), [1.0, 2.0, 3.0], [0.0, -2.0, 0.0], "left")
    assert target.centre_mm == pytest.approx([1, 2, 3])
    assert target.approach == pytest.approx([0, -1, 0])
    with pytest.raises(InputError, match="finite"):
        point_target(block(), [np.nan, 0, 0], [0.0, -2.0, 0.0], "left")


def test_the_electrode_lies_beside_the_nerve_on_the_side_away_from_the_bone():
    bone = Slab((-60.0, -40.0, -60.0), (-18.5, 40.0, 60.0))  # a wall on the patient's right
    beside = replace(with_branch(), bones={"L5": bone}).target(BRANCH)
    along = (FRONT - REAR) / np.linalg.norm(FRONT - REAR)
    offset = beside.centre_mm - with_branch().target(BRANCH).centre_mm
    assert np.linalg.norm(offset) == pytest.approx(0.5 + 1.27 / 2, abs=0.05)
    assert offset @ along == pytest.approx(0.0, abs=1e-9)
    assert offset[0] > 1.0


def test_the_course_between_two_points_runs_from_the_first_whatever_way_it_is_stored():
    path = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0]])
    for stored in (path, path[::-1]):
        found = course_between(stored, np.array([25.0, 3.0, 0.0]), np.array([5.0, -3.0, 0.0]))
        assert found[[0, -1], 0] == pytest.approx([25.0, 5.0], abs=0.06)
    with pytest.raises(InputError, match="does not run along the neck"):
        course_between(path, np.array([40.0, 0, 0]), np.array([50.0, 0, 0]))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_a_share_of_a_path_is_of_its_length(share):
    """3 mm along x, then 7 mm along y."""
    path = np.array([[0.0, 0, 0], [3.0, 0, 0], [3.0, 7.0, 0]])
    along = 10.0 * share
    assert point_at_share(path, share) == pytest.approx([min(along, 3.0), max(along - 3.0, 0), 0])


def test_beside_a_bone_is_across_the_nerve_and_away():
    wall = Slab((-60.0, -40.0, -60.0), (-2.0, 40.0, 60.0))
    out = beside_bone(wall, np.zeros(3), np.array([0.3, 1.0, 0.0]))
    assert np.linalg.norm(out) == pytest.approx(1.0)
    assert out @ [0.3, 1.0, 0.0] == pytest.approx(0.0, abs=1e-9)
    assert out[0] > 0.9
    assert beside_bone(None, np.zeros(3), np.array([0.0, 1.0, 0.0])) == pytest.approx([0, 0, 0])


def test_a_target_checks_itself():
    good = {"centre_mm": np.zeros(3), "radius_mm": 2.0, "approach": np.array([0.0, -3.0, 0.0])}
    words = dict.fromkeys(("name", "kind", "level", "vertebra", "side"), "x")
    assert Target(**words, **good).approach == pytest.approx([0.0, -1.0, 0.0])
    with pytest.raises(InputError, match="radius_mm of a target must be positive, got 0"):
        Target(**words, **{**good, "radius_mm": 0.0})
    with pytest.raises(InputError, match="nerve_mm"):
        Target(**words, **good, nerve_mm=np.zeros((1, 3)))
