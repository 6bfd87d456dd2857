"""Reading shapes by rays: where a line enters and leaves, and how thick a sheet is across."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.geometry.transform import unit

_STEP_MM, _REACH_MM = 0.05, 60.0


def inside_mm(
    shape: Bone, start_mm: ArrayLike, towards: ArrayLike, *, reach_mm: float = _REACH_MM
) -> list[tuple[float, float]]:
    """Where a ray runs inside a shape: (in, out) from its start, in order, mm.

    Borders are met to a few hundredths of the 0.05 mm between samples, by the signed distance.
    """
    along = np.arange(0.0, reach_mm, _STEP_MM)
    points = np.asarray(start_mm, dtype=np.float64) + along[:, None] * unit(towards)
    depth = shape.distance_mm(points)
    turns = np.flatnonzero(np.diff(depth < 0))
    at = [float(along[n] + _STEP_MM * depth[n] / (depth[n] - depth[n + 1])) for n in turns]
    if depth[0] < 0:
        at.insert(0, 0.0)
    return list(zip(at[::2], at[1::2], strict=False))


def chords_mm(shape: Bone, start_mm: ArrayLike, towards: ArrayLike) -> list[float]:
    """How thick a sheet is where a ray first enters it, square to its surface; none if missed."""
    runs = inside_mm(shape, start_mm, towards)
    if not runs:
        return []
    entry = np.asarray(start_mm, dtype=np.float64) + runs[0][0] * unit(towards)
    normal = surface_normal(shape, entry)
    if float(normal @ unit(towards)) > -0.3:
        return []  # an edge, not the face
    across = inside_mm(shape, entry + 0.2 * normal, -normal)
    return [across[0][1] - across[0][0]] if across else []


def surface_normal(shape: Bone, at_mm: ArrayLike) -> NDArray[np.float64]:
    """Unit vector (3,) out of a shape at a point (3,), by central differences."""
    step = 1e-3
    shifts = np.concatenate([np.eye(3), -np.eye(3)]) * step
    around = shape.distance_mm(np.asarray(at_mm, dtype=np.float64) + shifts)
    return unit(around[:3] - around[3:])
