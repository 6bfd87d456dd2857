"""Polylines in three dimensions: length, direction, distance, resampling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError

Points = NDArray[np.float64]


def as_points(points: ArrayLike, name: str, *, least: int = 1) -> Points:
    """A read-only (N, 3) float64 copy; `InputError` names what is wrong."""
    array = np.array(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3 or len(array) < least:
        raise InputError(f"{name} must be (N, 3) with N >= {least}, got {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} holds values that are not finite")
    array.flags.writeable = False
    return array


def length_mm(path_mm: ArrayLike) -> float:
    """Length of a polyline (N, 3)."""
    return float(np.linalg.norm(np.diff(np.asarray(path_mm), axis=0), axis=1).sum())


def resample(path_mm: ArrayLike, step_mm: float) -> Points:
    """The polyline (N, 3) at points at most ``step_mm`` apart, both ends kept."""
    path = np.asarray(path_mm, dtype=np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(2, int(np.ceil(along[-1] / step_mm)) + 1)
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, path[:, axis]) for axis in range(3)], axis=1)


def distance_mm(points_mm: ArrayLike, path_mm: ArrayLike) -> Points:
    """Distance (P,) of points (P, 3) from the nearest place of a polyline (N, 3), N >= 2."""
    points, path = np.asarray(points_mm, dtype=np.float64), np.asarray(path_mm, dtype=np.float64)
    best = np.full(len(points), np.inf)
    for start, end in pairwise(path):
        along = end - start
        share = np.clip((points - start) @ along / max(float(along @ along), 1e-18), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - start - share[:, None] * along, axis=1))
    return best
