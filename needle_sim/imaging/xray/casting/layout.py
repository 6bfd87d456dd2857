"""`Layout`: a grid in memory as rays want it, row by row without the empty ends of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.casting import _kernels
from needle_sim.jit import in_slabs

Grid = NDArray[np.float32]
Ends = NDArray[np.int32]
Storage = Literal["float32", "int16"]

STORAGES: tuple[Storage, ...] = ("float32", "int16")
_SLAB = 8
_VOXEL_US = 0.002  # about what it takes to lay one out
_NOWHERE = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Layout:
    """A grid (A, B, C) whose rows hold only what they, or rows beside them, fill.

    Parameters
    ----------
    values : (M,) float32 or int16 array
        Column c of row n = a B + b lies at ``origin[n] + c``.
    origin : (A B,) int64 array
    filled : (A B, 2) int32 array
        First and one past the last column of each row that is not zero; 0, 0 for an empty one.
    shape : (A, B, C)
        The outermost elements are zero.
    scale : float
        What one unit of ``values`` stands for.
    most : float
        The greatest of ``values``; none is negative.
    """

    values: NDArray[Any]
    origin: NDArray[np.int64]
    filled: Ends
    shape: tuple[int, int, int]
    scale: float
    most: float

    def __post_init__(self) -> None:
        for array in (self.values, self.origin, self.filled):
            array.flags.writeable = False

    @property
    def nbytes(self) -> int:
        """Memory that it takes, bytes."""
        return self.values.nbytes + self.origin.nbytes + self.filled.nbytes

    def dense(self) -> Grid:
        """The whole grid (A, B, C), made anew."""
        a, b, c = self.shape
        out = np.zeros((a * b, c), dtype=np.float32)
        where = self.values, self.origin, self.filled, np.float32(self.scale)
        in_slabs(
            lambda start, stop: _kernels.unpacked(*where, start, stop, out),
            a * b,
            slab=_SLAB * b,
            row_us=c * _VOXEL_US,
        )
        return out.reshape(self.shape)


def laid_out(density: Grid, *, storage: Storage = "float32") -> tuple[Layout, Layout]:
    """A grid (I, J, K) in rows along k, and turned, (I, K, J) in rows along j; bordered by zeros.

    Parameters
    ----------
    density : (I, J, K) float32 array
        Nowhere negative.
    storage : "float32" or "int16"
        Whole numbers of 16 bits, the greatest density at 32767, take half the memory.
    """
    if storage not in STORAGES:
        raise InputError(f"storage must be one of {', '.join(STORAGES)}, got {storage!r}")
    if not (density.min(initial=0.0) >= 0.0 and np.isfinite(density.max(initial=0.0))):
        raise InputError(f"a density must be finite and 0 or more, got {density.min()} g/cm3")
    slices, rows, columns = density.shape
    by_row = np.zeros((slices, rows, 2), np.int32)
    by_column = np.zeros((slices, columns, 2), np.int32)
    in_slabs(
        lambda start, stop: _kernels.ends(density, start, stop, by_row, by_column),
        slices,
        slab=_SLAB,
        row_us=rows * columns * _VOXEL_US,
    )
    most = float(density.max(initial=0.0))
    scale = most / np.iinfo(np.int16).max if storage == "int16" and most > 0 else 1.0
    # planes are taken along i or j of the one, and along k of the other: rows are blended by pairs
    # across j or i of the one, and across i of the other
    return (
        _packed(density, _bordered(by_row), columns, (0, 1), scale, storage),
        _packed(density, _bordered(by_column), rows, (0,), scale, storage, turned=True),
    )


def _bordered(ends: Ends) -> Ends:
    """Ends of rows in a grid with a border of one element."""
    return np.pad(ends + (ends[..., 1:] > 0), ((1, 1), (1, 1), (0, 0))).astype(np.int32)


def _packed(
    density: Grid,
    filled: Ends,
    length: int,
    pairs_along: tuple[int, ...],
    scale: float,
    storage: Storage,
    *,
    turned: bool = False,
) -> Layout:
    kept = _joined(filled, pairs_along).reshape(-1, 2)
    counts = kept[:, 1].astype(np.int64) - kept[:, 0]
    last = np.cumsum(counts)
    origin = last - counts - kept[:, 0]
    values = np.zeros(int(last[-1]), dtype=np.dtype(storage))
    half = 0.5 if storage == "int16" else 0.0
    per_unit, slab_us = np.float32(1.0 / scale), length * filled.shape[1] * _VOXEL_US
    in_slabs(
        lambda start, stop: _kernels.packed(
            density, turned, origin, kept, per_unit, np.float32(half), start, stop, values
        ),
        filled.shape[0],
        slab=_SLAB,
        row_us=slab_us,
    )
    shape = (filled.shape[0], filled.shape[1], length + 2)
    most = float(values.max(initial=0))
    return Layout(values, origin, filled.reshape(-1, 2), shape, scale, most)


def _joined(filled: Ends, axes: tuple[int, ...]) -> Ends:
    """The ends (A, B, 2) of each row and of those next to it along ``axes``, taken together."""
    empty = filled[..., 1] == 0
    low, high = np.where(empty, _NOWHERE, filled[..., 0]), filled[..., 1]
    first, last = low.copy(), high.copy()
    for axis in axes:
        here = [slice(None)] * 2
        there = [slice(None)] * 2
        here[axis], there[axis] = slice(1, None), slice(None, -1)
        for one, other in ((tuple(here), tuple(there)), (tuple(there), tuple(here))):
            first[one] = np.minimum(first[one], low[other])
            last[one] = np.maximum(last[one], high[other])
    return np.stack([np.where(last == 0, 0, first), last], axis=-1).astype(np.int32)
