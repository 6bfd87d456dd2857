"""Pennes' equation on a grid, and one implicit time step of it.

Finite volumes in space; in time the two-stage SDIRK method of order 2 (Alexander 1977,
doi:10.1137/0714068): L-stable, so that the fast modes of the metal die out, and conservative, so
that energy balances to the tolerance of the linear solver. Both stages have one matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.thermal.electrode import (
    STEEL_ACROSS_W_MK,
    STEEL_CAPACITY_J_M3K,
    STEEL_CONDUCTIVITY_W_MK,
)
from needle_sim.thermal.grid import Field
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.stencil import Stencil, row_sums, series, walls

GAMMA = float(1.0 - np.sqrt(0.5))
TOLERANCE = 2e-6

Outside = Literal["insulated", "held"]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Tissue and metal as a discrete system for the rise over blood temperature.

    ``mass`` J/K, ``links`` W/K, ``sink`` and ``wall`` W/K, each (I, J, K).
    """

    mass: Field
    links: tuple[Field, Field, Field]
    sink: Field
    wall: Field
    volume_m3: Field

    @classmethod
    def of(cls, medium: HeatMedium, metal: NDArray[np.bool_], outside: Outside) -> Body:
        """The medium with metal in its place; outer faces without flux or at blood temperature."""
        volume = medium.grid.volume_mm3 * 1e-9
        along = np.where(metal, STEEL_CONDUCTIVITY_W_MK, medium.conductivity_w_mk)
        across = np.where(metal, STEEL_ACROSS_W_MK, medium.conductivity_w_mk)
        capacity = np.where(metal, STEEL_CAPACITY_J_M3K, medium.capacity_j_m3k)
        held = outside == "held"
        return cls(
            capacity * volume,
            (*series(medium.grid, across)[:2], series(medium.grid, along)[2]),
            np.where(metal, 0.0, medium.perfusion_w_m3k) * volume,
            walls(medium.grid, along) if held else np.zeros(medium.grid.shape),
            volume,
        )

    def matrix(self, dt_s: float) -> Stencil:
        """The system of both stages of a step."""
        diagonal = self.mass / (GAMMA * dt_s) + row_sums(self.links) + self.sink + self.wall
        return Stencil.build(diagonal, self.links)

    def stage(
        self, matrix: Stencil, dt_s: float, base: Field, source_w: Field, guess: Field
    ) -> Field:
        """The rise (I, J, K) at the end of a stage that starts from ``base``."""
        b = self.mass / (GAMMA * dt_s) * base + source_w
        return matrix.solve(b, guess, tolerance=TOLERANCE)


def second_base(rise: Field, first: Field) -> Field:
    """Where the second stage starts, from the step's start and the first stage's result."""
    return np.asarray(rise + (1.0 - GAMMA) / GAMMA * (first - rise))


def diffuse(
    medium: HeatMedium,
    start_c: ArrayLike,
    heat_w_m3: ArrayLike,
    *,
    dt_s: float,
    steps: int,
    outside: Outside = "insulated",
) -> Field:
    """Temperature (I, J, K) after ``steps`` steps with a steady source, by the solver of `heat`.

    Parameters
    ----------
    medium : HeatMedium
    start_c : (I, J, K) array or float, °C
    heat_w_m3 : (I, J, K) array or float, W/m3
    dt_s : float, s
    steps : int
    outside : "insulated" or "held"
        Outer faces without flux, or at the temperature of blood.
    """
    if not (dt_s > 0 and steps >= 1):
        raise InputError(f"dt_s must be positive and steps at least 1, got {dt_s=} {steps=}")
    shape = medium.grid.shape
    body = Body.of(medium, np.zeros(shape, dtype=bool), outside)
    matrix = body.matrix(dt_s)
    rise = np.array(np.broadcast_to(start_c, shape), dtype=np.float64) - medium.blood_c
    source = np.broadcast_to(heat_w_m3, shape) * body.volume_m3
    for _ in range(steps):
        first = body.stage(matrix, dt_s, rise, source, rise)
        rise = body.stage(matrix, dt_s, second_base(rise, first), source, first)
    return np.asarray(rise + medium.blood_c)
