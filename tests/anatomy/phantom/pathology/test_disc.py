"""A degenerated disc has the height asked for, a bulge, gas, and dense endplates."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.disc import DiscDegeneration
from needle_sim.anatomy.phantom.pathology.section import disc_plane
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError


def test_height_and_gas_are_read_back_within_two_percent(painted):
    tall, gas = (one for one in findings(painted) if one.kind == "disc_degeneration")

    assert tall.share_off < 0.02
    assert gas.share_off < 0.02


def test_gas_is_gas_and_the_nucleus_is_gone(painted):
    plane = painted.body("S1").apply([[0.0, 0.0, z] for z in np.arange(10.0, 25.0, 0.5)])
    found = painted.labels.sample(plane, outside=0)

    assert label("disc_gas") in found
    assert label("nucleus") not in found


def test_the_endplates_are_dense(painted):
    for level, z in (("L5", -8.0), ("S1", 9.0)):
        body = painted.body(level)
        inside = [[x, y, z] for x in range(-8, 9, 2) for y in range(-8, 5, 2)]
        assert painted.ct.sample(body.apply(inside)).mean() > 300.0


def test_discs_of_every_grade_are_read_back_beside_each_other(built):
    given = ("L2-L3", 3.0, 11.5), ("L3-L4", 4.0, 11.0), ("L4-L5", 5.0, 8.0)

    found = findings(built(*(DiscDegeneration(*one) for one in given)))

    assert len(found) == 3
    assert all(one.share_off < 0.02 for one in found)


def test_it_bulges_and_narrows_the_foramen(built):
    sick, well = built(DiscDegeneration("L4-L5", 5.0, 8.0)), built()
    tall = [np.ptp(one.spaces["L4 left foramen"].shape.box_mm[:, 2]) for one in (sick, well)]
    behind = disc_plane(sick.landmarks_mm, "L4-L5").apply([[0.0, 1.0, 0.0]])

    assert tall[0] < tall[1] - 1.0
    assert sick.spaces["L4-L5 disc"].shape.distance_mm(behind)[0] < 0.0
    assert well.spaces["L4-L5 disc"].shape.distance_mm(behind)[0] > 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("L4-L5", 2.5, 7.0), "grade must be 1, 2, 3, 4 or 5"),
        (("L4-L5", 5.0, 0.0), "height_mm must lie from 4 to 20"),
        (("L4-L5", 5.0, 7.0, 9000.0), "vacuum_mm3 must lie from 0 to 3000"),
    ],
)
def test_grades_that_cannot_be_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        DiscDegeneration(*given)


def test_more_gas_than_the_disc_holds_is_refused(built):
    with pytest.raises(InputError, match="do not fit into L5-S1"):
        built(DiscDegeneration("L5-S1", 5.0, 7.0, 2900.0))
