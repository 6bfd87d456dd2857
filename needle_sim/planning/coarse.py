"""Blocks of nodes: a field known in the middle of each, and the nodes of some of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]
BLOCK = 4  # nodes a side


def block_centres_mm(low_mm: Field, nodes: int, step_mm: float) -> Field:
    """Middles (B, 3) of the blocks of a cubic grid, patient (x, y, z), in order of (z, y, x)."""
    at = (np.arange(nodes // BLOCK) * BLOCK + 0.5 * (BLOCK - 1)) * step_mm
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    return np.stack([x, y, z], axis=-1).reshape(-1, 3) + low_mm


def points_of_blocks(centres_mm: Field, step_mm: float) -> Field:
    """The nodes (B * 64, 3) of blocks, each block's in order of (z, y, x)."""
    at = (np.arange(BLOCK) - 0.5 * (BLOCK - 1)) * step_mm
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    inner = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return np.asarray((centres_mm[:, None] + inner).reshape(-1, 3))


def from_blocks(middle: Field) -> NDArray[np.float32]:
    """Each node's value (4 I, 4 J, 4 K), trilinear between the middles (I, J, K) of blocks.

    Beyond the outermost middles the field goes on as a straight line.
    """
    field = np.asarray(middle, dtype=np.float32)
    for axis in range(3):
        count = field.shape[axis]
        at = (np.arange(count * BLOCK) - 0.5 * (BLOCK - 1)) / BLOCK
        first = np.clip(np.floor(at).astype(int), 0, count - 2)
        shape = [1, 1, 1]
        shape[axis] = -1
        share = (at - first).astype(np.float32).reshape(shape)
        field = field.take(first, axis) * (1 - share) + field.take(first + 1, axis) * share
    return field
