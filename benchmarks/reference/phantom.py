"""A phantom without numba: bones voxel by voxel, and the whole with plain distances."""

from __future__ import annotations

from collections.abc import Mapping
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.reference.shapes import implicit_distance_mm, tubes_distance_mm
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom
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
