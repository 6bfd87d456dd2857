"""A broken body has lost the heights that were asked for, and the column bends over it."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.pathology.compression import (
    CompressionFracture,
    heights_mm,
    heights_of_sizes,
    with_heights,
)
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.sound import overlaps
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg

BROKEN = [
    CompressionFracture("L1", 35.0),
    CompressionFracture("L3", 40.0, "biconcave"),
    CompressionFracture("T12", 22.0, "crush"),
]


@pytest.mark.parametrize("fracture", BROKEN, ids=lambda one: one.shape)
def test_lost_heights_are_read_back_from_the_bones(built, fracture):
    found = findings(built(fracture))

    assert [one.requested for one in found] == list(fracture.losses_percent)
    for one in found:
        assert one.measured == pytest.approx(one.requested, rel=0.02, abs=0.1)


@pytest.mark.parametrize(("loss", "grade"), [(15.0, 0), (20.0, 1), (25.0, 2), (39.9, 2), (40.0, 3)])
def test_grades_are_those_of_genant(loss, grade):
    # mild 20-25 %, moderate 25-40 %, severe over 40 %: doi:10.21037/qims.2019.02.04
    assert CompressionFracture("L1", loss).grade == grade


def test_a_wedge_bends_the_column_forward_by_its_own_angle():
    spine = spine_spec()
    broken = afflicted(replace(spine, pathology=(BROKEN[0],)))
    slope = [np.degrees(np.arctan(one.vertebrae["L1"].wedge_slope)) for one in (spine, broken)]
    lordosis = [
        sum(one.vertebrae[level].lordosis_above_deg for level in ("L1", "L2"))
        for one in (spine, broken)
    ]

    assert lordosis[0] - lordosis[1] == pytest.approx(2.0 * (slope[1] - slope[0]))
    assert slope[1] - slope[0] > 5.0


def test_the_origin_stays_level_over_a_broken_l4():
    plain = spine_spec()
    broken = CompressionFracture("L4", 30.0).changed(plain)
    up = [column(one).bodies["L3"].matrix[:3, 2] for one in (plain, broken)]

    assert angle_deg(*up) == pytest.approx(0.0, abs=1e-6)


def test_two_neighbours_are_measured_against_those_that_are_whole(built):
    both = (CompressionFracture("T12", 30.0), CompressionFracture("L1", 30.0))

    for one in findings(built(*both)):
        assert one.measured == pytest.approx(one.requested, rel=0.02, abs=0.1)


def test_nothing_runs_into_another():
    broken = afflicted(replace(spine_spec(), pathology=(CompressionFracture("L1", 45.0, "crush"),)))

    assert overlaps(broken) == ()


def test_a_vertebra_takes_the_heights_that_it_is_given(built):
    spec = spine_spec().vertebrae["L2"]
    wanted = np.array([20.0, 17.0, 24.0])

    np.testing.assert_allclose(heights_of_sizes(with_heights(spec, wanted)), wanted, atol=0.01)
    np.testing.assert_allclose(
        heights_mm(built().bones["L2"], built().body("L2")), heights_of_sizes(spec), atol=0.02
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [(("L1", 80.0), "loss_percent must lie from 5 to 60"),
     (("L1", 30.0, "flat"), "shape must be one of wedge, biconcave, crush")],
)  # fmt: skip
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        CompressionFracture(*given)


def test_a_fracture_between_two_vertebrae_is_refused_when_it_is_made():
    with pytest.raises(InputError, match="one vertebra like 'L4', got 'L1-L2'"):
        CompressionFracture("L1-L2", 30.0)
