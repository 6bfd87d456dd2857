"""`Spacing`: how fine the rings about a needle are, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from needle_sim.errors import InputError
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Grid, graded


@dataclass(frozen=True, slots=True)
class Spacing:
    """How fine a ring grid is: mm beside the electrode, growth per cell, mm far away, reach."""

    near_mm: float = 0.15
    growth: float = 1.12
    far_mm: float = 2.0
    reach_mm: float = 42.0
    sectors: int = 24

    def __post_init__(self) -> None:
        if not 0 < self.near_mm <= self.far_mm < self.reach_mm:
            raise InputError(
                "a spacing needs 0 < near_mm <= far_mm < reach_mm, "
                f"got {self.near_mm=} {self.far_mm=} {self.reach_mm=}"
            )
        if not 1 < self.growth <= 1.5:
            raise InputError(f"growth must be above 1 and at most 1.5, got {self.growth}")

    def grid(self, electrode: Electrode) -> Grid:
        """Rings with edges on the metal's radius, on the tip and on the end of the insulation."""
        radius, active = electrode.widest_mm, electrode.active_tip_mm
        metal = np.linspace(0.0, radius, max(3, round(radius / self.near_mm)) + 1)
        outward = graded(self.near_mm, self.growth, self.far_mm, self.reach_mm - radius)
        fine = 1.5 * self.near_mm
        half = graded(fine, self.growth, self.far_mm, active / 2)
        away = graded(fine, self.growth, self.far_mm, self.reach_mm)
        steps = np.concatenate([away[::-1], half, half[::-1], away])
        z = np.concatenate([[0.0], np.cumsum(steps)]) - self.reach_mm - active
        z[len(away)], z[len(away) + 2 * len(half)] = -active, 0.0
        turn = np.linspace(0.0, 2 * np.pi, self.sectors + 1)
        rings = np.concatenate([metal, radius + np.cumsum(outward)])
        return Grid((rings, turn, z), "ring", core_mm=radius)


BENCH = Spacing(near_mm=0.1, growth=1.08, sectors=1)
"""One tissue all around needs no sectors, and can be fine: sizes within 0.4 % of the limit."""
