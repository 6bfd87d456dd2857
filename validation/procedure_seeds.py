"""Every procedure over varied phantoms: success window met, nothing breached, or what blocks.

Levels and sides change with the seed, so that 20 seeds visit each level on both sides. The bound is
the acceptance of this project: at least 90 % of the phantoms of each procedure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.procedures.reading import names, shipped

SEEDS = 20
LEAST_SHARE = 0.9
_WINDOW = ("target error", "tip out of place", "axis to nerve", "active tip over the window")


@dataclass(frozen=True, slots=True)
class Row:
    """What one seed gave for one procedure."""

    procedure: str
    seed: int
    level: str
    side: str
    target_error_mm: float | None
    nearest_mm: float | None
    nearest: str
    outcome: str
    fault: str

    @property
    def holds(self) -> bool:
        """The window is met and nothing is breached."""
        return not self.fault


def row(procedure: str, seed: int, anatomy: Anatomy) -> Row:
    """Run one procedure on one phantom, without pictures."""
    recipe = shipped(procedure)
    level = recipe.levels[seed % len(recipe.levels)]
    side = ("right", "left")[seed // len(recipe.levels) % 2]
    run = ns.run_procedure(
        recipe, anatomy=anatomy, level=level, side=side, seed=seed, pictures=False
    )
    kinds = {name: one.kind for name, one in anatomy.structures.items()}
    gaps = {
        name: gap
        for name, gap in run.record.clearance_mm.items()
        if kinds.get(name) in ("dura", "root", "vessel")
    }
    nearest = min(gaps, key=lambda name: gaps[name], default="")
    missed = [one for one in run.score.metrics if one.name in _WINDOW and one.passed is False]
    faults = [run.blocked] if run.blocked else [
        f"{one.name}: {one.reason}" for one in (*run.score.failed, *missed)]  # fmt: skip
    error = next((m.value for m in run.score.metrics if m.name == "target error"), None)
    return Row(
        procedure, seed, level, side, error, gaps.get(nearest), nearest, run.score.outcome,
        "; ".join(str(fault) for fault in faults),
    )  # fmt: skip


def rows(seeds: int, procedures: list[str] | None = None) -> Iterator[Row]:
    """Every procedure on each of the first phantoms."""
    for seed in range(seeds):
        anatomy = ns.build_phantom(seed=seed)
        for procedure in procedures or names():
            yield row(procedure, seed, anatomy)


def main(arguments: list[str]) -> int:
    """Print the table of the first N seeds (20); 1 when a bound is broken."""
    count = int(arguments[0]) if arguments else SEEDS
    held: dict[str, int] = dict.fromkeys(names(), 0)
    print("procedure               seed level  side   error mm  nearest mm            outcome")
    for one in rows(count):
        held[one.procedure] += one.holds
        near = "-" if one.nearest_mm is None else f"{one.nearest_mm:6.2f} {one.nearest}"
        error = "-" if one.target_error_mm is None else f"{one.target_error_mm:.2f}"
        print(
            f"{one.procedure:23} {one.seed:4d} {one.level:6} {one.side:6} {error:>8}  {near:22} "
            f"{one.outcome:10} {'' if one.holds else 'FAILS ' + one.fault}",
            flush=True,
        )
    for procedure, good in held.items():
        print(f"{procedure}: {good} of {count} hold")
    return 1 if any(good < LEAST_SHARE * count for good in held.values()) else 0
