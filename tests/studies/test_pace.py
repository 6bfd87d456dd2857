"""Chunks settle at about a second, and the last ones are shared out."""

from __future__ import annotations

import pytest

from needle_sim.studies.pace import LONGEST_S, SHORTEST_S, Pace


@pytest.mark.parametrize("each_s", [2e-5, 1e-3, 0.05, 0.7])
def test_chunks_last_half_a_second_to_two(each_s):
    pace = Pace(2)
    for _ in range(8):
        size = pace.next(10**6)
        pace.learn(size, 0.01 + each_s * size)

    assert SHORTEST_S <= 0.01 + each_s * pace.next(10**7) <= LONGEST_S


def test_a_slow_first_sample_is_not_held_against_the_others():
    pace = Pace(2)
    pace.learn(pace.next(1000), 30.0)  # it built the patient
    for _ in range(6):
        pace.learn(pace.next(10**6), 1e-3 * pace.size)

    assert pace.size > 400


def test_a_sample_that_takes_minutes_goes_alone():
    pace = Pace(4)
    for _ in range(3):
        pace.learn(pace.next(100), 200.0)

    assert pace.next(100) == 1


def test_the_end_is_shared_by_all_workers():
    pace, left, sizes = Pace(2, size=1000), 2000, []
    while left:
        sizes.append(pace.next(left))
        left -= sizes[-1]

    assert sum(sizes) == 2000
    assert sizes[0] == 500  # a quarter: two for each worker
    assert sizes[-1] <= 1000 // 8
    assert len(sizes) < 25
