"""`HeatHistory`: what a heat run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.errors import InputError
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.shown import Shown
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Field
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.protocol import Protocol
from needle_sim.volume.volume import Note


@dataclass(frozen=True, slots=True)
class EnergyBalance:
    """Where the heat went, J: source = stored + carried off by blood + lost through the walls."""

    source_j: float
    stored_j: float
    blood_j: float
    walls_j: float

    @property
    def relative_error(self) -> float:
        """What is missing, relative to the largest term."""
        most = max(abs(self.source_j), abs(self.stored_j), abs(self.blood_j), 1e-12)
        return abs(self.source_j - self.stored_j - self.blood_j - self.walls_j) / most


@dataclass(frozen=True, slots=True, eq=False)
class HeatHistory(Shown):
    """A heat run.

    Parameters
    ----------
    medium, electrodes, protocol, start_c
        What was run.
    time_s, set_c, sensor_c, hottest_c, power_w, voltage_v, impedance_ohm : (N,) arrays
        At the end of each time step: set point, sensor, hottest tissue, mean power of the step,
        voltage (root mean square) and load.
    temperature_c : (I, J, K) array
        At the end.
    highest_c : (I, J, K) array
        Highest temperature of each cell.
    cem43_min : (I, J, K) array
        Cumulative equivalent minutes at 43 °C.
    omega : mapping of str to (I, J, K) array
        Arrhenius integrals: muscle, liver, skin.
    energy : EnergyBalance
    field_solves : int
        How often the electric field was solved.
    notes : tuple of Note
    """

    medium: HeatMedium
    electrodes: tuple[PlacedNeedle, ...]
    protocol: Protocol
    start_c: float
    time_s: Field
    set_c: Field
    sensor_c: Field
    hottest_c: Field
    power_w: Field
    voltage_v: Field
    impedance_ohm: Field
    temperature_c: Field
    highest_c: Field
    cem43_min: Field
    omega: Mapping[str, Field]
    energy: EnergyBalance
    field_solves: int = 0
    notes: tuple[Note, ...] = ()

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "time, s": f"{self.time_s[-1]:.1f}",
            "sensor at the end, °C": f"{self.sensor_c[-1]:.2f}",
            "hottest tissue, °C": f"{self.hottest_c.max():.1f}",
            "power, W": f"{self.power_w.max():.2f} at most, {self.power_w[-1]:.2f} at the end",
            "impedance, ohm": f"{self.impedance_ohm[0]:.0f} to {self.impedance_ohm[-1]:.0f}",
            "energy balance": f"{self.energy.relative_error:.1e}",
        }

    @property
    def electrode(self) -> Electrode:
        """The heated metal."""
        return Electrode.of(self.electrodes[0].needle)

    def in_grid(self, points_mm: ArrayLike) -> Field:
        """Patient points (P, 3) in the frame of the grid."""
        if self.medium.patient_from_grid is None:
            raise InputError("this medium lies in no patient; sample its grid instead")
        return self.medium.patient_from_grid.inverse().apply(points_mm)

    def peak_c(self, points_mm: ArrayLike) -> Field:
        """Highest temperature (P,), °C, reached at patient points (P, 3); the start far away."""
        points = np.asarray(points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
            raise InputError(f"points_mm must be (P, 3) with P >= 1, got {points.shape}")
        there = self.in_grid(points)
        found = self.medium.grid.interpolate(self.highest_c, there)
        return np.asarray(np.where(self.medium.grid.contains(there), found, self.start_c))

    def temperature_max_c(self, points_mm: ArrayLike) -> float:
        """Highest temperature, °C, reached at any of the patient points (P, 3)."""
        return float(self.peak_c(points_mm).max())
