"""A fixed part of the validation, with its bounds; what its measures stand on."""

from __future__ import annotations

import numpy as np
import pytest

from validation.anchors import KIDNEY, PEOPLE, Anchor, anchors, measured

LEAST = 40  # rows of the table
MEASURES = 41  # of a person


@pytest.fixture(scope="module")
def some():
    return measured(PEOPLE // 10)


@pytest.mark.long
def test_people_have_the_published_geometry(some):
    rows = anchors(some)

    assert len(rows) >= LEAST
    assert [one.name for one in rows if not one.holds] == []


@pytest.mark.long
def test_the_farther_lateral_the_entry_the_more_often_a_kidney_is_met(some):
    assert len(some) == MEASURES
    for side in ("right", "left"):
        for level in ("L2", "L3", "L4"):
            rates = [np.mean(some[f"kidney {far} mm {level} {side}"]) for far in (60, 80, 100)]
            assert rates == sorted(rates)
        at = {key: np.mean(some[f"kidney {key[0]} mm {key[1]} {side}"]) for key in KIDNEY}
        assert at[100, "L2"] > at[100, "L4"]


def test_an_anchor_out_of_its_bounds_is_missed():
    good = Anchor("disc angle L4-L5", "deg", "47 +- 10", 44.0, 37.0, 57.0)

    assert good.holds
    assert not Anchor("disc angle L4-L5", "deg", "47 +- 10", 36.9, 37.0, 57.0).holds
