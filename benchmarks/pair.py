"""`Pair`: two ways to one answer, how far the answers may be apart, and how quick ours must be."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

SLOWER_THAN_RECORDED = 2.0
"""More than this times the recorded ratio is a regression: half of the speed-up is lost."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Size:
    """Which sizes a run takes."""

    full: bool

    @property
    def name(self) -> str:
        return "full" if self.full else "smoke"

    def pick(self, *, smoke: Sequence[Any], full: Sequence[Any]) -> Sequence[Any]:
        return full if self.full else smoke


@dataclass(frozen=True)
class Pair:
    """``accuracy(ours, reference)`` of the two answers must be at most ``limit``.

    Parameters
    ----------
    name : str
        What is done, and at which size; unique in its module and size.
    ours, reference : callables
        Without arguments; each returns its whole answer.
    accuracy : callable
        How far two answers are apart, in the unit that ``unit`` names; a NaN fails.
    limit : float
    most_ratio : float, optional
        What the time of ours over that of the reference may be, where it is promised.
    rounds : int, optional
        At most so many rounds, for pairs whose reference takes seconds.
    unit : str
        Of accuracy and limit, for the table.
    clock : callable, optional
        Seconds, where the run's own clock would not see what is gained: threads cost CPU time.
    """

    name: str
    ours: Callable[[], Any]
    reference: Callable[[], Any]
    accuracy: Callable[[Any, Any], float]
    limit: float
    most_ratio: float | None = None
    rounds: int | None = None
    unit: str = ""
    clock: Clock | None = None


@dataclass(frozen=True)
class Outcome:
    """What a pair came to: the median of the ratios of each round and their spread.

    ``ours_ms`` and ``reference_ms`` are the smallest of the run. ``recorded`` is the ratio to
    compare with, if one is on record for this setting.
    """

    name: str
    ratio: float
    least_ratio: float
    greatest_ratio: float
    rounds: int
    ours_ms: float
    reference_ms: float
    accuracy: float
    limit: float
    unit: str
    most_ratio: float | None
    recorded: float | None = None
    retried: bool = False

    @property
    def accurate(self) -> bool:
        return self.accuracy <= self.limit

    @property
    def quick(self) -> bool:
        promised = self.most_ratio is None or self.ratio <= self.most_ratio
        kept = self.recorded is None or self.ratio <= SLOWER_THAN_RECORDED * self.recorded
        return promised and kept

    @property
    def passed(self) -> bool:
        return self.accurate and self.quick


def measure(pair: Pair, *, rounds: int, clock: Clock = time.process_time) -> Outcome:
    """Take both sides in turn, after one round that compiles; checks each answer that it timed."""
    rounds, clock = min(rounds, pair.rounds or rounds), pair.clock or clock
    off = [pair.accuracy(pair.ours(), pair.reference())]
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, answer = _timed(pair.ours, clock)
        ours.append(seconds)
        seconds, expected = _timed(pair.reference, clock)
        theirs.append(seconds)
        off.append(pair.accuracy(answer, expected))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Outcome(
        name=pair.name,
        ratio=statistics.median(ratios),
        least_ratio=min(ratios),
        greatest_ratio=max(ratios),
        rounds=rounds,
        ours_ms=1e3 * min(ours),
        reference_ms=1e3 * min(theirs),
        accuracy=_worst(off),
        limit=pair.limit,
        unit=pair.unit,
        most_ratio=pair.most_ratio,
    )


def judge(
    pair: Pair, *, recorded: float | None, rounds: int, clock: Clock = time.process_time
) -> Outcome:
    """Measure a pair against its recorded ratio; one that is only too slow gets a second chance.

    A wrong answer gets none: it does not depend on what else the machine does.
    """
    first = replace(measure(pair, rounds=rounds, clock=clock), recorded=recorded)
    if first.passed or not first.accurate:
        return first
    again = measure(pair, rounds=rounds, clock=clock)
    return replace(again, recorded=recorded, retried=True)


def _timed(work: Callable[[], Any], clock: Clock) -> tuple[float, Any]:
    start = clock()
    answer = work()
    return clock() - start, answer


def _worst(off: Sequence[float]) -> float:
    """The largest; NaN when one is NaN, which `max` alone might lose."""
    return math.nan if any(math.isnan(one) for one in off) else max(off)
