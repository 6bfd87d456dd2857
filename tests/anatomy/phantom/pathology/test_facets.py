"""Joints have the gap, the spurs and the turn asked for, and their bones stay apart."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.facet_reading import joint_of
from needle_sim.anatomy.phantom.pathology.facets import FacetArthrosis, FacetTropism
from needle_sim.errors import InputError

WORN = (
    FacetArthrosis("L3-L4", 2.0, 1.2, 4.0),
    FacetArthrosis("L4-L5", 1.0, 1.6, 2.0),
    FacetArthrosis("L5-S1", 3.0, 0.8, 6.0),
)


# grades of Weishaupt 1999: gap under 2 mm from grade 1 on, spurs small, moderate, large
def test_gaps_and_spurs_are_read_back_within_two_percent(built):
    found = findings(built(*WORN))

    assert [one.quantity for one in found] == 3 * ["gap of the joints", "spurs"]
    assert all(one.share_off < 0.02 for one in found)


def test_spurs_do_not_grow_into_the_upper_bone(built):
    upper, lower = (built(*WORN).bones[one] for one in ("L5", "S1"))
    low = np.maximum(upper.box_mm[0], lower.box_mm[0])
    high = np.minimum(upper.box_mm[1], lower.box_mm[1])
    axes = [np.arange(a, b, 0.8) for a, b in zip(low, high, strict=True)]
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)

    assert not ((upper.distance_mm(at) < -0.02) & (lower.distance_mm(at) < -0.02)).any()


def test_without_spurs_only_the_gap_is_read(built):
    (found,) = findings(built(FacetArthrosis("L4-L5", 0.0, 2.4)))

    assert found.share_off < 0.02


def test_tropism_is_read_back_within_two_percent(built):
    found = findings(built(FacetTropism("L3-L4", -20.0), FacetTropism("L4-L5", 12.0)))

    assert len(found) == 2
    assert all(one.share_off < 0.02 for one in found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("L4-L5", 4.0, 1.0, 2.0), "grade must be 0, 1, 2 or 3"),
        (("L4-L5", 3.0, 0.1, 2.0), "gap_mm must lie from 0.8 to 4"),
        (("L4-L5", 3.0, 1.0, 20.0), "spur_mm must lie from 0 to 8"),
    ],
)
def test_grades_that_cannot_be_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        FacetArthrosis(*given)


def test_a_turn_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="tropism_deg must lie from -30 to 30"):
        FacetTropism("L4-L5", 45.0)


def test_worn_faces_are_dense(painted):
    worn = painted
    at = np.stack([worn.landmark(f"L5 {side} facet_centre") for side in ("left", "right")])
    at = at - 3.0 * np.stack([joint_of(worn, "L4-L5", side).normal for side in ("left", "right")])

    assert (worn.ct.sample(at) > 70.0 + 300.0).all()  # spongy bone has 70 HU in this phantom
