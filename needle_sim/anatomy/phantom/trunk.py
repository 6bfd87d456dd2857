"""`Trunk`: the outline of the body with its skin, subcutis and muscular wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.voxelise import Canvas, in_threads, ripple

_Points = NDArray[np.floating[Any]]
_RAPHE_MM = 45.0  # where the fasciae of the flank meet behind the middle of the spine
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
        """Skin and, inside it, fat, slice by slice."""
        x, y, z = (canvas.axis_mm(axis).astype(np.float32) for axis in range(3))
        back = self.back_mm(z.astype(np.float64)).astype(np.float32)
        knots = np.arange(0, canvas.shape[0] + _STRIDE, _STRIDE).clip(max=canvas.shape[0] - 1)
        edges = np.empty((len(knots), len(y), len(x)), dtype=np.float32)
        skin = np.float32(self.sizes["skin_mm"])
        every = slice(None)

        def knot(n: int) -> None:
            edges[n] = self.depth_mm(x[None, :], y[:, None], z[knots[n]], back[knots[n]])

        def slab(i: int) -> None:
            n, share = i // _STRIDE, np.float32((i % _STRIDE) / _STRIDE)
            depth = edges[n] + share * (edges[min(n + 1, len(knots) - 1)] - edges[n])
            canvas.wash(i, depth, "skin", every, every)
            canvas.wash(i, depth + skin, "fat", every, every)

        in_threads(knot, len(knots))
        in_threads(slab, canvas.shape[0])

    def paint_wall(self, canvas: Canvas) -> None:
        """Rectus and the three flat muscles of the abdominal wall around the cavity."""
        x, y, z = (canvas.axis_mm(axis).astype(np.float32) for axis in range(3))
        centre, half = self._cavity(z.astype(np.float64))
        aside = np.abs(x)[None, :]
        middle = 1.0 - 0.8 * np.exp(-((aside / 3.0) ** 2))  # linea alba
        middle = middle * (1.0 - 0.6 * np.exp(-(((aside - 66.0) / 4.0) ** 2)))  # semilunaris
        whole = aside < 64.0  # the rectus is not layered
        every, crest = slice(None), float(self.column.bodies["S1"].matrix[2, 3]) + 25.0
        above = np.interp(z, [crest - 45.0, crest], [-0.2, 1.6])  # under the crest only in front

        def slab(i: int) -> None:
            mid, deep = np.float32(centre[i]), np.float32(half[i])
            depth = superellipse_mm(
                aside / np.float32(self._half_mm), np.abs((y[:, None] - mid) / deep),
                np.float32(self._half_mm), deep,
            )  # fmt: skip
            depth += np.float32(0.7) * ripple(x[None, :], y[:, None], z[i])
            height = (y[:, None] - mid) / deep
            behind = np.clip(height - 0.35, 0.0, 0.45) / 0.45
            front = np.clip(-4.0 * height - 1.6, 0.0, 1.0)
            thick = self.sizes["wall_mm"] * (1.0 - 0.8 * behind) * (1.0 + front * (middle - 1.0))
            thick = thick * np.clip(2.5 * (np.float32(above[i]) - height), 0.0, 1.0)
            wall = np.maximum(depth, -thick - depth)
            canvas.wash(i, wall, "muscle", every, every)
            gap = np.minimum(np.abs(depth + 0.38 * thick), np.abs(depth + 0.7 * thick)) - 0.55
            gap[whole & (height < -0.3)] = 9.0
            canvas.wash(i, np.maximum(gap, wall), "fat", every, every)

        in_threads(slab, canvas.shape[0])

    def cavity_mm(self, points_mm: _Points) -> _Points:
        """Signed distance (P,) of points (P, 3) from the inner face of the wall, to first order."""
        x, y, z = points_mm.T
        levels = np.linspace(-220.0, 120.0, 69)
        centre, half = (np.interp(z, levels, one) for one in self._cavity(levels))
        wide = self._half_mm
        outline = superellipse_mm(np.abs(x) / wide, np.abs((y - centre) / half), wide, half)
        return outline + self.sizes["wall_mm"]

    @property
    def _half_mm(self) -> float:
        """Half width over the muscles of the flanks."""
        sizes = self.sizes
        return sizes["half_width_mm"] - sizes["skin_mm"] - sizes["subcutis_side_mm"]

    def _cavity(self, z_mm: _Points) -> tuple[_Points, _Points]:
        """Middle and half depth (I,) of the outline of the muscular wall."""
        front = self.cavity_front_mm - self.sizes["wall_mm"]
        levels = np.stack([self.column.bodies[one].matrix[:3, 3] for one in self.column.levels])[
            ::-1
        ]
        behind = np.interp(z_mm, levels[:, 2], levels[:, 1]) + _RAPHE_MM
        return 0.5 * (front + behind), 0.5 * (behind - front)

    def depth_mm(self, x: _Points, y: _Points, z: Any, back: Any) -> _Points:
        """Signed distance to the skin, to first order; x, y, z and the midline are broadcast."""
        hips = np.clip((-60.0 - z) / 120.0, 0.0, 1.0)
        wide = self.sizes["half_width_mm"] * (1.0 + 0.08 * hips * hips * (3 - 2 * hips))
        furrow = self.sizes["furrow_mm"] * (1.0 + hips)
        front = -self.sizes["front_mm"]
        middle, half = 0.5 * (back + furrow + front), 0.5 * (back + furrow - front)
        u = np.abs(x / wide)
        v = np.abs((y - middle) / half)
        depth = superellipse_mm(u, v, wide, half)
        groove = furrow * np.exp(-((x / 15.0) ** 2))
        dorsal = np.clip((y - middle) / half, 0.0, 1.0) ** 4
        return np.asarray(np.maximum(depth, -half) + groove * dorsal)


def superellipse_mm(u: _Points, v: _Points, wide_mm: Any, half_mm: Any) -> _Points:
    """Distance to a superellipse of power 2.5, to first order; u and v in half sizes, >= 0."""
    gu, gv = u * np.sqrt(u), v * np.sqrt(v)
    norm = (u * gu + v * gv) ** np.float32(0.4)
    steep = np.sqrt((gu / wide_mm) ** 2 + (gv / half_mm) ** 2)
    steep = steep / np.maximum(norm * np.sqrt(norm), np.float32(1e-4))
    return np.asarray((norm - 1.0) / np.maximum(steep, np.float32(1e-4)))


def _smoothed(values: _Points, at_mm: _Points) -> _Points:
    """Gaussian mean over 18 mm, ends held."""
    weights = np.exp(-0.5 * ((at_mm[:, None] - at_mm[None, :]) / 18.0) ** 2)
    return np.asarray(weights @ values / weights.sum(axis=1))
