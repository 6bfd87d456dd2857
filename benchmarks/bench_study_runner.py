"""A study on two threads beside the same study on one, by the clock on the wall.

`WANTED` is promised at full size on a machine with two idle processors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from benchmarks.bench_study import _block
from benchmarks.pair import Pair, Size
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.robustness import executed
from needle_sim.studies.design import Samples
from needle_sim.studies.patients import kept
from needle_sim.studies.result import StudyResult
from needle_sim.studies.study import run_study

WANTED = 1 / 1.7
HANDS = {"hand": ["freehand", "freehand_spine", "laser_spine"]}
ANGLES = {"angle_deg": [0, 30, 60, 90], "error_mm": [1.0, 2.0]}


def passes(samples: Samples, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Executions in a block of muscle, as the task ``executions`` does them in a phantom."""
    anatomy, target, placed, _ = kept("block of the benchmark", _block)
    [(parameters, some)] = samples.by_point()
    errors = HandErrors.preset(str(parameters["hand"]))
    found = executed(anatomy, placed, target, errors=errors, drawn=some.normals(5))
    return {**found.columns(), "met": found.met}


def different_rows(ours: StudyResult, theirs: StudyResult) -> float:
    """0 for the same table, to the bit; else endless."""
    return 0.0 if ours.table.equals(theirs.table) else float("inf")


def pairs(size: Size) -> Iterator[Pair]:
    cases: list[tuple[str, Any, Any, int]] = [
        ("executions in a block", passes, {"hand": ["freehand"]}, 4000)
    ]
    if size.full:
        cases = [
            ("executions", "executions", HANDS, 400_000),
            ("coverages", "coverage", ANGLES, 6000),
        ]
    for told, task, parameters, seeds in cases:
        study = partial(run_study, task, parameters, seeds=seeds)
        count = seeds
        for values in parameters.values():
            count *= len(values)
        yield Pair(
            name=f"{count} {told} on two threads; on one",
            ours=partial(study, threads=2),
            reference=partial(study, threads=1),
            accuracy=different_rows,
            limit=0.0,
            unit="rows that differ",
            most_ratio=WANTED if size.full else None,
            clock=time.perf_counter,
        )
