"""A fine mesh of a bone, sampled only where its surface is near."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.shapes import Implicit

_BLOCK = 4  # nodes along a block's edge
_NEAR = 1.5  # blocks whose middle is nearer than so many of their half diagonals are sampled
_MARGIN_MM = 2.0


def fine_mesh(bone: Implicit, *, step_mm: float = 0.5) -> Mesh:
    """Marching cubes over the signed distance of a bone on a grid of ``step_mm``."""
    low, high = bone.box_mm[0] - _MARGIN_MM, bone.box_mm[1] + _MARGIN_MM
    wide = _BLOCK * step_mm
    blocks = np.ceil((high - low) / wide).astype(int)
    middle = _nodes(low + 0.5 * (wide - step_mm), blocks, wide)
    rough = bone.distance_mm(middle).reshape(blocks)
    near = np.abs(rough) < _NEAR * 0.5 * np.sqrt(3.0) * wide
    field = _finer(rough).astype(np.float32)
    places = np.argwhere(_finer(near))
    field[tuple(places.T)] = bone.distance_mm(low + step_mm * places)
    contour: Any = marching_cubes
    corners, faces, _, _ = contour(field, 0.0, gradient_direction="descent")
    return Mesh(low + step_mm * corners.astype(np.float64), faces.astype(np.int32))


def _finer(blocks: NDArray[Any]) -> NDArray[Any]:
    for axis in range(3):
        blocks = np.repeat(blocks, _BLOCK, axis=axis)
    return blocks


def _nodes(low: NDArray[np.float64], count: NDArray[Any], step: float) -> NDArray[np.float64]:
    axes = [low[n] + step * np.arange(count[n]) for n in range(3)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
