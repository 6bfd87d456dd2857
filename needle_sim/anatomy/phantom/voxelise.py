"""Shapes painted into a CT: sub-voxel edges from the signed distance, shell, texture, noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom import _kernels
from needle_sim.anatomy.phantom.blocks import BLOCK, Grid, Near, Shape
from needle_sim.anatomy.phantom.noise import Scan, noise_on, quantum_tiles
from needle_sim.anatomy.phantom.texture import (
    PERIOD_MM,
    kinds,
    ripple,
    spongy_hu,
    strands,
    texture_tiles,
    waves,
)
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube, tubes_on_grid
from needle_sim.jit import ahead, in_slabs
from needle_sim.volume.volume import Volume, axis_aligned

__all__ = ["Canvas", "Layer", "Shade", "Shape", "in_threads", "ripple", "strands"]

Shade = Callable[[NDArray[np.float64]], NDArray[np.float64]]
_CORTICAL_LABEL_MM = 1.0  # as in `Anatomy.tissue_labels`
_SHELL_MM = 2.0  # no cortex is thicker
_RIM, _RIM_MM = 0.4, 2.5  # spongy bone is denser by so much at its surface, so far in (proposed)
_SLAB = 6  # slices that a thread finishes at a time
_NOISE_KEY = 20240817


@dataclass(frozen=True, slots=True)
class Layer:
    """A tissue, the shape it fills, how irregular its outline is (SD, mm), and other HU."""

    tissue: str
    shape: Shape
    ripple_mm: float = 0.0
    hu: float | None = None


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
        whole = -(-(high - low) // (voxel_mm * BLOCK)) * BLOCK  # blocks fit without a rest
        columns, rows, slices = (int(n) for n in whole)
        shape = slices, rows, columns
        hu = np.full(shape, tissues()[0].hu, dtype=np.float32)
        return cls(low + 0.5 * voxel_mm, shape, voxel_mm, hu, np.zeros(shape, dtype=np.uint16))

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""
        return Grid(self.low_mm, self.shape, self.voxel_mm)

    def axis_mm(self, axis: int) -> NDArray[np.float64]:
        """Voxel centres along patient x (0), y (1) or z (2)."""
        return self.grid.axis_mm(axis)

    def node_axis_mm(self, axis: int) -> NDArray[np.float64]:
        """Places of the nodes of `pour` along patient x (0), y (1) or z (2)."""
        return self.grid.node_axis_mm(axis)

    def paint(
        self, shape: Shape, tissue: str, *, hu: float | None = None, ripple_mm: float = 0.0
    ) -> None:
        """Fill a shape with a tissue; edge voxels by the share of them that is inside.

        ``ripple_mm`` (one SD) makes the outline of an organ irregular; it is then worked out every
        4 mm only.
        """
        self._stroke(Layer(tissue, shape, ripple_mm, hu))()

    def paint_all(self, layers: Iterable[Layer]) -> None:
        """`paint` one after another; the voxels of the next are found meanwhile."""
        for stroke in ahead(self._stroke, layers):
            stroke()

    def _stroke(self, layer: Layer) -> Callable[[], None]:
        """Which voxels it fills is found at once, and they are filled when this is called."""
        number = label(layer.tissue)
        value = tissues()[number].hu if layer.hu is None else layer.hu
        if layer.ripple_mm > 0.0:
            wave = layer.ripple_mm
            nodes, first = self.grid.nodes(layer.shape, 4.0 * wave + self.voxel_mm)
            return lambda: self.pour(nodes, layer.tissue, hu=value, ripple_mm=wave, first=first)
        found = self.grid.near(layer.shape, inner_mm=0.0)

        def stroke() -> None:
            flat_hu, flat_labels = self.hu.reshape(-1), self.labels.reshape(-1)
            flat_hu[found.filled], flat_labels[found.filled] = value, number
            _kernels.cover(
                flat_hu, flat_labels, found.near, found.depth_mm, self.voxel_mm, value, number
            )

        return stroke

    def paint_tubes(self, tubes: Sequence[Tube], tissue: str, *, hu: float | None = None) -> None:
        """Fill the union of some short tubes, as `paint` does."""
        value = float(tissues()[label(tissue)].hu if hu is None else hu)
        found = tubes_on_grid(tubes, self.low_mm, self.shape, self.voxel_mm)
        _kernels.cover_box(self.hu, self.labels, *found, self.voxel_mm, value, label(tissue))

    def tint(self, shape: Shape, hu: float) -> None:
        """Give the inside of a shape another HU; what it is stays."""
        flat_hu = self.hu.reshape(-1)
        filled, near, depth, _ = self.grid.near(shape, inner_mm=0.0)
        flat_hu[filled] = hu
        share = np.clip(0.5 - depth / self.voxel_mm, 0.0, 1.0).astype(np.float32)
        flat_hu[near] += share * (np.float32(hu) - flat_hu[near])

    def pour(
        self,
        nodes_mm: NDArray[np.float32],
        tissue: str,
        *,
        hu: float | None = None,
        ripple_mm: float = 0.0,
        rind_mm: float = np.inf,
        first: ArrayLike = (0, 0, 0),
    ) -> None:
        """Fill where a signed distance is negative that is known every `node_step` voxels.

        ``nodes_mm`` (A, B, C) begin at voxel ``first`` (slice, row, column) and are linear between.
        What is far deeper than ``rind_mm`` may be left as it is.
        """
        value = tissues()[label(tissue)].hu if hu is None else hu
        start = np.asarray(first, dtype=np.int64)
        tile, at, step = waves(), self.grid.in_tile(PERIOD_MM), self.grid.node_step

        def part(low: int, high: int) -> None:
            here = start + np.array([low * step, 0, 0])
            _kernels.pour(
                self.hu, self.labels, nodes_mm[low : high + 1], here, step, self.voxel_mm,
                float(value), label(tissue), float(rind_mm), ripple_mm, tile, at,
            )  # fmt: skip

        in_slabs(part, len(nodes_mm) - 1, slab=4)

    def layer(
        self,
        depth_mm: NDArray[Any],
        thick_mm: NDArray[Any],
        seam_mm: NDArray[Any],
        names: tuple[str, str],
        *,
        ripple_mm: float,
    ) -> None:
        """A wall inside ``depth_mm`` 0 and two sheets of fat in it, half ``seam_mm`` thick.

        All three at the nodes (A, B, C) of the whole canvas; ``names`` are the two tissues.
        """
        depth, thick, seam = (
            np.asarray(a, dtype=np.float32) for a in (depth_mm, thick_mm, seam_mm)
        )
        numbers = label(names[0]), label(names[1])
        values = tissues()[numbers[0]].hu, tissues()[numbers[1]].hu
        tile, at, step = waves(), self.grid.in_tile(PERIOD_MM), self.grid.node_step

        def part(low: int, high: int) -> None:
            rows, inside = slice(low * step, high * step), slice(low, high + 1)
            _kernels.wall(
                self.hu[rows], self.labels[rows], depth[inside], thick[inside], seam[inside], step,
                self.voxel_mm, values, numbers, ripple_mm, tile, at[0, rows], at,
            )  # fmt: skip

        in_slabs(part, len(depth) - 1, slab=4)

    def sheet(
        self, depth_mm: NDArray[Any], half_mm: NDArray[Any], *, hu: float, ripple_mm: float
    ) -> None:
        """Give HU to a thin sheet where ``depth_mm`` passes 0; what it lies in keeps its label.

        ``half_mm`` is half its thickness; both at the nodes (A, B, C) of the whole canvas.
        """
        depth, half = (np.asarray(a, dtype=np.float32) for a in (depth_mm, half_mm))
        tile, at, step = waves(), self.grid.in_tile(PERIOD_MM), self.grid.node_step

        def part(low: int, high: int) -> None:
            rows, inside = slice(low * step, high * step), slice(low, high + 1)
            _kernels.sheet(
                self.hu[rows], depth[inside], half[inside], step, self.voxel_mm, hu, ripple_mm,
                tile, at[0, rows], at,
            )  # fmt: skip

        in_slabs(part, len(depth) - 1, slab=4)

    def paint_bone(self, shape: Shape, shell_mm: Shade, *, trabecular_hu: float) -> None:
        """Fill a bone: a cortical shell (thickness from ``shell_mm(points)``) and its inside.

        The inside has ``trabecular_hu`` in the middle, and more nearer to it.
        """
        self.paint_bones([(shape, shell_mm, trabecular_hu)])

    def paint_bones(self, bones: Iterable[tuple[Shape, Shade, float]]) -> None:
        """Fill bones, one after another: each has its shape, its shell and its trabecular HU."""

        def near(bone: tuple[Shape, Shade, float]) -> tuple[Near, NDArray[np.float64], float]:
            found = self.grid.near(bone[0], inner_mm=_RIM_MM)
            rind = found.depth_mm > -_SHELL_MM - self.voxel_mm
            thick = np.zeros(len(found.near))
            thick[rind] = bone[1](found.points_mm[rind])
            return found, thick, bone[2]

        cortical, spongy = (label(name) for name in ("cortical_bone", "trabecular_bone"))
        flat_hu, flat_labels = self.hu.reshape(-1), self.labels.reshape(-1)
        for found, thick, inner_hu in ahead(near, bones):
            flat_hu[found.filled], flat_labels[found.filled] = inner_hu, spongy
            _kernels.cover_bone(
                flat_hu, flat_labels, found.near, found.depth_mm, thick, self.voxel_mm,
                tissues()[cortical].hu, float(inner_hu), _RIM,
                (cortical, spongy, _CORTICAL_LABEL_MM, _RIM_MM),
            )  # fmt: skip

    def finished(
        self,
        *,
        seed: int | None = None,
        scan: Scan | None = None,
        whole: Canvas | None = None,
    ) -> tuple[Volume, Volume]:
        """CT in HU (int16) with texture and noise, and labels; the seed draws the noise alone.

        ``whole`` is the body that this canvas holds a part of: its water makes the noise.
        """
        scan = scan or Scan()
        entropy = _NOISE_KEY if seed is None else seed
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(1,)))
        quantum = quantum_tiles(scan, self.voxel_mm, rng)
        shifts = rng.integers(0, quantum.shape[1], (self.shape[0], 2))
        whole = whole or self
        lateral, upright = noise_on(self.grid, whole.hu, whole.grid, scan)
        tiles = texture_tiles(self.voxel_mm)
        kind, spread = kinds()
        at = self.grid.in_tile(tiles.shape[1])
        ct = np.empty(self.shape, dtype=np.int16)

        def part(low: int, high: int) -> None:
            rows = slice(low, high)
            _kernels.finish(
                self.hu[rows], self.labels[rows], ct[rows], kind, spread, tiles,
                at[0, rows], at, quantum, shifts[rows], lateral[rows], upright[rows],
                spongy_hu(),
            )  # fmt: skip

        in_slabs(part, self.shape[0], slab=_SLAB)
        place = axis_aligned([self.voxel_mm] * 3, self.low_mm.tolist())
        return Volume(ct, place, "hu"), Volume(self.labels, place, "label")


def in_threads(slab: Callable[[int], None], count: int) -> None:
    """Run ``slab(i)`` for each i, in threads; each writes its own part."""

    def part(low: int, high: int) -> None:
        for i in range(low, high):
            slab(i)

    in_slabs(part, count, slab=_SLAB)
