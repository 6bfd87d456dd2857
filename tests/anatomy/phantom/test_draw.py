"""Drawing people: means, spreads, correlations."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.draw import (
    codes,
    departures,
    drawn,
    draws,
    levelled,
    means,
    within_sd,
)
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.size_table import size_table

COUNT = 4000


@pytest.fixture(scope="module")
def table():
    return size_table("lumbar_normal")


@pytest.fixture(scope="module")
def normals(table):
    return np.random.default_rng(0).standard_normal((COUNT, draws(table)))


def test_departures_have_unit_spread_and_an_end(table, normals):
    whole = departures(table, normals)
    found = whole[:, table.varies]

    assert not whole[:, ~table.varies].any()
    # the standard error of a mean is 0.016, of an SD 0.011; of 400 of them the worst is at 4
    assert np.abs(found.mean(axis=0)).max() < 0.07
    assert np.abs(found.std(axis=0) - 1.0).max() < 0.05
    assert np.abs(found).max() < 2.63


def test_neighbours_go_together_more_than_levels_apart(table, normals):
    found = departures(table, normals)
    angle = found[:, table.places("facet_angle_deg")]  # no part of body size
    near = np.corrcoef(angle[:, -2], angle[:, -3])[0, 1]
    far = np.corrcoef(angle[:, -2], angle[:, -4])[0, 1]

    assert near == pytest.approx(table.level_share, abs=0.05)
    assert far == pytest.approx(table.level_share**2, abs=0.06)


def test_lengths_share_body_size(table, normals):
    found = departures(table, normals)
    width, height = (found[:, table.places(name)[0]]
                     for name in ("L4_upper_width_mm", "L4_pedicle_height_mm"))  # fmt: skip

    assert np.corrcoef(width, height)[0, 1] == pytest.approx(0.6**2, abs=0.05)


def test_the_mean_of_both_sexes_is_that_of_the_file(table):
    male, age, bmi = codes([Person("male"), Person("female"), Person()])
    men, women, both = means(table, male, age, bmi)

    np.testing.assert_allclose(0.5 * (men + women), both, rtol=1e-12)
    np.testing.assert_array_equal(both, table.mean)
    ratio = men[table.mean != 0] / women[table.mean != 0]
    np.testing.assert_allclose(ratio, table.sex_ratio[table.mean != 0], rtol=1e-12)


def test_sexes_together_have_the_spread_of_the_file(table):
    men, women = means(table, *codes([Person("male"), Person("female")]))

    np.testing.assert_allclose(
        np.sqrt(within_sd(table) ** 2 + (0.5 * (men - women)) ** 2), table.sd, rtol=1e-9, atol=1e-9
    )


def test_trabecular_bone_loses_2_and_a_half_hu_a_year(table):
    # JANG19, Radiology 2019;291:360: 226 +- 44 HU under 30, 89 +- 38 at 90 and over, 2.5 a year
    people = [Person(age=age) for age in (25, 40, 60, 95)]
    young, middle, old, oldest = means(table, *codes(people))[
        :, table.places("L1_trabecular_hu")[0]
    ]

    assert young == pytest.approx(226.0, abs=1.0)
    assert oldest == pytest.approx(89.0, abs=1.0)
    assert (middle - old) / 20.0 == pytest.approx(2.5)


def test_age_and_build_at_the_reference_change_nothing(table):
    found = means(table, *codes([Person(age=40, bmi=25)]))[0]

    np.testing.assert_allclose(found, table.mean, rtol=1e-12)


def test_a_generator_is_a_person_whoever_else_is_drawn(table):
    def one(seed):
        return np.random.default_rng(seed)

    alone = drawn(table, [one(3)], codes([Person()]))
    among = drawn(table, [one(2), one(3), one(4)], codes([Person()] * 3))

    np.testing.assert_array_equal(alone.values[0], among.values[1])
    assert alone.male[0] == among.male[1]


def test_the_origin_stays_level_whatever_the_lordosis(table):
    values = table.mean[None].copy()
    values[0, table.places("L5_lordosis_above_deg")] += 4.0
    slope = table.places("sacrum_slope_deg")[0]

    assert levelled(table, values.copy())[0, slope] == pytest.approx(table.mean[slope] + 4.0)
    assert levelled(table, values.copy(), fixed=True)[0, slope] == table.mean[slope]
