"""Runs the benchmarks: ``python -m benchmarks.run [--full] [--threads N] [module ...]``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pair import Clock, Outcome, Size, judge
from benchmarks.record import Record
from benchmarks.table import Run, line

HERE = Path(__file__).parent
_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and say by the exit code whether all pairs held."""
    asked = _asked(arguments)
    for name in _LIBRARY_THREADS:  # before numpy is loaded: both sides get the same threads
        os.environ[name] = str(asked.threads)
    from needle_sim.jit import set_threads

    set_threads(asked.threads)
    size = Size(asked.full)
    comparable = asked.threads == 1 and not asked.wall
    known = Record.read() if comparable and not asked.record else Record({})
    run = _measured(asked, size, known)
    if asked.record:
        record = Record.read()  # what it holds by now
        for module, outcomes in run.outcomes.items():
            record = record.with_module(size, module, outcomes)
        record.write()
    print(run.markdown())
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "benchmarks.md").write_text(run.markdown(), encoding="utf-8")
        (asked.out / "benchmarks.json").write_text(run.json(), encoding="utf-8")
    for failure in run.failed:
        print(failure, file=sys.stderr)
    return 1 if run.failed else 0


def modules() -> list[str]:
    """Every ``bench_<module>.py``."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("module", nargs="*", help="bench_<module>.py to run; all by default")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--full", action="store_true", help="the sizes of the stated numbers")
    sizes.add_argument("--smoke", action="store_true", help="sizes for CI; the default")
    parser.add_argument("--threads", type=int, default=1, help="threads of both sides")
    parser.add_argument("--rounds", type=int, help="at most so many of each pair: 5, full 7")
    parser.add_argument("--wall", action="store_true", help="wall instead of CPU time")
    parser.add_argument("--out", type=Path, help="folder for benchmarks.md and benchmarks.json")
    parser.add_argument("--record", action="store_true", help="write the ratios to recorded.json")
    asked = parser.parse_args(arguments)
    if asked.rounds is None:
        asked.rounds = 7 if asked.full else 5
    if asked.threads < 1 or asked.rounds < 1:
        parser.error(f"threads and rounds must be 1 or more: {asked.threads=} {asked.rounds=}")
    if asked.record and (asked.threads != 1 or asked.wall):
        parser.error("ratios are recorded at one thread and in CPU time: leave the two options out")
    unknown = sorted(set(asked.module) - set(modules()))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(modules())}")
    return asked


def _measured(asked: argparse.Namespace, size: Size, known: Record) -> Run:
    from benchmarks.machine import facts

    clock: Clock = time.perf_counter if asked.wall else time.process_time
    machine = facts()
    outcomes: dict[str, list[Outcome]] = {}
    for module in asked.module or modules():
        bench = importlib.import_module(f"benchmarks.bench_{module}")
        for pair in bench.pairs(size):
            recorded = known.of(size, module, pair.name)
            one = judge(pair, recorded=recorded, rounds=asked.rounds, clock=clock)
            outcomes.setdefault(module, []).append(one)
            print(line(module, one), file=sys.stderr, flush=True)
    settings = {
        "size": size.name,
        "threads": str(asked.threads),
        "clock": "wall" if asked.wall else "CPU time",
        "rounds": f"at most {asked.rounds}",
    }
    return Run(settings, machine, outcomes)


if __name__ == "__main__":
    sys.exit(main())
