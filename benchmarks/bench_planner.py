"""Straight candidates against four hazard maps, beside plain sampling of the same maps.

``python -m benchmarks.bench_planner`` prints candidates a second at one and two threads, and how
long maps, a plan and a study-size loop take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pair import Pair, Size
from benchmarks.reference.planner import clear_paths, least_distances
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.target import Target
from needle_sim.instruments.needle import Needle
from needle_sim.jit import set_threads
from needle_sim.planning import hazards
from needle_sim.planning.candidates import directions, tips_about
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.hazards import KINDS, HazardMaps
from needle_sim.planning.planner import plan
from needle_sim.planning.robustness import executions
from needle_sim.planning.walls import DEFAULT_MARGINS_MM, least_axis_mm
from tests.planning.blocks import crowded, straight_target

REACH_MM, FAR_MM = 70.0, 20.0


@dataclass(frozen=True)
class Case:
    """Candidates about a target, with what a plan asks of them."""

    told: str
    anatomy: Anatomy
    target: Target
    maps: HazardMaps
    tips_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    least_mm: dict[str, float]

    @classmethod
    def of(cls, told: str, anatomy: Anatomy, target: Target, count: int) -> Case:
        tips = tips_about(target, target.approach)
        ways = directions(target.approach, 14.0, -(-count // len(tips)))
        least = least_axis_mm(DEFAULT_MARGINS_MM, Needle.preset("rf_18g_10mm"))
        maps = HazardMaps.around(anatomy, target.centre_mm)
        axes, tips = np.repeat(ways, len(tips), axis=0), np.tile(tips, (len(ways), 1))
        return cls(told, anatomy, target, maps, tips, axes, least)

    def sift(self) -> NDArray[np.bool_]:
        found = self.maps.trace(self.tips_mm, self.axes, reach_mm=REACH_MM, least_mm=self.least_mm)
        return found.met_mm < 0

    def whole(self) -> NDArray[np.float32]:
        return self.maps.trace(self.tips_mm, self.axes, reach_mm=REACH_MM, far_mm=FAR_MM).least_mm


def percent_judged_otherwise(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> float:
    """Share of the candidates, %."""
    return float(100 * (ours != theirs).mean())


def largest_mm(ours: NDArray[np.float32], theirs: NDArray[np.float64]) -> float:
    """Largest difference of a least distance, mm."""
    return float(np.abs(ours - theirs).max())


def pairs(size: Size) -> Iterator[Pair]:
    for count in size.pick(smoke=[4000], full=[200_000]):
        case = _phantom(count) if size.full else _block(count)
        apart = np.ascontiguousarray(np.moveaxis(case.maps.distance_mm, -1, 0))
        least = np.array([case.least_mm.get(kind, -1e3) for kind in KINDS])
        paths = apart, case.maps.low_mm, case.tips_mm, case.axes
        named = f"{len(case.tips_mm)} candidates, {case.told}"

        def sifted(paths: Any = paths, least: Any = least) -> NDArray[np.bool_]:
            return clear_paths(*paths, least, reach_mm=REACH_MM)

        def walked(paths: Any = paths) -> NDArray[np.float64]:
            return least_distances(*paths, reach_mm=REACH_MM, far_mm=FAR_MM)

        rounds = 3 if size.full else None
        yield Pair(
            name=f"{named}: which are clear; looks every 0.5 mm in SciPy",
            ours=case.sift,
            reference=sifted,
            accuracy=percent_judged_otherwise,
            limit=0.5,
            most_ratio=0.1 if size.full else None,
            rounds=rounds,
            unit="% judged otherwise",
        )
        yield Pair(
            name=f"{named}: least distances; looks every 0.5 mm in SciPy",
            ours=case.whole,
            reference=walked,
            accuracy=largest_mm,
            limit=0.25,
            rounds=rounds,
            unit="mm",
        )


def _block(count: int) -> Case:
    return Case.of("a block of muscle", crowded(), straight_target(radius_mm=4.0), count)


def _phantom(count: int) -> Case:
    anatomy = build_phantom()
    target = anatomy.target("L4 right medial branch")
    return Case.of("L4 medial branch of the phantom", anatomy, target, count)


def _rate(work: Callable[[], Any], count: int) -> str:
    best = [np.inf, np.inf]
    for _ in range(7):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        took = time.perf_counter() - wall, time.process_time() - cpu
        best = [min(a, b) for a, b in zip(best, took, strict=True)]
    wall_s, cpu_s = best
    return (
        f"{1e-6 * count / wall_s:6.2f} million/s of wall, {1e-6 * count / cpu_s:6.2f} of CPU time"
    )


def _timed(told: str, work: Callable[[], Any]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{told}: {wall:.2f} s of wall, {cpu:.2f} s of CPU time")


def main() -> None:
    """Print what the planner does in a second on this machine."""
    case = _phantom(200_000)
    count, needle = len(case.tips_mm), Needle.preset("rf_18g_10mm")
    for threads in (1, 2):
        set_threads(threads)
        clear = float(case.sift().mean())
        print(f"{threads} threads, sift, {100 * clear:.0f} % clear: {_rate(case.sift, count)}")
        print(f"{threads} threads, whole paths:      {_rate(case.whole, count)}")
    case.whole()
    hazards.forget()
    _timed("maps", lambda: HazardMaps.around(case.anatomy, case.target.centre_mm))
    _timed("a plan with maps", lambda: plan(case.anatomy, case.target, needle))
    placed, hand = plan(case.anatomy, case.target, needle).placed, HandErrors.preset("freehand")
    rng = np.random.default_rng(0)
    _timed(
        "10 000 executions",
        lambda: executions(case.anatomy, placed, case.target, errors=hand, n=10_000, rng=rng),
    )


if __name__ == "__main__":
    main()
