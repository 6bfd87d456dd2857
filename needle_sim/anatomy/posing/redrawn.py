"""CT and labels drawn anew through the field: bones rigidly, what lies between smoothly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.posing import _kernels
from needle_sim.anatomy.posing.field import MotionField
from needle_sim.jit import in_slabs
from needle_sim.volume.volume import Volume

_REACH_MM = 0.6  # from a bone, within which voxels move with it
_EVERY_MM = 8.0  # of a row, off the spine, over which the displacement is taken as straight
_SLAB = 8


def redrawn(ct: Volume, labels: Volume | None, field: MotionField) -> tuple[Volume, Volume | None]:
    """The CT (trilinear) and its labels (nearest) on the same grid, after the motion.

    Beyond the field of view the outermost voxels go on. ``labels`` is None for an inset.
    """
    numbers = labels.array if labels is not None else np.zeros(ct.shape, dtype=np.uint8)
    out, out_numbers = np.empty_like(ct.array), np.empty_like(numbers)
    place = ct.patient_from_voxel.matrix[:3].copy()
    back = ct.patient_from_voxel.inverse().matrix[:3].copy()
    every = max(1, round(_EVERY_MM / float(ct.spacing_mm[2])))
    whole = bool(np.issubdtype(ct.array.dtype, np.integer))
    grids = [part for one in (field.coarse, field.fine)
             for part in (one.values, one.low_mm, one.step_mm)]  # fmt: skip

    def smooth(first: int, last: int) -> None:
        _kernels.drawn_through(
            first, last, ct.array, numbers, place, back, *grids, every, whole, out, out_numbers
        )

    in_slabs(smooth, len(out), slab=_SLAB)
    for name, moved in field.moved.items():
        depth = field.depths[name]
        low, high = _span(ct, depth.values[..., 0], depth.low_mm, depth.step_mm)
        if not (low < high).all():
            continue
        mapped = moved.inverse().matrix[:3].copy()
        what = (ct.array, numbers, place, back, mapped, depth.values, depth.low_mm, depth.step_mm)

        def rigid(
            first: int, last: int, low: Any = low, high: Any = high, what: Any = what
        ) -> None:
            _kernels.drawn_rigid(
                first + low[0], last + low[0], low, high, *what, _REACH_MM, whole, out, out_numbers
            )

        in_slabs(rigid, int(high[0] - low[0]), slab=_SLAB)
    made = replace(ct, array=out)
    return made, None if labels is None else replace(labels, array=out_numbers)


def _span(
    ct: Volume, depth: NDArray[np.float64], low_mm: NDArray[np.float64], step_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last + 1 (3,) voxel index of the box around what lies within reach of a bone."""
    near = np.argwhere(depth < _REACH_MM + step_mm)
    if not len(near):
        return np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    ends = np.stack([near.min(axis=0) - 1, near.max(axis=0) + 1]) * step_mm + low_mm
    corners = np.stack(np.meshgrid(*ends.T, indexing="ij"), -1).reshape(-1, 3)
    at = ct.voxels(corners)
    low = np.clip(np.floor(at.min(axis=0)), 0, ct.shape).astype(np.int64)
    high = np.clip(np.ceil(at.max(axis=0)) + 1, 0, ct.shape).astype(np.int64)
    return low, high
