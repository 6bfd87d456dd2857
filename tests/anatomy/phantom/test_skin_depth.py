"""Skin to epidural space at L3-L4 follows BMI as in three published cohorts."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.spec import spine_spec
from validation.skin_depth import skin_to_epidural_mm


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
