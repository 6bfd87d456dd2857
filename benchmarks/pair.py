"""`Pair`: two ways to one answer, and how far the answers may be apart."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Size:
    """Which sizes a run takes."""

    full: bool

    def pick(self, *, smoke: Sequence[Any], full: Sequence[Any]) -> Sequence[Any]:
        return full if self.full else smoke


@dataclass(frozen=True)
class Pair:
    """``accuracy(ours, reference)`` of the two answers must be at most ``limit``.

    ``most_ratio`` is what the time of ours over that of the reference may be, where it is promised.
    """

    name: str
    ours: Callable[[], Any]
    reference: Callable[[], Any]
    accuracy: Callable[[Any, Any], float]
    limit: float
    most_ratio: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What a pair came to; times are the smallest of the run, the ratio the median."""

    name: str
    ratio: float
    ours_ms: float
    reference_ms: float
    accuracy: float
    limit: float
    most_ratio: float | None

    @property
    def passed(self) -> bool:
        fast = self.most_ratio is None or self.ratio <= self.most_ratio
        return fast and self.accuracy <= self.limit


def _timed(work: Callable[[], Any], clock: Callable[[], float]) -> tuple[float, Any]:
    start = clock()
    answer = work()
    return clock() - start, answer


def measure(pair: Pair, *, rounds: int, clock: Callable[[], float] = time.process_time) -> Outcome:
    """Take both sides in turn, after one round that compiles."""
    accuracy = pair.accuracy(pair.ours(), pair.reference())
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, answer = _timed(pair.ours, clock)
        ours.append(seconds)
        seconds, expected = _timed(pair.reference, clock)
        theirs.append(seconds)
        accuracy = max(accuracy, pair.accuracy(answer, expected))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    best = 1e3 * min(ours), 1e3 * min(theirs)
    return Outcome(pair.name, ratio, *best, accuracy, pair.limit, pair.most_ratio)
