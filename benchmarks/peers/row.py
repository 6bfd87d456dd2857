"""`Row`: the same task by two packages in one process, taken in turn, with the error of each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from benchmarks.pair import Pair, measure


@dataclass(frozen=True)
class Row:
    """Times are the smallest of the run, in CPU ms; the ratio is the median of ours over theirs.

    ``ours`` and ``theirs`` are what the same run found, as ``what`` says: mostly an error.
    """

    peer: str
    version: str
    task: str
    ours_ms: float | None
    theirs_ms: float | None
    ratio: float | None
    ours: float
    theirs: float
    what: str
    remark: str = ""


def compare(
    package: str,
    task: str,
    *,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    ours_error: Callable[[Any], float],
    theirs_error: Callable[[Any], float],
    what: str,
    rounds: int = 5,
    remark: str = "",
) -> Row:
    """Both sides in turn, on one thread; ``*_error`` of an answer against what is known."""
    worst = [0.0, 0.0]

    def errors(a: Any, b: Any) -> float:
        worst[:] = max(worst[0], ours_error(a)), max(worst[1], theirs_error(b))
        return 0.0

    pair = Pair(task, ours, theirs, errors, limit=0.0)
    found = measure(pair, rounds=rounds, clock=time.process_time)
    return Row(
        package,
        metadata.version(package),
        task,
        found.ours_ms,
        found.reference_ms,
        found.ratio,
        worst[0],
        worst[1],
        what,
        remark,
    )


def say(rows: Iterable[Row]) -> None:
    """One JSON object a line, for `benchmarks.peers.run`."""
    for row in rows:
        print(json.dumps(asdict(row)), flush=True)
