"""Who has a great radiculomedullary artery."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.artery_rates import NORMALS, ArteryRates, Entry, artery_rates
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.errors import PresetError

COUNT = 20_000


def share(value):
    return {"value": value, "source": "here", "mark": "proposed"}


def test_people_have_it_as_often_on_the_left_and_at_t8_to_l1_as_published():
    # Taterra 2019, doi:10.1007/s00234-019-02207-y: 84.6 %, 76.6 %, 89 %, 95 % at T7-L2
    rates = size_table("lumbar_normal").artery
    normals = np.random.default_rng(3).standard_normal((COUNT, NORMALS))
    found = [one for one in (rates.of(row) for row in normals) if one is not None]
    levels = np.array([one.level for one in found])
    four_errors = 4 * 0.5 / np.sqrt(COUNT)

    assert len(found) / COUNT == pytest.approx(0.846, abs=four_errors)
    assert np.mean([one.side == "left" for one in found]) == pytest.approx(0.766, abs=four_errors)
    most = ["T8", "T9", "T10", "T11", "T12", "L1"]
    assert np.isin(levels, most).mean() == pytest.approx(0.89, abs=four_errors)
    assert np.isin(levels, ["T7", *most, "L2"]).mean() == pytest.approx(0.95, abs=four_errors)
    # Murthy 2010, Pain Med 11:1756: T10 the most frequent, 28 %
    assert np.mean(levels == "T10") == pytest.approx(0.28, abs=0.02)


def test_the_mean_spine_has_the_stated_one():
    nobody = np.full(NORMALS, np.nan)

    assert size_table("lumbar_normal").artery.of(nobody) == Entry("L1", "left")
    assert ArteryRates().of(nobody) is None
    assert Entry("L1", "left").artery == "L1 left radiculomedullary artery"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"left_share": share(1.4)}, "left_share must be a share from 0 to 1, got 1.4"),
        ({"level_shares": share([0.5, 0.4])}, "must sum to 1, they sum to 0.9"),
        ({"level_shares": share([1.0])}, "level_shares with one number a level"),
        ({"stated": "L1"}, 'like "L1 left"'),
        ({"present": share(0.5)}, "did you mean 'present_share'"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change, told):
    table = {
        "levels": ["T9", "L1"],
        "present_share": share(0.8),
        "left_share": share(0.7),
        "level_shares": share([0.5, 0.5]),
    }
    assert artery_rates(table, "mine.toml: artery").levels == ("T9", "L1")

    with pytest.raises(PresetError, match=told):
        artery_rates(table | change, "mine.toml: artery")
