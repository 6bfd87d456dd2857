"""The epidural space lies as deep as asked for, under a trunk of that BMI."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.obesity import Obesity, built_depth_mm
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError


def test_the_depth_is_read_back_from_the_ct_within_two_percent(painted):
    (found,) = (one for one in findings(painted) if one.kind == "obesity")

    assert found.share_off < 0.02


@pytest.mark.parametrize(("bmi", "deep_mm"), [(30.0, 55.0), (40.0, 75.0), (50.0, 95.0)])
def test_the_shapes_have_the_depth(bmi, deep_mm):
    spine = Obesity(bmi, deep_mm, "L4-L5").changed(spine_spec())

    assert built_depth_mm(spine, "L4-L5") == pytest.approx(deep_mm, abs=0.5)


def test_the_trunk_is_that_of_the_bmi_whoever_was_there_before():
    slim, heavy = (
        Obesity(40.0, 75.0).changed(spine_spec(person=Person(bmi=bmi))) for bmi in (20.0, 35.0)
    )

    assert slim.trunk == pytest.approx(dict(heavy.trunk), abs=0.2)
    assert slim.trunk["half_width_mm"] > spine_spec().trunk["half_width_mm"] + 30.0


def test_grades_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="bmi must lie from 25 to 60, got 80"):
        Obesity(80.0, 75.0)
    with pytest.raises(InputError, match="depth_mm must lie from 40 to 140"):
        Obesity(40.0, 20.0)
    with pytest.raises(InputError, match=r"depth_mm 40 leaves no fat .* ask for \d+ or more"):
        Obesity(50.0, 40.0).changed(spine_spec())
    assert np.isfinite(built_depth_mm(spine_spec(), "L3-L4"))
