"""A fixed part of the fuzzed rehearsals, with the same laws; logs of strangers by their words."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import pytest

from needle_sim.rehearsal.attempt import Attempt
from validation.rehearsal_fuzz import MOST_MB, finite, fuzzed, refusal, same_again, strangers

pytestmark = pytest.mark.long

SEQUENCES = 24


def test_two_dozen_wild_hands_break_no_law(phantom, monkeypatch):
    monkeypatch.setattr(
        Attempt, "heat", lambda self, placed, *, watch=None: (None, None, {"dura": 37.0})
    )
    total: Counter[str] = Counter()
    for seed in range(SEQUENCES):  # the first takes pictures
        made, found = fuzzed(seed, phantom)
        same_again(made)
        total += found
        total[made.run.score.outcome] += 1
    assert total["taken"] > 5 * SEQUENCES
    assert total["refused"] > SEQUENCES
    assert total["failed"] > 0


def test_every_log_of_a_stranger_is_refused_with_a_reason():
    for name, data in strangers():
        said, _ = refusal(data)
        assert 10 < len(said) < 400, name


def test_no_log_of_a_stranger_takes_over_200_mb():
    """What is allocated while it is read; seconds are looked at in the validation."""
    for name, data in strangers():
        tracemalloc.start()
        refusal(data)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < MOST_MB * 1e6, name


@pytest.mark.parametrize("value", [float("nan"), {"a": [1.0, {"b": float("inf")}]}])
def test_a_number_that_is_none_would_be_found(value):
    finite({"a": [1.0, None, "nan"]})
    with pytest.raises(AssertionError, match="in a state or a result"):
        finite(value)
