"""A limit belongs to what it allows."""

from __future__ import annotations

import dataclasses

import pytest

from needle_sim.rehearsal.metric import Metric, at_least, at_most
from tests.rehearsal.attempts import attempted


@pytest.mark.parametrize(("value", "passed"), [(2.0, True), (2.001, False), (-5.0, True)])
def test_up_to_and_including_the_limit(value, passed):
    made = at_most("target error", value, "mm", 2.0, "why")
    assert (made.passed, made.limit) == (passed, "<= 2")


@pytest.mark.parametrize(("value", "passed"), [(0.8, True), (0.799, False), (1.0, True)])
def test_from_the_limit_on(value, passed):
    made = at_least("share", value, "", 0.8, "why")
    assert (made.passed, made.limit) == (passed, ">= 0.8")


def test_limits_are_two_words_so_that_they_can_be_read_back():
    """`score` reads comparison and bound from the text."""
    for made in (at_most("a", 1.0, "s", 1e-3, ""), at_least("b", 1.0, "s", 1234567.0, "")):
        comparison, bound = made.limit.split()
        assert comparison in ("<=", ">=")
        assert float(bound) > 0


def test_a_metric_is_of_quality_unless_said_otherwise_and_cannot_be_changed():
    assert Metric("a", None, "", "", None, "").rank == "quality"
    assert at_most("a", 1.0, "", 1.0, "", "economy").rank == "economy"
    with pytest.raises(dataclasses.FrozenInstanceError):
        Metric("a", None, "", "", None, "").value = 3.0  # type: ignore[misc]


def test_what_a_score_looks_at_defaults_to_nothing_done():
    bare = type(attempted())(attempted().procedure, attempted().anatomy, attempted().target)
    assert bare.plan is bare.record is bare.lesion is None
    assert bare.hazards_known
    assert dict(bare.temperature_max_c) == {}
