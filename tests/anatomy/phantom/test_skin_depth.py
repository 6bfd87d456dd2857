"""Skin to epidural space at L3-L4 follows BMI as in three published cohorts."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.interlaminar import interspaces
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.spec import SpineSpec, spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk


def skin_to_epidural_mm(spine: SpineSpec, upper: str = "L3") -> float:
    """From the skin straight forwards to the ventral face of the flava in the midline."""
    stack = column(spine)
    space = next(one for one in interspaces(stack, spine.sacrum) if one.upper == upper)
    line = space.ventral_line()
    inside = 0.5 * (line[1] + line[2])
    trunk, heights = Trunk(stack, spine.trunk), np.linspace(-205.0, 108.0, 400)
    back = np.interp(inside[2], heights, trunk.back_mm(heights))
    y = inside[1] + np.linspace(0.0, 200.0, 2001)
    depth = trunk.depth_mm(np.zeros_like(y), y, np.full_like(y, inside[2]), np.full_like(y, back))
    return float(y[np.argmax(depth > 0)] - inside[1])


# EWHA96 (Ewha Med J 19:521) 45 +- 7, Koreans, both sexes, a BMI of 24 is taken; RAPM19 (44 S1
# A192.1) 53 +- 10, 78.15 kg and 162 cm: 29.8; SOAP14 (S-27) 62 +- 14, BMI 32.4 at term
@pytest.mark.parametrize(
    ("sex", "bmi", "published_mm"),
    [(None, 24.0, 45.0), ("female", 29.8, 53.0), ("female", 32.4, 62.0)],
)
def test_cohorts_are_met_at_their_bmi(sex, bmi, published_mm):
    people = sample_population(60, 6, sex=sex, bmi=bmi)
    depths = [skin_to_epidural_mm(people.spine(index)) for index in range(len(people))]

    assert np.mean(depths) == pytest.approx(published_mm, abs=3.0)
    assert 2.0 < np.std(depths) < 14.0


def test_it_grows_with_bmi_all_the_way():
    depths = [skin_to_epidural_mm(spine_spec(person=Person(bmi=b))) for b in range(15, 61, 5)]

    assert (np.diff(depths) > 0.5).all()
    assert depths[0] > 35.0
    assert depths[-1] < 130.0
