"""`Grid`: which voxels a shape fills, found block by block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.texture import tile_index

Index = NDArray[np.int64]
BLOCK = 4
_LARGE = (16, 8)  # cubes that are looked at first: most of a bone's box is far from it
_SMALL = 2
_NODES_MM = 4.0  # apart: what is soft or irregular is smooth over so much
_TRUE = 1.35  # a distance is at most so many times the true one near a surface


class Shape(Protocol):
    """What can be painted: a signed distance and a box around it."""

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]: ...

    @property
    def box_mm(self) -> NDArray[np.float64]: ...


class Near(NamedTuple):
    """Voxels (flat) of a shape: those surely inside; those near its surface, with their distances
    (P,) and places (P, 3)."""

    filled: Index
    near: Index
    depth_mm: NDArray[np.float64]
    points_mm: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of cubes in the patient.

    Parameters
    ----------
    low_mm : (3,) array
        Centre of the first voxel, patient x, y, z.
    shape : (int, int, int)
        Slices, rows, columns; multiples of four.
    voxel_mm : float
        Edge of a voxel.
    """

    low_mm: NDArray[np.float64]
    shape: tuple[int, int, int]
    voxel_mm: float

    def axis_mm(self, axis: int) -> NDArray[np.float64]:
        """Voxel centres along patient x (0), y (1) or z (2)."""
        return np.asarray(self.low_mm[axis] + self.voxel_mm * np.arange(self.shape[2 - axis]))

    @property
    def node_step(self) -> int:
        """Voxels between two nodes of `pour`, about 4 mm."""
        return max(1, round(_NODES_MM / self.voxel_mm))

    def node_axis_mm(self, axis: int) -> NDArray[np.float64]:
        """Places of nodes that span the canvas along patient x (0), y (1) or z (2)."""
        count = -(-self.shape[2 - axis] // self.node_step) + 1
        return np.asarray(
            self.low_mm[axis] + self.voxel_mm * self.node_step * np.arange(count, dtype=np.float64)
        )

    def in_tile(self, tile: int) -> NDArray[np.int64]:
        """Where slices, rows and columns lie in a texture's tile (3, longest side)."""
        count = max(self.shape)
        return np.stack(
            [tile_index(self.low_mm[axis], count, self.voxel_mm, tile) for axis in (2, 1, 0)]
        )

    def nodes(self, shape: Shape, reach_mm: float) -> tuple[NDArray[np.float32], Index]:
        """Distances (A, B, C) at the nodes around a shape, and the voxel they begin at."""
        size = self.node_step * self.voxel_mm
        low, high = shape.box_mm
        start = np.floor((low - reach_mm - self.low_mm) / size).astype(int)
        stop = np.ceil((high + reach_mm - self.low_mm) / size).astype(int)
        most = -(-np.array(self.shape[::-1]) // self.node_step)
        start, stop = np.clip(start, 0, most), np.clip(stop, 0, most)
        x, y, z = (
            self.low_mm[axis] + size * np.arange(start[axis], stop[axis] + 1) for axis in range(3)
        )
        grid = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1)
        depth = shape.distance_mm(grid.reshape(-1, 3)).reshape(grid.shape[:3])
        return depth.astype(np.float32), start[::-1] * self.node_step

    def near(self, shape: Shape, *, inner_mm: float) -> Near:
        """Voxels deeper than ``inner_mm``; and those between there and half a voxel outside.

        Blocks of 4 x 4 x 4 voxels, then of 2 x 2 x 2, are sorted by the distance of their centre;
        of cubes of 16 and of 8 those that are surely outside are left out before.
        """
        blocks, inside = self._sorted(shape, self._boxed(shape), BLOCK, inner_mm)
        small, within = self._sorted(shape, _halves(blocks), _SMALL, inner_mm)
        filled = np.concatenate([self._voxels(inside, BLOCK), self._voxels(within, _SMALL)])
        points = self._points(small, _SMALL)
        return Near(filled, self._voxels(small, _SMALL), shape.distance_mm(points), points)

    def _boxed(self, shape: Shape) -> Index:
        """Blocks of four (B, 3), as slice, row, column, that can hold some of a shape.

        Those that follow on each other lie together.
        """
        size = BLOCK * self.voxel_mm
        low, high = shape.box_mm
        start = np.floor((low - self.low_mm) / size).astype(int)
        stop = np.ceil((high - self.low_mm) / size).astype(int) + 1
        most = np.array(self.shape[::-1]) // BLOCK
        start, stop = np.clip(start, 0, most)[::-1], np.clip(stop, 0, most)[::-1]
        many = _LARGE[0] // BLOCK
        sides = (np.arange(a, b) for a, b in zip(start // many, -(-stop // many), strict=True))
        blocks = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
        for side in _LARGE:
            blocks = _halves(blocks[self._depth_mm(shape, blocks, side) < self._reach_mm(side)])
        return np.asarray(blocks[((blocks >= start) & (blocks < stop)).all(axis=1)])

    def _sorted(
        self, shape: Shape, blocks: Index, side: int, inner_mm: float
    ) -> tuple[Index, Index]:
        """Blocks (B, 3) of ``side`` voxels near the surface, and those surely inside."""
        depth, reach = self._depth_mm(shape, blocks, side), self._reach_mm(side)
        inside = depth < -reach - _TRUE * inner_mm
        return blocks[~inside & (depth < reach)], blocks[inside]

    def _depth_mm(self, shape: Shape, blocks: Index, side: int) -> NDArray[np.float64]:
        """Signed distance of the middle of blocks (B, 3) of ``side`` voxels."""
        return shape.distance_mm(
            self.low_mm + (blocks[:, ::-1] * side + 0.5 * (side - 1)) * self.voxel_mm
        )

    def _reach_mm(self, side: int) -> float:
        """Half a voxel beyond the corners of such a block, as distances go."""
        return float(_TRUE * (0.5 * np.sqrt(3.0) * (side - 1) + 0.5) * self.voxel_mm)

    def _voxels(self, blocks: Index, side: int) -> Index:
        """Flat indices (B * side**3,) of the voxels of blocks (B, 3)."""
        strides = np.array([self.shape[1] * self.shape[2], self.shape[2], 1])
        return np.asarray(((blocks * side) @ strides)[:, None] + _corners(side) @ strides).reshape(
            -1
        )

    def _points(self, blocks: Index, side: int) -> NDArray[np.float64]:
        """Their centres (B * side**3, 3) in the patient."""
        first = self.low_mm + self.voxel_mm * side * blocks[:, ::-1]
        return np.asarray(first[:, None] + self.voxel_mm * _corners(side)[:, ::-1]).reshape(-1, 3)


def _halves(blocks: Index) -> Index:
    """The eight of half the side (8 * B, 3) in each of blocks (B, 3)."""
    return np.asarray(2 * blocks[:, None] + _corners(2)).reshape(-1, 3)


@cache
def _corners(side: int) -> Index:
    """Slice, row and column (side**3, 3) of each voxel of a block."""
    return np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
