"""Many executions of one plan beside plain sampling of the same maps; no picture, no heat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.pair import Pair, Size
from benchmarks.reference.study import sampled_executions
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.target import Target
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.hazards import HazardMaps
from needle_sim.planning.planner import plan
from needle_sim.planning.robustness import FAR_MM, Executions, executions
from needle_sim.planning.walls import BODY_REACH_MM
from tests.planning.blocks import Slab, block, root_beside, straight_target

STEP_MM = 0.25  # of the reference
SEED = 7


def difference_mm(ours: Executions, theirs: Any) -> float:
    """Largest difference of a clearance, mm; endless when a window is judged otherwise."""
    clearance, met = theirs
    if set(clearance) != set(ours.clearance_mm) or (met != ours.window_met).any():
        return float("inf")
    return float(max(np.abs(ours.clearance_mm[kind] - clearance[kind]).max() for kind in clearance))


def pairs(size: Size) -> Iterator[Pair]:
    anatomy, target, placed, told = (_phantom if size.full else _block)()
    errors, maps = HandErrors.preset("freehand"), HazardMaps.around(anatomy, target.centre_mm)
    for n in size.pick(smoke=[1000], full=[10_000]):

        def ours(n: int = n) -> Executions:
            rng = np.random.default_rng(SEED)
            return executions(anatomy, placed, target, errors=errors, n=n, rng=rng)

        looks = {"reach_mm": BODY_REACH_MM, "far_mm": FAR_MM, "step_mm": STEP_MM}
        reference: Callable[[], Any] = partial(
            sampled_executions, maps, placed, target, errors, n=n, seed=SEED, **looks
        )
        yield Pair(
            name=f"{n} executions, {told}; looks every {STEP_MM} mm in SciPy",
            ours=ours,
            reference=reference,
            accuracy=difference_mm,
            limit=0.3,
            rounds=3 if size.full else None,
            unit="mm of clearance",
        )


def _block() -> tuple[Anatomy, Target, PlacedNeedle, str]:
    """A bone and a root beside the way in a block of muscle."""
    bones = {"L5": Slab((-30.0, -40.0, -20.0), (-3.0, 5.0, 20.0))}
    anatomy = block(structures=[root_beside(9.0)], bones=bones)
    path = Trajectory.straight([0.0, 60.0, 0.0], [0.0, -4.0, 0.0])
    return anatomy, straight_target(), PlacedNeedle(Needle.preset("rf_18g_10mm"), path), "a block"


def _phantom() -> tuple[Anatomy, Target, PlacedNeedle, str]:
    anatomy = build_phantom()
    target = anatomy.target("L4 right medial branch")
    best = plan(anatomy, target, Needle.preset("rf_18g_10mm"))
    return anatomy, target, best.placed, "the L4 medial branch of the phantom"
