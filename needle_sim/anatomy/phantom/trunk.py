"""`Trunk`: the outline of the body with its skin, subcutis and muscular wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.spec import LEVELS
from needle_sim.anatomy.phantom.voxelise import Canvas, in_threads
from needle_sim.anatomy.tissue import label, tissues

_Points = NDArray[np.floating[Any]]
_STRIDE = 4  # slices between which the outline is interpolated; it is smooth over centimetres


@dataclass(frozen=True, slots=True)
class Trunk:
    """Outline of the trunk, prone or supine alike, with its skin, subcutis and abdominal wall."""

    column: Column
    sizes: Mapping[str, float]

    @property
    def cavity_front_mm(self) -> float:
        """Front of the abdominal cavity (y)."""
        sizes = self.sizes
        thick = sizes["skin_mm"] + sizes["subcutis_front_mm"] + sizes["wall_mm"]
        return thick - sizes["front_mm"]

    def back_mm(self, z_mm: _Points) -> _Points:
        """Skin in the midline (y) behind the spinous processes, at heights (I,)."""
        knots = []
        for level in ("L1", "L3", "L5"):
            spec = self.column.vertebrae[level]
            tip = np.array([0.0, spec.back_mm + spec.spinous_length_mm, -spec.lamina_drop_mm - 5.0])
            knots.append(self.column.bodies[level].apply(tip))
        body = self.column.bodies["S1"]
        spec = self.column.vertebrae["S1"]
        for y, z in ((spec.back_mm + 33.0, -30.0), (spec.back_mm + 30.0, -62.0)):
            knots.append(body.apply([0.0, y, z]) + np.array([0.0, 5.0, 0.0]))
        points = np.stack(knots)[::-1]
        behind = np.interp(z_mm, points[:, 2], points[:, 1])
        return _smoothed(behind + self.sizes["behind_spinous_mm"], z_mm)

    def paint(self, canvas: Canvas) -> None:
        """Skin, subcutis, muscular wall and the fat of the cavity, slice by slice."""
        x, y, z = (canvas.axis_mm(axis).astype(np.float32) for axis in range(3))
        back = self.back_mm(z.astype(np.float64)).astype(np.float32)
        levels = np.stack([self.column.bodies[one].matrix[:3, 3] for one in LEVELS])[::-1]
        spine = np.interp(z, levels[:, 2], levels[:, 1]).astype(np.float32)
        names = ("skin", "fat", "muscle", "fat")
        hu = [np.float32(tissues()[label(name)].hu) for name in names]
        knots = np.arange(0, canvas.shape[0] + _STRIDE, _STRIDE).clip(max=canvas.shape[0] - 1)
        edges = np.empty((len(knots), 4, len(y), len(x)), dtype=np.float32)

        def knot(n: int) -> None:
            i = knots[n]
            depth = self._depth(x, y, float(z[i]), float(back[i]))
            height = (y - spine[i])[:, None] * np.ones_like(x)
            wall = self.sizes["wall_mm"] * np.clip((30.0 - height) / 15.0, 0.0, 1.0)
            edges[n, 0], edges[n, 1] = depth, depth + self.sizes["skin_mm"]
            edges[n, 2] = edges[n, 1] + self._subcutis(x, height)
            edges[n, 3] = edges[n, 2] + wall

        def slab(i: int) -> None:
            n = i // _STRIDE
            share = np.float32((i - n * _STRIDE) / _STRIDE)
            values, marks = canvas.hu[i], canvas.labels[i]
            for layer, (name, value) in enumerate(zip(names, hu, strict=True)):
                first, last = edges[n, layer], edges[min(n + 1, len(knots) - 1), layer]
                depth = first + share * (last - first)
                cover = np.clip(0.5 - depth / np.float32(canvas.voxel_mm), 0.0, 1.0)
                values += cover * (value - values)
                marks[depth < 0] = label(name)

        in_threads(knot, len(knots))
        in_threads(slab, canvas.shape[0])

    def _depth(self, x: _Points, y: _Points, z: float, back: float) -> _Points:
        """Signed distance to the skin (J, K) of one slice, to first order."""
        hips = np.clip((-60.0 - z) / 120.0, 0.0, 1.0)
        wide = self.sizes["half_width_mm"] * (1.0 + 0.08 * hips * hips * (3 - 2 * hips))
        furrow = self.sizes["furrow_mm"] * (1.0 + hips)
        front = -self.sizes["front_mm"]
        middle, half = 0.5 * (back + furrow + front), 0.5 * (back + furrow - front)
        u = np.abs(x[None, :] / wide)
        v = np.abs((y[:, None] - middle) / half)
        gu, gv = u * np.sqrt(u), v * np.sqrt(v)
        norm = (u * gu + v * gv) ** 0.4
        steep = np.sqrt((gu / wide) ** 2 + (gv / half) ** 2) / np.maximum(norm, 1e-3) ** 1.5
        depth = (norm - 1.0) / np.maximum(steep, 1e-4)
        groove = furrow * np.exp(-((x / 15.0) ** 2)).astype(np.float32)
        dorsal = np.clip((y[:, None] - middle) / half, 0.0, 1.0) ** 4
        return np.asarray(np.maximum(depth, -half) + groove * dorsal)

    def _subcutis(self, x: _Points, height: _Points) -> _Points:
        sizes = self.sizes
        behind = np.clip((height - 10.0) / 40.0, 0.0, 1.0)
        before = np.clip((-height - 30.0) / 50.0, 0.0, 1.0)
        beside = 1.0 - behind - before
        middle = 1.0 - 0.6 * np.exp(-((x / 14.0) ** 2))  # thin over the spinous processes
        return np.asarray(
            behind * sizes["subcutis_back_mm"] * middle
            + before * sizes["subcutis_front_mm"]
            + beside * sizes["subcutis_side_mm"]
        )


def _smoothed(values: _Points, at_mm: _Points) -> _Points:
    """Gaussian mean over 18 mm, ends held."""
    weights = np.exp(-0.5 * ((at_mm[:, None] - at_mm[None, :]) / 18.0) ** 2)
    return np.asarray(weights @ values / weights.sum(axis=1))
