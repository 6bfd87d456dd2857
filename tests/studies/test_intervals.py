"""Intervals are those of the textbooks, and hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.studies.intervals import interval


def test_a_mean_has_the_interval_of_student():
    found = interval(np.array([1.0, 2.0, 3.0]))

    assert (found.n, found.method) == (3, "t")
    assert found.mean == pytest.approx(2.0)
    half = 4.302653 / np.sqrt(3)  # t of 2 degrees of freedom, 97.5 %
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half), rel=1e-6)


def test_a_share_has_the_interval_of_wilson():
    found = interval(np.array([True] * 3 + [False] * 7))

    assert (found.n, found.mean, found.method) == (10, 0.3, "Wilson")
    assert (found.low, found.high) == pytest.approx((0.10779, 0.60322), abs=2e-5)


def test_what_cannot_be_told_is_none():
    assert interval(np.array([])).mean is None
    alone = interval(np.array([4.0]))
    assert (alone.mean, alone.low, alone.high) == (4.0, None, None)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(0)
    found = [interval(rng.normal(5.0, 2.0, size=6)) for _ in range(2000)]
    held = np.mean([one.low <= 5.0 <= one.high for one in found])

    assert held == pytest.approx(0.95, abs=0.016)
