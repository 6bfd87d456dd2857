"""Medial-branch RFA over varied phantoms: no path near dura or root, no hot root, tip on target.

Levels and sides change with the seed, so that 20 seeds visit each level on both sides. The bounds
are those of the procedure's acceptance: 1 mm from dura and roots, 45 °C at a root, 2 mm at the tip.
"""

from __future__ import annotations

from dataclasses import dataclass

import needle_sim as ns

LEVELS = ("L4", "L3", "L2", "L1")
SEEDS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """What one seed gave; None where no safe path was returned."""

    seed: int
    level: str
    side: str
    nearest_mm: float | None
    hottest_root_c: float | None
    target_error_mm: float | None
    nerve_share: float | None
    blocked: str | None

    @property
    def holds(self) -> bool:
        """Every bound of the acceptance, or no path at all (which is safe, but counted)."""
        if self.nearest_mm is None or self.target_error_mm is None:
            return False
        root = self.hottest_root_c
        return (
            self.nearest_mm >= 1.0
            and (root is None or root <= 45.0)
            and self.target_error_mm <= 2.0
        )


def row(seed: int) -> Row:
    """Run one seed without pictures."""
    level, side = LEVELS[seed % 4], ("right", "left")[seed // 4 % 2]
    run = ns.run_procedure(level=level, side=side, seed=seed, vary=True, pictures=False)
    roots = [c for name, c in run.temperature_max_c.items() if name.endswith(" root")]
    hazards = {
        name: gap
        for name, gap in (run.plan.clearance_mm if run.plan else {}).items()
        if name == "dura" or name.endswith(" root")
    }
    return Row(
        seed=seed,
        level=level,
        side=side,
        nearest_mm=min(hazards.values()) if hazards else None,
        hottest_root_c=max(roots) if roots else None,
        target_error_mm=None if run.plan is None else run.plan.target_error_mm,
        nerve_share=None if run.lesion is None else run.lesion.extents["conservative"].nerve_share,
        blocked=run.blocked,
    )


def main(arguments: list[str]) -> int:
    """Print the table of the first N seeds (20); 1 when a bound is broken."""
    count = int(arguments[0]) if arguments else SEEDS
    print("seed level side   nearest mm  root °C  tip error mm  nerve share")
    failed = 0
    for seed in range(count):
        one = row(seed)
        failed += not one.holds
        print(
            f"{seed:4d} {one.level:>5} {one.side:<6} {_said(one.nearest_mm):>10} "
            f"{_said(one.hottest_root_c):>8} {_said(one.target_error_mm):>13} "
            f"{_said(one.nerve_share):>12} {'' if one.holds else 'FAILS ' + (one.blocked or '')}",
            flush=True,
        )
    print(f"{count - failed} of {count} hold")
    return 1 if failed else 0


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
