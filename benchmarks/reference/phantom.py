"""A phantom without numba: bones voxel by voxel, and the whole with plain distances."""

from __future__ import annotations

from collections.abc import Mapping
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.reference.shapes import implicit_distance_mm, tubes_distance_mm
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.phantom.noise import Scan, noise_sd_hu, quantum_tiles
from needle_sim.anatomy.phantom.texture import SPONGY, kinds, spongy_hu, texture_tiles
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.tissue import label
from needle_sim.geometry import shapes
from needle_sim.geometry.shapes import Implicit

PAINTED = 64  # points: a block of voxels or more
CORTEX_MM = 1.0  # labels call the outermost millimetre of bone cortical


def bone_labels(
    bones: Mapping[str, Implicit], low_mm: NDArray[np.float64], shape: tuple[int, ...], voxel: float
) -> NDArray[np.uint16]:
    """Labels (I, J, K): the distance at the centre of each voxel of each bone's box."""
    labels = np.zeros(shape, dtype=np.uint16)
    size = np.array(shape[::-1])
    for bone in bones.values():
        low, high = bone.box_mm
        first = np.clip(np.floor((low - low_mm) / voxel).astype(int), 0, size)
        last = np.clip(np.ceil((high - low_mm) / voxel).astype(int) + 1, 0, size)
        x, y, z = (low_mm[a] + voxel * np.arange(first[a], last[a]) for a in range(3))
        points = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1)
        depth = implicit_distance_mm(bone, points.reshape(-1, 3)).reshape(points.shape[:3])
        part = labels[first[2] : last[2], first[1] : last[1], first[0] : last[0]]
        part[depth < 0] = label("cortical_bone")
        part[depth <= -CORTEX_MM] = label("trabecular_bone")
    return labels


def numpy_phantom(voxel_mm: float) -> Anatomy:
    """`build_phantom` with the two distance kernels that paint it replaced by plain NumPy.

    Landmarks are traced point by point, which NumPy is not for: those calls keep the kernel.
    """
    kernels = shapes._kernels.implicit_distance, shapes._kernels.tube_distance

    def implicit(points, rows, frames, work, kept, out) -> None:
        if len(points) < PAINTED:
            kernels[0](points, rows, frames, work, kept, out)
        else:
            out[:] = implicit_distance_mm(Implicit(rows), points)

    def tubes(points, *segments) -> None:
        if len(points) < PAINTED:
            kernels[1](points, *segments)
        else:
            segments[-1][:] = tubes_distance_mm(points, *segments[:-2])

    with patch.multiple(shapes._kernels, implicit_distance=implicit, tube_distance=tubes):
        return build_phantom(voxel_mm=voxel_mm)


def finished_hu(canvas: Canvas, seed: int) -> NDArray[np.int16]:
    """`Canvas.finished` in plain NumPy: texture by label and noise, slice by slice."""
    scan, tiles, (kind, spread) = Scan(), texture_tiles(canvas.voxel_mm), kinds()
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    quantum = quantum_tiles(scan, canvas.voxel_mm, rng)
    size = quantum.shape[1]
    shifts = rng.integers(0, size, (canvas.shape[0], 2))
    lateral, upright = noise_sd_hu(canvas.hu, canvas.voxel_mm, scan)
    high, row, column = canvas.grid.in_tile(tiles.shape[1])
    row, column = row[: canvas.shape[1]], column[: canvas.shape[2]]
    out = np.empty(canvas.shape, dtype=np.int16)
    for i, (hu, labels) in enumerate(zip(canvas.hu, canvas.labels, strict=True)):
        y = (np.arange(canvas.shape[1]) + shifts[i, 0]) % size
        x = (np.arange(canvas.shape[2]) + shifts[i, 1]) % size
        noise = lateral[i][:, None] * quantum[0][np.ix_(y, x)]
        noise = noise + upright[i] * quantum[1][np.ix_(y, x)]
        grains = tiles[:, high[i]][:, row[:, None], column]
        picked, share = kind[labels], np.clip((hu - 70.0) / 110.0, 0.0, 1.0)
        grain = np.take_along_axis(grains, np.maximum(picked, 0)[None], axis=0)[0]
        spongy = (share * grains[1] + (1 - share) * grains[2]) * np.maximum(hu, 0) / spongy_hu()
        texture = np.where(picked >= 0, grain, np.where(picked == SPONGY, spongy, 0.0))
        value = hu + noise + spread[labels] * texture
        out[i] = np.floor(np.clip(value, -1024, 3071) + 0.5)
    return out
