"""Pairs with sides that advance a clock of their own: no timing, no machine."""

import math

import pytest

from benchmarks.pair import Pair, Size, judge, measure


class Sides:
    """Ours and the reference, each taking its next time from a list, on one clock."""

    def __init__(self, ours_s, reference_s=(1.0,), answer=0.0):
        self.now_s = 0.0
        self.order = ""
        self.ours_s, self.reference_s = list(ours_s), list(reference_s)
        self.answer = answer

    def clock(self):
        return self.now_s

    def _take(self, name, times):
        self.order += name
        self.now_s += times.pop(0) if len(times) > 1 else times[0]

    def ours(self):
        self._take("a", self.ours_s)
        return self.answer

    def reference(self):
        self._take("b", self.reference_s)
        return 0.0

    def pair(self, **settings):
        return Pair(
            "fake",
            self.ours,
            self.reference,
            accuracy=lambda a, b: abs(a - b),
            **{"limit": 0.1, **settings},
        )


def test_sides_take_turns_and_the_first_round_is_not_timed():
    sides = Sides([100.0, 0.5, 0.2, 0.4])

    found = measure(sides.pair(), rounds=3, clock=sides.clock)

    assert sides.order == "abababab"
    assert found.ratio == pytest.approx(0.4)
    assert (found.least_ratio, found.greatest_ratio) == pytest.approx((0.2, 0.5))
    assert (found.ours_ms, found.reference_ms) == pytest.approx((200.0, 1000.0))


def test_a_pair_may_ask_for_fewer_rounds():
    sides = Sides([0.5])

    assert measure(sides.pair(rounds=2), rounds=7, clock=sides.clock).rounds == 2
    assert sides.order == "ab" * 3


def test_a_pair_may_bring_its_own_clock():
    sides = Sides([2.0] * 4, [4.0] * 4)
    assert measure(sides.pair(clock=sides.clock), rounds=3, clock=_Even()).ratio == 0.5


@pytest.mark.parametrize(
    ("answer", "accurate"), [(0.1, True), (0.11, False), (math.nan, False), (math.inf, False)]
)
def test_a_wrong_answer_fails_however_quick_it_is(answer, accurate):
    sides = Sides([0.001], answer=answer)

    assert judge(sides.pair(), recorded=1.0, rounds=3, clock=sides.clock).passed is accurate


def test_the_answer_of_every_round_counts():
    answers = iter([0.0, 0.0, math.nan, 0.0])
    pair = Pair("fake", lambda: next(answers), lambda: 0.0, lambda a, b: abs(a - b), limit=0.1)

    assert not measure(pair, rounds=3, clock=_Even()).passed


class _Even:
    """A clock that moves by one with every look."""

    now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize(("ratio", "passed"), [(0.2, True), (0.399, True), (0.401, False)])
def test_half_of_the_recorded_speed_up_is_the_least(ratio, passed):
    sides = Sides([ratio])

    found = judge(sides.pair(), recorded=0.2, rounds=3, clock=sides.clock)

    assert found.passed is passed
    assert found.retried is not passed


def test_a_second_try_saves_a_flaky_pair():
    rounds = 3
    sides = Sides([0.2, *[0.9] * rounds, *[0.2] * (rounds + 1)])

    found = judge(sides.pair(), recorded=0.2, rounds=rounds, clock=sides.clock)

    assert found.passed
    assert found.retried
    assert sides.order == "ab" * (2 * rounds + 2)


def test_a_wrong_answer_gets_no_second_try():
    sides = Sides([0.2], answer=5.0)

    found = judge(sides.pair(), recorded=0.2, rounds=3, clock=sides.clock)

    assert not found.passed
    assert sides.order == "ab" * 4


def test_a_promised_ratio_holds_without_any_record():
    sides = Sides([0.3])

    assert not judge(sides.pair(most_ratio=0.25), recorded=None, rounds=3, clock=sides.clock).passed
    assert judge(sides.pair(most_ratio=0.35), recorded=None, rounds=3, clock=sides.clock).passed


def test_without_a_record_only_the_answer_counts():
    sides = Sides([50.0])

    assert judge(sides.pair(), recorded=None, rounds=3, clock=sides.clock).passed


def test_a_size_picks_its_cases():
    assert Size(full=True).pick(smoke=[1], full=[2, 3]) == [2, 3]
    assert Size(full=False).pick(smoke=[1], full=[2, 3]) == [1]
    assert [Size(full=full).name for full in (False, True)] == ["smoke", "full"]
