"""`Water`: the latent heat that holds boiling tissue at 100 °C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.thermal.grid import Field
from needle_sim.thermal.medium import HeatMedium
from needle_sim.units import BOILING_C

LATENT_J_KG = 2.26e6
"""Heat of vaporisation of water at 100 °C and one atmosphere (textbook, from memory)."""

DRY_J_M3K = 1.98e6
WATER_KG_K_J = 4.7e-4
"""Water a volume from heat capacity a volume: kg/m3 = 4.7e-4 (kg K/J) x (capacity - dry). A
straight line through muscle (75 % water) and cortical bone (about 12 %); pure water comes out
at 1030 kg/m3 (proposed)."""


@dataclass(slots=True, eq=False)
class Water:
    """What boiling has taken up, and what it can take up at most, J (I, J, K).

    The temperature-reset method of phase change: after each step, heat above 100 °C goes into
    vapour until the cell is dry, and comes back, by condensation in place, once the cell cools.
    No heat is lost or gained. Steam that leaves, pressure and charring are not modelled.
    """

    most_j: Field
    boiled_j: Field

    @classmethod
    def of(cls, medium: HeatMedium, metal: NDArray[np.bool_]) -> Water:
        """All water liquid."""
        kg_m3 = WATER_KG_K_J * np.maximum(medium.capacity_j_m3k - DRY_J_M3K, 0.0)
        most = np.where(metal, 0.0, kg_m3 * LATENT_J_KG * medium.grid.volume_mm3 * 1e-9)
        return cls(most, np.zeros(medium.grid.shape))

    def boil(self, rise: Field, mass: Field, blood_c: float) -> Field:
        """The rise (I, J, K) after boiling and condensing; ``mass`` is J/K."""
        over = rise + (blood_c - BOILING_C)
        if not (self.boiled_j.any() or ((over > 0.0) & (self.most_j > 0.0)).any()):
            return rise
        boiled = np.clip(self.boiled_j + mass * over, 0.0, self.most_j)
        changed = boiled - self.boiled_j
        self.boiled_j = boiled
        return np.asarray(rise - changed / mass)
