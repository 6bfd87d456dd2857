"""Sex, age and build."""

import pytest

from needle_sim.anatomy.phantom.person import Person
from needle_sim.errors import InputError


def test_a_person_says_what_is_known():
    assert str(Person("male", 60, 31.5)) == "male, 60 years, BMI 31.5"
    assert str(Person()) == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sex": "men"}, "sex must be one of"),
        ({"age": 17}, "age must lie from 18 to 100 years, got 17"),
        ({"age": 101}, "age must lie from 18 to 100 years, got 101"),
        ({"bmi": 14.9}, "bmi must lie from 15 to 60 kg/m2, got 14.9"),
        ({"bmi": float("nan")}, "bmi must lie from 15 to 60"),
        ({"age": "old"}, "age must be a number, got 'old'"),
    ],
)
def test_nobody_is_out_of_range(given, message):
    with pytest.raises(InputError, match=message):
        Person(**given)
