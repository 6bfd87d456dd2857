"""`measure`: what a heat run destroyed, by several marks side by side.

A mark is a margin field, positive inside, close to linear across its boundary: °C over a threshold,
or the logarithm of a dose turned into °C. Sizes are measured on its interpolated zero surface,
never by counting cells. The needle's own space counts as lesion in volumes and widths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, length_mm, resample
from needle_sim.shown import Shown
from needle_sim.thermal.damage import MODELS, NECROSIS_CEM43_MIN
from needle_sim.thermal.extents import length_along_mm, volume_mm3, width_across_mm
from needle_sim.thermal.grid import Field
from needle_sim.thermal.history import HeatHistory
from needle_sim.units import KELVIN_0_C
from needle_sim.volume.volume import Volume, axis_aligned

ISOTHERMS_C = (45, 50, 55, 60)
CONSERVATIVE = ("60c", "cem240", "arrhenius_muscle")
"""The scored boundary is the intersection of these; the band out to 50 °C is uncertain."""

NERVE_STEP_MM = 0.1
_DOUBLING_C = 1.0  # CEM43 doubles a degree
_LOWEST = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """One mark's reach.

    Parameters
    ----------
    mask : (I, J, K) array of bool
        Cells of the medium's grid with their centre inside.
    volume_mm3 : float
        To a fraction of a cell.
    width_mm : float
        Across the needle's axis where the lesion is widest: mean over all directions.
    length_mm : float
        Along the axis, in tissue.
    nerve_mm : float or None
        Length of nerve inside; None where no nerve was given.
    nerve_share : float or None
        Of the nerve that was given.
    """

    mask: NDArray[np.bool_]
    volume_mm3: float
    width_mm: float
    length_mm: float
    nerve_mm: float | None = None
    nerve_share: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lesion(Shown):
    """Extents keyed ``45c, 50c, 55c, 60c, cem240, arrhenius_muscle, ..., conservative``."""

    extents: Mapping[str, Extent]
    tissue_max_c: float
    sensor_end_c: float
    history: HeatHistory

    def facts(self) -> dict[str, str]:
        """Width, length, volume of each mark, for a notebook."""
        return {
            name: f"{one.width_mm:.1f} x {one.length_mm:.1f} mm, {one.volume_mm3:.0f} mm3"
            for name, one in self.extents.items()
        }

    def to_row(self) -> dict[str, float | None]:
        """A flat row of numbers."""
        row: dict[str, float | None] = {
            "tissue_max_c": self.tissue_max_c,
            "sensor_end_c": self.sensor_end_c,
        }
        for name, one in self.extents.items():
            for key in ("volume_mm3", "width_mm", "length_mm", "nerve_mm", "nerve_share"):
                row[f"{name}_{key}"] = getattr(one, key)
        return row


def measure(history: HeatHistory, *, nerve_mm: ArrayLike | None = None) -> Lesion:
    """Measure a lesion.

    Parameters
    ----------
    history : HeatHistory
    nerve_mm : (N, 3) array, optional
        Path of a nerve in the patient, mm.

    Returns
    -------
    Lesion
        With an extent for each isotherm of the highest temperature, for 240 minutes at 43 °C, for
        each Arrhenius integral at 1, and for their conservative intersection.
    """
    path = None if nerve_mm is None else as_points(nerve_mm, "nerve_mm", least=2)
    return Lesion(
        MappingProxyType(
            {name: _extent(history, field, path) for name, field in margins(history).items()}
        ),
        float(history.hottest_c.max()),
        float(history.sensor_c[-1]),
        history,
    )


def margins(history: HeatHistory) -> dict[str, Field]:
    """Margin (I, J, K) of each mark in °C or its like: positive inside, 0 on the boundary."""
    found = {f"{limit}c": history.highest_c - limit for limit in ISOTHERMS_C}
    dose = np.maximum(history.cem43_min, _LOWEST) / NECROSIS_CEM43_MIN
    found["cem240"] = _DOUBLING_C * np.log2(dose)
    for name, omega in history.omega.items():
        # a rate grows by Ea / (R T2) a degree; at 55 °C
        degree = (55.0 + KELVIN_0_C) ** 2 / MODELS[name].activation_k
        found[f"arrhenius_{name}"] = degree * np.log(np.maximum(omega, _LOWEST))
    found["conservative"] = np.minimum.reduce([found[name] for name in CONSERVATIVE])
    return found


def lesion_volumes(
    history: HeatHistory, *, step_mm: float = 0.5, reach_mm: float = 15.0
) -> tuple[Volume, Volume]:
    """The lesion on an upright grid of the patient, around the active tip.

    Returns
    -------
    temperature : Volume of float32, ``"temperature_c"``
        Highest temperature.
    zones : Volume of uint16, ``"label"``
        1 over 50 °C (uncertain), 2 inside the conservative boundary.
    """
    if not 0.1 <= step_mm <= 5:
        raise InputError(f"step_mm must be 0.1 to 5 mm, got {step_mm}")
    active = history.electrodes[0].active_mm
    low = np.floor((active.min(axis=0) - reach_mm) / step_mm) * step_mm
    count = np.ceil((active.max(axis=0) + reach_mm - low) / step_mm).astype(int)[::-1] + 1
    place = axis_aligned((step_mm,) * 3, tuple(low))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in count], indexing="ij"), axis=-1)
    points = place.apply(index).reshape(-1, 3)
    grid, there = history.medium.grid, history.in_grid(points)
    at = grid.indices(there)
    inside, found = grid.contains(there), margins(history)
    highest = np.where(inside, grid.at_indices(history.highest_c, at), history.start_c)
    zones = np.where(inside & (grid.at_indices(found["50c"], at) > 0), 1, 0)
    zones[inside & (grid.at_indices(found["conservative"], at) > 0)] = 2
    temperature = Volume(highest.reshape(count).astype(np.float32), place, "temperature_c")
    return temperature, temperature.like(zones.reshape(count).astype(np.uint16), "label")


def _extent(history: HeatHistory, margin: Field, path: Field | None) -> Extent:
    grid, mask = history.medium.grid, margin > 0
    mask.flags.writeable = False
    metal = history.electrode.metal(grid)
    sizes = (
        volume_mm3(grid, margin),
        width_across_mm(grid, margin),
        length_along_mm(grid, margin, ~metal),
    )
    if path is None:
        return Extent(mask, *sizes)
    covered = covered_mm(history, margin, path)
    return Extent(mask, *sizes, nerve_mm=covered, nerve_share=covered / length_mm(path))


def covered_mm(history: HeatHistory, margin: Field, path_mm: Field) -> float:
    """Length of a path (N, 3) where an interpolated margin is positive."""
    points = resample(path_mm, NERVE_STEP_MM)
    there, grid = history.in_grid(points), history.medium.grid
    value = np.where(grid.contains(there), grid.interpolate(margin, there), -1.0)
    first, last = value[:-1], value[1:]
    span = np.where(first == last, 1.0, np.abs(last - first))
    share = np.where((first > 0) == (last > 0), (first > 0) * 1.0, np.maximum(first, last) / span)
    return float((share * np.linalg.norm(np.diff(points, axis=0), axis=1)).sum())
