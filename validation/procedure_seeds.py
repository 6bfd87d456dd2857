"""Every procedure over varied phantoms: success window met, nothing breached, or what blocks.

Levels and sides change with the seed, so that 20 seeds visit each level on both sides. The bound is
the acceptance of this project: at least 90 % of the phantoms of each procedure. On every phantom a
path keeps the recipe's margins from dura, roots and vessels, and where an electrode heats, none
comes within 1 mm of dura or a root and no root passes 45 °C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.procedures.reading import names, shipped

SEEDS = 20
LEAST_SHARE = 0.9
HEATED_NEAREST_MM = 1.0
HOTTEST_ROOT_C = 45.0
SLACK_MM = 0.05
"""A path is looked at every quarter of a millimetre: so much a margin may be less."""
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
    over_margin_mm: float | None
    hottest_root_c: float | None
    outcome: str
    fault: str

    @property
    def holds(self) -> bool:
        """The window is met and nothing is breached."""
        return not self.fault

    @property
    def safe(self) -> bool:
        """Every margin is kept; where it heated, nothing nearer than 1 mm and no hot root."""
        if self.over_margin_mm is not None and self.over_margin_mm < -SLACK_MM:
            return False
        if self.hottest_root_c is None or self.nearest_mm is None:
            return True
        return self.nearest_mm >= HEATED_NEAREST_MM and self.hottest_root_c <= HOTTEST_ROOT_C


def row(procedure: str, seed: int, anatomy: Anatomy) -> Row:
    """Run one procedure on one phantom, without pictures."""
    recipe = shipped(procedure)
    levels = recipe.levels_of(anatomy.bodies)
    level = levels[seed % len(levels)]
    side = ("right", "left")[seed // len(levels) % 2]
    run = ns.run_procedure(
        recipe, anatomy=anatomy, level=level, side=side, seed=seed, pictures=False
    )
    kinds = {name: one.kind for name, one in anatomy.structures.items()}
    gaps = {
        name: gap
        for name, gap in run.record.clearance_mm.items()
        if kinds.get(name) in ("dura", "root", "vessel")
    }
    margins = recipe.at(level).margins_mm
    over = [gap - margins[kinds[name]] for name, gap in gaps.items() if kinds[name] in margins]
    nearest = min(gaps, key=lambda name: gaps[name], default="")
    missed = [one for one in run.score.metrics if one.name in _WINDOW and one.passed is False]
    faults = [run.blocked] if run.blocked else [
        f"{one.name}: {one.reason}" for one in (*run.score.failed, *missed)]  # fmt: skip
    roots = [c for name, c in run.temperature_max_c.items() if kinds.get(name) == "root"]
    error = next((m.value for m in run.score.metrics if m.name == "target error"), None)
    return Row(
        procedure, seed, level, side, error, gaps.get(nearest), nearest,
        min(over, default=None),
        max(roots, default=None), run.score.outcome, "; ".join(str(fault) for fault in faults),
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
    print(f"{'procedure':23} seed level  side   error mm  {'nearest mm':24} root °C outcome")
    safe = True
    for one in rows(count):
        held[one.procedure] += one.holds
        safe = safe and one.safe
        near = "-" if one.nearest_mm is None else f"{one.nearest_mm:6.2f} {one.nearest}"
        error = "-" if one.target_error_mm is None else f"{one.target_error_mm:.2f}"
        hot = "-" if one.hottest_root_c is None else f"{one.hottest_root_c:.1f}"
        print(
            f"{one.procedure:23} {one.seed:4d} {one.level:6} {one.side:6} {error:>8}  "
            f"{near:24} {hot:>7} {one.outcome:10} {'' if one.holds else 'FAILS ' + one.fault}",
            flush=True,
        )
    for procedure, good in held.items():
        print(f"{procedure}: {good} of {count} hold")
    if not safe:
        print(
            f"FAILS: nearer than a margin of the recipe or, where it heats, than "
            f"{HEATED_NEAREST_MM} mm, or a root over {HOTTEST_ROOT_C} °C"
        )
    return 0 if safe and all(good >= LEAST_SHARE * count for good in held.values()) else 1
