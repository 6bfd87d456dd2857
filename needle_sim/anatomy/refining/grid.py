"""`FineGrid`: a box of a CT with each of its voxels divided, and the ways up and down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.volume.volume import Volume

Grid = NDArray[np.float32]
Box = tuple[slice, slice, slice]

MOST_PARTS = 32
"""Into no more parts is the side of a voxel divided (proposed)."""


@dataclass(frozen=True, slots=True, eq=False)
class FineGrid:
    """Voxels of a CT, each divided into equal parts.

    Parameters
    ----------
    coarse : Volume
        In HU, even slices.
    parts : (int, int, int)
        Of the side of a voxel, along each axis of the array.
    blur : (float, float, float)
        What the scanner blurs beyond the mean over a voxel: SD of a Gaussian, in voxels.
    """

    coarse: Volume
    parts: tuple[int, int, int]
    blur: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns of the fine voxels."""
        a, b, c = (n * part for n, part in zip(self.coarse.shape, self.parts, strict=True))
        return a, b, c

    @property
    def patient_from_voxel(self) -> Transform:
        """Of the fine voxels."""
        scale = np.eye(4)
        for axis, part in enumerate(self.parts):
            scale[axis, axis] = 1.0 / part
            scale[axis, 3] = 0.5 / part - 0.5
        return self.coarse.patient_from_voxel @ Transform(scale, target=VOXEL, source=VOXEL)

    def points_mm(self, box: Box) -> NDArray[np.float64]:
        """Centres (P, 3) of the fine voxels of a box of fine indices, in the patient."""
        axes = [np.arange(part.start, part.stop, dtype=np.float64) for part in box]
        index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        return np.asarray(self.patient_from_voxel.apply(index))

    def thinned(self, fine: NDArray[Any]) -> Grid:
        """Fine values as the scanner would give them in its voxels: blurred, and their mean."""
        (a, b, c), (p, q, r) = self.coarse.shape, self.parts
        means = fine.reshape(a, p, b, q, c, r).mean(axis=(1, 3, 5), dtype=np.float32)
        if not any(self.blur):
            return np.asarray(means, dtype=np.float32)
        return np.asarray(ndimage.gaussian_filter(means, self.blur, mode="nearest"), np.float32)

    def spread(self, coarse: NDArray[Any], box: Box | None = None) -> Grid:
        """Values of the coarse voxels at the fine ones (of a box), linear between."""
        out = np.asarray(coarse, dtype=np.float32)
        for axis in (0, 1, 2):  # a thin box is cut thin first
            count, part = coarse.shape[axis], self.parts[axis]
            index = (
                np.arange(count * part)
                if box is None
                else np.arange(*box[axis].indices(count * part))
            )
            at = np.clip((index + 0.5) / part - 0.5, 0.0, count - 1.0)
            low = np.minimum(at.astype(np.intp), max(count - 2, 0))
            side = [1, 1, 1]
            side[axis] = -1
            share = (at - low).astype(np.float32).reshape(side)
            first = np.take(out, low, axis=axis)
            out = first + share * (np.take(out, np.minimum(low + 1, count - 1), axis=axis) - first)
        return out


def fine_grid(ct: Volume, low_mm: ArrayLike, high_mm: ArrayLike, *, voxel_mm: float) -> FineGrid:
    """The voxels of a CT that touch a box of the patient, each divided to at most ``voxel_mm``."""
    if not voxel_mm > 0:
        raise InputError(f"voxel_mm must be over 0, got {voxel_mm:g}")
    low, high = np.asarray(low_mm, np.float64), np.asarray(high_mm, np.float64)
    corners = np.stack(np.meshgrid(*np.stack([low, high], axis=1), indexing="ij"), axis=-1)
    at = ct.voxels(corners.reshape(-1, 3))
    first = np.maximum(np.floor(at.min(axis=0)), 0).astype(int)
    last = np.minimum(np.ceil(at.max(axis=0)) + 1, ct.shape).astype(int)
    if (last - first < 2).any():
        raise InputError(
            f"the box {low.round(1)} to {high.round(1)} mm does not lie in the CT; "
            "give a place inside it"
        )
    parts = np.ceil(ct.spacing_mm / voxel_mm - 1e-6).astype(int)
    if parts.max() > MOST_PARTS:
        raise InputError(
            f"voxels of {ct.spacing_mm.max():.2g} mm divided to {voxel_mm:g} mm are "
            f"{parts.max()} parts, over {MOST_PARTS}; take larger parts"
        )
    crop = ct.crop(first.tolist(), last.tolist())
    return FineGrid(crop, (int(parts[0]), int(parts[1]), int(parts[2])))
