"""Populations: their rows, seeds and bounds."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.population import PER_SEED, sample_population
from needle_sim.anatomy.phantom.sound import sound
from needle_sim.anatomy.phantom.spec import generator, spine_spec
from needle_sim.errors import InputError


@pytest.fixture(scope="module")
def people():
    return sample_population(1000, 5)


def test_means_and_spreads_are_those_of_the_file(people):
    # a tenth of validation/population.py: its bounds, and four standard errors of 1000 people
    table = people.table
    vary = (table.sd > 0) & (np.array(people.names) != "sacrum_slope_deg")
    off = np.abs(people.values.mean(axis=0) - table.mean)[vary]
    room = np.maximum(0.02 * np.abs(table.mean), 0.05 * table.sd)[vary] + 0.13 * table.sd[vary]
    spread = people.values.std(axis=0)[vary] / table.sd[vary]

    assert (off < room).all()
    assert np.abs(spread - 1.0).max() < 0.10 + 4 * 0.0225
    assert people.redrawn_share < 0.05


def test_nobody_is_impossible(people):
    assert not [sound(people.spine(index)) for index in range(0, 1000, 50) if
                sound(people.spine(index))]  # fmt: skip


def test_a_person_is_the_patient_of_a_seed(people):
    for index in (0, 7, 501):
        seed = int(people.seeds[index])
        assert seed == 5 * PER_SEED + index
        alone = spine_spec(rng=generator(seed))
        among = people.spine(index)
        assert among == alone


def test_a_sex_that_is_given_is_the_same_person_otherwise():
    some, men = sample_population(40, 2), sample_population(40, 2, sex="male")
    drawn_men = some.male == 1.0

    assert 5 < drawn_men.sum() < 35
    assert (men.male == 1.0).all()
    same = drawn_men & (some.redrawn == 0) & (men.redrawn == 0)
    np.testing.assert_array_equal(some.values[same], men.values[same])


def test_age_and_build_may_be_each_persons_own():
    ages = np.linspace(20, 90, 30)
    people = sample_population(30, 1, age=ages, bmi=31.0)

    np.testing.assert_array_equal(people.age, ages)
    assert people.person(0).age == 20.0
    assert people.person(0).bmi == 31.0
    hu = people.column("L3_trabecular_hu")
    assert np.polyfit(ages, hu, 1)[0] < -1.0
    assert people.spine(4).person == people.person(4)


def test_rows_are_flat_and_name_everything(people):
    row = people.to_rows()[3]

    assert row["seed"] == 5 * PER_SEED + 3
    assert row["sex"] in ("female", "male")
    assert row["age_y"] is None
    assert row["L4_pedicle_width_mm"] == people.column("L4_pedicle_width_mm")[3]
    assert all(value is None or isinstance(value, str | int | float) for value in row.values())
    assert not people.values.flags.writeable


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 0}, "n must be a whole number from 1"),
        ({"n": 3, "seed": -1}, "seed must be a whole number of 0 or more"),
        ({"n": 3, "age": [20, 30]}, "one number or one for each of 3"),
        ({"n": 3, "age": [20, 30, 130]}, "age must lie from 18 to 100"),
        ({"n": 3, "bmi": float("nan")}, "bmi must lie from 15 to 60"),
        ({"n": 3, "sex": "both"}, "sex must be one of"),
    ],
)
def test_bad_questions_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        sample_population(**given)


def test_an_unknown_column_suggests_the_nearest(people):
    with pytest.raises(InputError, match="did you mean 'L4_pedicle_width_mm'"):
        people.column("L4_pedicle_widht_mm")


def test_a_population_is_frozen(people):
    with pytest.raises(dataclasses.FrozenInstanceError):
        people.names = ()


def test_the_conus_lies_as_on_mri(people):
    # Saifuddin 1998, Spine 23:1452: mean the lower third of L1, from mid T12 to upper L3; in that
    # third 18.9 % of 650 (Joo 2001) to 25 % of 202 people
    tip = people.column("cord_conus_mm")
    third = people.column("L1_posterior_height_mm").mean() / 3

    assert tip.mean() == pytest.approx(third, abs=3.0)
    assert 0.15 < (np.abs(tip - third) < 0.5 * third).mean() < 0.29
    assert tip.min() > -43.0
    assert tip.max() < 58.0


def test_a_row_names_the_root_of_the_artery(people):
    entries = [row["radiculomedullary_artery"] for row in people.to_rows()]

    assert 0.80 < np.mean([one is not None for one in entries]) < 0.89
    assert entries[7] is None or entries[7] == str(people.spine(7).artery)
