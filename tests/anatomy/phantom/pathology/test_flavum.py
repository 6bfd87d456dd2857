"""The flavum is as thick as asked for, grows into the canal, and says so."""

import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy, flavum_mm
from needle_sim.anatomy.phantom.pathology.laminectomy import Laminectomy
from needle_sim.errors import InputError

THICK = ("L1-L2", 3.0), ("L2-L3", 6.0), ("L4-L5", 9.4)


# 3.2-3.8 mm is normal (LF15 PMC4404540), 9.4 mm the thickest found (EJMCM)
def test_thickness_is_read_back_within_two_percent(built):
    found = findings(built(*(FlavumHypertrophy(*one) for one in THICK)))

    assert [(one.where, one.requested) for one in found] == list(THICK)
    assert all(one.share_off < 0.02 for one in found)


def test_other_levels_stay_as_they_were(built):
    thick, normal = built(FlavumHypertrophy("L4-L5", 7.0)), built()

    for level in ("L3-L4", "L5-S1"):
        assert flavum_mm(thick, level) == pytest.approx(flavum_mm(normal, level), rel=1e-3)


def test_it_grows_forwards_into_the_canal(built):
    thick, normal = built(FlavumHypertrophy("L4-L5", 7.0)), built()
    front = [one.spaces["L4-L5 flavum"].shape.box_mm[0, 1] for one in (thick, normal)]

    assert front[0] < front[1] - 1.5


@pytest.mark.parametrize("thick_mm", [1.0, 11.0, float("nan")])
def test_a_thickness_that_cannot_be_is_refused(thick_mm):
    with pytest.raises(InputError, match=r"thickness_mm must lie from 2 to 10, got"):
        FlavumHypertrophy("L4-L5", thick_mm)


def test_a_flavum_that_is_not_there_cannot_be_measured(built):
    with pytest.raises(InputError, match="has no L1-L3 flavum"):
        flavum_mm(built(), "L1-L3")


def test_a_flavum_that_a_surgeon_took_has_no_finding(built):
    anatomy = built(FlavumHypertrophy("L4-L5", 6.0), Laminectomy("L4", 18.0))

    assert [one.kind for one in findings(anatomy)] == ["laminectomy"]
