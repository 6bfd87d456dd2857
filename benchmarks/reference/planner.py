"""Straight paths through distance maps, looked at every half millimetre by SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


def looked_at(maps: NDArray[np.float32], low_mm: Floats, points_mm: Floats) -> Floats:
    """Distances (P, 4) at points (P, 3), trilinear on 1 mm; far outside of the maps."""
    at = (points_mm - low_mm).T[::-1]
    values = [ndimage.map_coordinates(one, at, order=1, cval=1e3, prefilter=False) for one in maps]
    return np.stack(values, axis=1)


def least_distances(
    maps: NDArray[np.float32],
    low_mm: Floats,
    tips_mm: Floats,
    axes: Floats,
    *,
    reach_mm: float,
    far_mm: float,
    step_mm: float = 0.5,
) -> Floats:
    """Least distance (C, 4) along each path, ``far_mm`` at most."""
    least = np.full((len(tips_mm), len(maps)), far_mm)
    for depth in np.arange(0.0, reach_mm, step_mm):
        np.minimum(least, looked_at(maps, low_mm, tips_mm - depth * axes), out=least)
    return least


def clear_paths(
    maps: NDArray[np.float32],
    low_mm: Floats,
    tips_mm: Floats,
    axes: Floats,
    least_mm: Floats,
    *,
    reach_mm: float,
    step_mm: float = 0.5,
) -> NDArray[np.bool_]:
    """True (C,) for paths that keep ``least_mm`` (4,) away; the others are dropped on the way."""
    going = np.arange(len(tips_mm))
    for depth in np.arange(0.0, reach_mm, step_mm):
        points = tips_mm[going] - depth * axes[going]
        going = going[(looked_at(maps, low_mm, points) >= least_mm).all(axis=1)]
    clear = np.zeros(len(tips_mm), dtype=bool)
    clear[going] = True
    return clear
