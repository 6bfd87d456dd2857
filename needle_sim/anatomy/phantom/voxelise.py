"""Shapes painted into a CT: sub-voxel edges from the signed distance, shell, texture, noise."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from os import cpu_count
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume, axis_aligned

Shade = Callable[[NDArray[np.float64]], NDArray[np.float64]]
_BLOCK = 4
_CORTICAL_LABEL_MM = 1.0  # as in `Anatomy.tissue_labels`
_STEPS = np.stack(np.meshgrid(*[np.arange(_BLOCK)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
_TILE = 64
_NOISE_KEY = 20240817  # one texture for every phantom: a phantom differs by its anatomy alone
_NOISE_HU = 10.0


class Shape(Protocol):
    """What can be painted: a signed distance and a box around it."""

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]: ...

    @property
    def box_mm(self) -> NDArray[np.float64]: ...


@dataclass(slots=True)
class Canvas:
    """A CT and its labels while they are painted; later paint covers earlier paint.

    Parameters
    ----------
    low_mm : (3,) array
        Centre of the first voxel, patient x, y, z.
    shape : (int, int, int)
        Slices, rows, columns.
    voxel_mm : float
        Edge of a voxel.
    """

    low_mm: NDArray[np.float64]
    shape: tuple[int, int, int]
    voxel_mm: float
    hu: NDArray[np.float32]
    labels: NDArray[np.uint16]

    @classmethod
    def of(cls, low_mm: ArrayLike, high_mm: ArrayLike, voxel_mm: float) -> Canvas:
        """An empty canvas over a box, patient x, y, z."""
        if not 0.3 <= voxel_mm <= 4.0:
            raise InputError(f"voxel_mm must be 0.3 to 4 for a phantom, got {voxel_mm}")
        low, high = np.asarray(low_mm, dtype=np.float64), np.asarray(high_mm, dtype=np.float64)
        whole = -(-(high - low) // (voxel_mm * _BLOCK)) * _BLOCK  # blocks fit without a rest
        columns, rows, slices = (int(n) for n in whole)
        shape = slices, rows, columns
        hu = np.full(shape, tissues()[0].hu, dtype=np.float32)
        return cls(low + 0.5 * voxel_mm, shape, voxel_mm, hu, np.zeros(shape, dtype=np.uint16))

    def axis_mm(self, axis: int) -> NDArray[np.float64]:
        """Voxel centres along patient x (0), y (1) or z (2)."""
        return np.asarray(self.low_mm[axis] + self.voxel_mm * np.arange(self.shape[2 - axis]))

    def paint(
        self, shape: Shape, tissue: str, *, hu: float | None = None, ripple_mm: float = 0.0
    ) -> None:
        """Fill a shape with a tissue; edge voxels by the share of them that is inside.

        ``ripple_mm`` (one SD) makes the outline of an organ irregular.
        """
        value = tissues()[label(tissue)].hu if hu is None else hu
        number, flat_hu, flat_labels = label(tissue), self.hu.reshape(-1), self.labels.reshape(-1)
        close, inside = self._blocks(shape, reach_mm=3.0 * ripple_mm)
        if len(inside):
            filled = self._voxels(inside)
            flat_hu[filled], flat_labels[filled] = value, number
        if len(close):
            near, points = self._voxels(close), self._points(close)
            depth = shape.distance_mm(points)
            if ripple_mm > 0.0:
                depth = depth + ripple_mm * ripple(*points.T)
            share = np.clip(0.5 - depth / self.voxel_mm, 0.0, 1.0).astype(np.float32)
            flat_hu[near] += share * (np.float32(value) - flat_hu[near])
            flat_labels[near[depth < 0]] = number

    def wash(
        self, i: int, depth_mm: NDArray[np.float32], tissue: str, rows: slice, columns: slice
    ) -> None:
        """Fill where a signed distance (J, K) over a part of slice ``i`` is negative."""
        values, marks = self.hu[i, rows, columns], self.labels[i, rows, columns]
        cover = np.clip(np.float32(0.5) - depth_mm / np.float32(self.voxel_mm), 0.0, 1.0)
        values += cover * (np.float32(tissues()[label(tissue)].hu) - values)
        marks[depth_mm < 0] = label(tissue)

    def paint_bone(self, shape: Shape, shell_mm: Shade, *, trabecular_hu: float) -> None:
        """Fill a bone: a cortical shell (thickness from ``shell_mm(points)``) and its inside."""
        cortical_hu = np.float32(tissues()[label("cortical_bone")].hu)
        inner_hu = np.float32(trabecular_hu)
        flat_hu, flat_labels = self.hu.reshape(-1), self.labels.reshape(-1)
        close, inside = self._blocks(shape, reach_mm=2.0)
        filled = self._voxels(inside)
        flat_hu[filled], flat_labels[filled] = inner_hu, label("trabecular_bone")
        if not len(close):
            return
        near, points = self._voxels(close), self._points(close)
        depth = shape.distance_mm(points)
        bone = depth < 0.5 * self.voxel_mm
        near, depth, points = near[bone], depth[bone], points[bone]
        whole = np.clip(0.5 - depth / self.voxel_mm, 0.0, 1.0).astype(np.float32)
        inner = 0.5 - (depth + shell_mm(points)) / self.voxel_mm
        inner = np.clip(inner, 0.0, 1.0).astype(np.float32)
        flat_hu[near] = (
            (1 - whole) * flat_hu[near] + (whole - inner) * cortical_hu + inner * inner_hu
        )
        hard = depth > -_CORTICAL_LABEL_MM
        flat_labels[near[(depth < 0) & hard]] = label("cortical_bone")
        flat_labels[near[(depth < 0) & ~hard]] = label("trabecular_bone")

    def finished(self) -> tuple[Volume, Volume]:
        """CT in HU (int16) with texture and noise, and labels."""
        ct = np.empty(self.shape, dtype=np.int16)
        spread = np.array([tissue.hu_sd for tissue in tissues()], dtype=np.float32)
        bony = np.zeros(len(spread), dtype=bool)
        bony[[label("trabecular_bone"), label("cortical_bone")]] = True
        fine, soft, struts = noise_tiles()[:3]
        across = [np.arange(n) % _TILE for n in self.shape]

        def slab(i: int) -> None:
            here, there = np.ix_(across[1], across[2]), self.labels[i]
            texture = np.where(bony[there], struts[i % _TILE][here], soft[i % _TILE][here])
            noise = fine[(i * 7) % _TILE][here]
            noisy = self.hu[i] + spread[there] * texture + _NOISE_HU * noise
            ct[i] = np.clip(np.rint(noisy), -1024, 3071)  # the 12 bits of a scanner

        in_threads(slab, self.shape[0])
        place = axis_aligned([self.voxel_mm] * 3, self.low_mm.tolist())
        return Volume(ct, place, "hu"), Volume(self.labels, place, "label")

    def _blocks(
        self, shape: Shape, *, reach_mm: float = 0.0
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Blocks (B, 3) near the surface, and those surely inside, as slice, row, column.

        Blocks of 4 x 4 x 4 are sorted by the distance of their centre, with a third to spare for
        distances that are exact only near the surface.
        """
        size = _BLOCK * self.voxel_mm
        low, high = shape.box_mm
        low, high = low - reach_mm, high + reach_mm
        start = np.floor((low - self.low_mm) / size).astype(int)
        stop = np.ceil((high - self.low_mm) / size).astype(int) + 1
        most = np.array(self.shape[::-1]) // _BLOCK
        start, stop = np.clip(start, 0, most), np.clip(stop, 0, most)
        x, y, z = (np.arange(a, b) for a, b in zip(start, stop, strict=True))
        grid = np.stack(np.meshgrid(z, y, x, indexing="ij"), axis=-1).reshape(-1, 3)
        middle = self.low_mm + (grid[:, ::-1] * _BLOCK + 0.5 * (_BLOCK - 1)) * self.voxel_mm
        depth = shape.distance_mm(middle)
        reach = 1.35 * np.sqrt(3.0) * 0.5 * size
        inside = depth < -reach - reach_mm
        return grid[~inside & (depth < reach + reach_mm)], grid[inside]

    def _voxels(self, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat indices (B * 64,) of the voxels of blocks (B, 3)."""
        strides = np.array([self.shape[1] * self.shape[2], self.shape[2], 1])
        return np.asarray(((blocks * _BLOCK) @ strides)[:, None] + _STEPS @ strides).reshape(-1)

    def _points(self, blocks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Their centres (B * 64, 3) in the patient."""
        first = self.low_mm + self.voxel_mm * _BLOCK * blocks[:, ::-1]
        return np.asarray(first[:, None] + self.voxel_mm * _STEPS[:, ::-1]).reshape(-1, 3)


@cache
def noise_tiles() -> tuple[NDArray[np.float32], ...]:
    """Periodic unit-variance noise (64, 64, 64), slices first.

    In turn: quantum noise of a soft kernel, texture of soft tissue, trabeculae, strands that run
    along the body (fat between fibres), and slow waves (outlines of organs).
    """
    rng = np.random.default_rng(_NOISE_KEY)
    tiles = []
    for sigma, less in (
        ((0.5, 0.7, 0.7), 0.45),  # a ramp filter holds little noise of low frequency
        ((1.2, 0.8, 0.8), 0.0),
        ((1.6, 0.6, 0.6), 0.3),
        ((9.0, 1.1, 1.1), 0.0),
        ((6.0, 4.0, 4.0), 0.0),
    ):
        white = rng.standard_normal((_TILE, _TILE, _TILE))
        tile = ndimage.gaussian_filter(white, sigma, mode="wrap")
        if less:
            tile -= less * ndimage.gaussian_filter(white, [2.5 * s for s in sigma], mode="wrap")
        tiles.append(((tile - tile.mean()) / tile.std()).astype(np.float32))
    return tuple(tiles)


def ripple(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> NDArray[np.float32]:
    """Slow waves of unit variance at places in mm; the shapes of x, y and z are broadcast."""
    return noise_tiles()[4][_tile_index(z), _tile_index(y), _tile_index(x)]


def strands(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> NDArray[np.float32]:
    """Thin strands along z, unit variance, at places in mm as for `ripple`."""
    return noise_tiles()[3][_tile_index(z), _tile_index(y), _tile_index(x)]


def _tile_index(at_mm: ArrayLike) -> NDArray[np.intp]:
    return np.asarray(np.floor(np.asarray(at_mm)).astype(np.intp) % _TILE)


def in_threads(slab: Callable[[int], None], count: int) -> None:
    """Run ``slab(i)`` for each i, in threads; each writes its own part."""
    with ThreadPoolExecutor(min(cpu_count() or 1, 8)) as pool:
        list(pool.map(slab, range(count)))
