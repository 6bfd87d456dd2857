"""Runs the benchmarks: ``python -m benchmarks.run [--full] [--threads N] [module ...]``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from benchmarks.pair import Size, measure
from needle_sim.jit import set_threads


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="*", help="bench_<module>.py to run; all by default")
    parser.add_argument("--full", action="store_true", help="the sizes of the stated numbers")
    parser.add_argument("--threads", type=int, default=1, help="threads of both sides")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--wall", action="store_true", help="wall instead of CPU time")
    asked = parser.parse_args()
    set_threads(asked.threads)
    clock = time.perf_counter if asked.wall else time.process_time
    found = asked.module or sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    )
    failed = 0
    print(f"{'pair':44} {'ratio':>7} {'ours ms':>8} {'other ms':>9} {'accuracy':>9} {'limit':>7}")
    for module in found:
        bench = importlib.import_module(f"benchmarks.bench_{module}")
        for pair in bench.pairs(Size(asked.full)):
            one = measure(pair, rounds=asked.rounds, clock=clock)
            failed += not one.passed
            print(
                f"{one.name:44} {one.ratio:7.3f} {one.ours_ms:8.1f} {one.reference_ms:9.1f} "
                f"{one.accuracy:9.4f} {one.limit:7.3f} {'' if one.passed else 'FAILED'}"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
