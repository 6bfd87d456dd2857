"""`Grid`: the upright voxels of a scene, and the parts of it that a shape can reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.geometry.transform import Transform
from needle_sim.volume.volume import axis_aligned

Floats = NDArray[np.float64]
Box = tuple[slice, slice, slice]

COARSE = 4
"""Shapes are first evaluated at every fourth voxel."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Voxels (i to the head, j posterior, k left) from ``low_mm`` (3,), patient LPS."""

    low_mm: Floats
    step_mm: float
    shape: tuple[int, int, int]

    @property
    def patient_from_voxel(self) -> Transform:
        """Centre of the first voxel at 0."""
        return axis_aligned((self.step_mm,) * 3, self.low_mm.tolist())

    def voxels(self, points_mm: ArrayLike) -> NDArray[np.int64]:
        """Nearest voxel (..., 3) of points (..., 3), clamped to the grid."""
        at = (np.asarray(points_mm, dtype=np.float64) - self.low_mm)[..., ::-1] / self.step_mm
        return np.clip(np.rint(at).astype(np.int64), 0, np.array(self.shape) - 1)

    def axes_mm(self, box: Box, *, every: int = 1) -> tuple[Floats, Floats, Floats]:
        """z, y and x of the voxels of a box, or of every n-th."""
        z, y, x = (
            low + self.step_mm * np.arange(one.start, one.stop, every)
            for low, one in zip(self.low_mm[::-1], box, strict=True)
        )
        return z, y, x

    def points_mm(self, box: Box, *, every: int = 1) -> Floats:
        """Patient points (P, 3) of the voxels of a box, or of every n-th, in array order."""
        z, y, x = np.meshgrid(*self.axes_mm(box, every=every), indexing="ij")
        return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)

    def box(self, ends_mm: ArrayLike, *, margin_mm: float) -> Box | None:
        """The voxels within a margin about a low and a high corner (2, 3); none if all miss."""
        low, high = (np.asarray(ends_mm) + np.array([[-margin_mm], [margin_mm]]) - self.low_mm)[
            :, ::-1
        ] / self.step_mm
        start = np.maximum(np.floor(low).astype(int), 0)
        stop = np.minimum(np.ceil(high).astype(int) + 1, self.shape)
        if not (start < stop).all():
            return None
        i, j, k = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        return i, j, k


def refined(coarse: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values at every `COARSE`-th voxel, linear at all (I, J, K) in between."""
    fine = coarse.astype(np.float32)
    for axis, size in enumerate(shape):
        at = np.arange(size, dtype=np.float32) / COARSE
        low = np.minimum(at.astype(int), fine.shape[axis] - 2)
        share = (at - low).reshape([-1 if n == axis else 1 for n in range(3)])
        first = np.take(fine, low, axis)
        fine = first + share * (np.take(fine, low + 1, axis) - first)
    return fine
