"""`Trunk`: the outline of the body with its skin, subcutis and muscular wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.voxelise import Canvas

_Points = NDArray[np.floating[Any]]
_HIPS_MM = (168.0, 122.0)  # half width and front over the hip bones, at least (proposed)
_BETWEEN_MM = 75.0  # half the way between their front ends, about (proposed)
_RAPHE_MM = 45.0  # where the fasciae of the flank meet behind the middle of the spine
_FURROW_SHARE = 0.7  # of a curve of the spine is seen in the furrow of the back (proposed)
_CHEST_SHARE, _CHEST_MM = 0.8, 35.0  # of it is kept behind, from so far under T12 up (proposed)
_ODD_MM, _ODD_SUBCUTIS_MM = 3.0, 16.0  # one side of the skin over the other, over so much fat
_NAVEL_MM, _NAVEL_HALF_MM = 9.0, 8.0  # deep, and half width (proposed)
_FLAT_MM = (7.0, 9.0)  # the belly lies so much flatter under the ribs and over the pubis (proposed)
_UNEVEN = 0.16  # of the wall's thickness, either way (proposed)
_LEVELS_MM = np.linspace(-220.0, 120.0, 69)  # at which the cavity is known
_MEMBRANE_HU = 10.0  # of the fascia in the subcutis, thinner than a voxel


@dataclass(frozen=True, slots=True)
class Trunk:
    """Outline of the trunk, prone or supine alike, with its skin, subcutis and abdominal wall."""

    column: Column
    sizes: Mapping[str, float]
    _cavity_table: _Points | None = field(init=False, repr=False, compare=False, default=None)

    @property
    def cavity_front_mm(self) -> float:
        """Front of the abdominal cavity (y)."""
        sizes = self.sizes
        thick = sizes["skin_mm"] + sizes["subcutis_front_mm"] + sizes["wall_mm"]
        return thick - sizes["front_mm"]

    @property
    def reach_mm(self) -> tuple[float, float]:
        """Greatest half width, and how far the skin lies before the middle of the trunk."""
        wide, front = 1.08 * self.sizes["half_width_mm"], self.sizes["front_mm"]
        return max(wide, _HIPS_MM[0]), max(front, _HIPS_MM[1])

    def axis_mm(self, z_mm: _Points) -> _Points:
        """Middle (x) of the trunk at heights (I,): straight from the sacrum to the first body."""
        first, last = (
            self.column.bodies[self.column.levels[n]].matrix[:3, 3].tolist() for n in (0, -1)
        )
        return np.asarray(np.interp(z_mm, (last[2], first[2]), (last[0], first[0])))

    def midline_mm(self, z_mm: _Points) -> _Points:
        """Furrow of the back (x) at heights (I,): most of the way to the spinous processes."""
        points, axis = self._knots_mm(), self.axis_mm(z_mm)
        beside: _Points = np.interp(z_mm, points[:, 2], points[:, 0])
        return axis + _FURROW_SHARE * (_smoothed(beside - axis, z_mm))

    def back_mm(self, z_mm: _Points) -> _Points:
        """Skin in the midline (y) behind the spinous processes, at heights (I,)."""
        points = self._knots_mm()
        behind = np.interp(z_mm, points[:, 2], points[:, 1])
        return _smoothed(behind + self.sizes["behind_spinous_mm"], z_mm)

    def _knots_mm(self) -> _Points:
        """Tips of the spinous processes and of the sacral crest (K, 3) from below."""
        knots = []
        for level in self.column.levels[:-1]:
            spec = self.column.vertebrae[level]
            tip = np.array([0.0, spec.spinous_mm, -spec.lamina_drop_mm - 5.0])
            knots.append(self.column.bodies[level].apply(tip))
        body = self.column.bodies["S1"]
        spec = self.column.vertebrae["S1"]
        for y, z in ((spec.back_mm + 33.0, -30.0), (spec.back_mm + 30.0, -62.0)):
            knots.append(body.apply([0.0, y, z]) + np.array([0.0, 5.0, 0.0]))
        return np.stack(knots)[::-1]

    def paint(self, canvas: Canvas) -> None:
        """Skin and, inside it, fat with the membrane that parts its two layers."""
        depth = self._skin(canvas)
        canvas.pour(depth, "skin", rind_mm=self.sizes["skin_mm"] + canvas.voxel_mm)
        canvas.pour(depth + np.float32(self.sizes["skin_mm"]), "fat")
        membrane = depth + np.float32(0.55) * self._subcutis(canvas)
        canvas.sheet(membrane, np.full_like(depth, 0.1), hu=_MEMBRANE_HU, ripple_mm=0.2)

    def paint_wall(self, canvas: Canvas) -> None:
        """Rectus and the three flat muscles of the abdominal wall around the cavity."""
        x, y, z = (canvas.node_axis_mm(axis) for axis in range(3))
        centre, half = (one[:, None, None] for one in self._cavity(z))
        aside, height = np.abs(self._beside(x, z)), (y[:, None] - centre) / half
        depth = _outline_mm(aside, height, self._half_mm, half)
        middle = 1.0 - 0.8 * np.exp(-((aside / 4.0) ** 2))  # linea alba
        middle = middle * (1.0 - 0.6 * np.exp(-(((aside - 66.0) / 5.0) ** 2)))  # semilunaris
        middle = middle * np.where(aside < 66.0, _belly_of(aside / 66.0), 1.0)  # of the rectus
        crest = float(self.column.bodies["S1"].matrix[2, 3]) + 25.0
        above = np.interp(z, [crest - 22.0, crest], [-0.3, 1.6])[
            :, None, None
        ]  # then only in front
        behind = np.clip(height - 0.35, 0.0, 0.45) / 0.45 * self._flank(z)[:, None, None]
        front = np.clip(-4.0 * height - 1.6, 0.0, 1.0)
        thick = self.sizes["wall_mm"] * (1.0 - 0.8 * behind) * (1.0 + front * (middle - 1.0))
        drift = self._drift(x, y[:, None], z[:, None, None])
        thick = thick * np.clip(6.0 * (above - height), 0.0, 1.0) * (1.0 + _UNEVEN * drift)
        # sheets of fat between the three; the rectus is not layered
        seam = np.minimum(0.4, 0.1 * thick - 0.4) - 0.45 * np.clip(drift, -0.2, 1.0)
        seam = np.where((aside < 64.0) & (height < -0.3), -3.0, seam)
        canvas.layer(depth, thick, seam, ("abdominal_wall", "fat"), ripple_mm=0.7)

    def cavity_mm(self, points_mm: _Points) -> _Points:
        """Signed distance (P,) of points (P, 3) from the inner face of the wall, to first order."""
        x, y, z = points_mm.T
        if self._cavity_table is None:  # worked out once: organs ask a hundred times
            table = np.stack([*self._cavity(_LEVELS_MM), self.axis_mm(_LEVELS_MM)])
            object.__setattr__(self, "_cavity_table", table)
        centre, half, axis = (np.interp(z, _LEVELS_MM, one) for one in self._cavity_table)  # type: ignore[union-attr]
        outline = _outline_mm(np.abs(x - axis), (y - centre) / half, self._half_mm, half)
        return outline + self.sizes["wall_mm"]

    def in_wall_mm(self, z_mm: _Points, turn: _Points, deep_mm: float) -> _Points:
        """Places (N, 3) ``deep_mm`` within the outer face of the muscular wall, x beside the middle
        of the trunk: at heights (N,) and angles (N,) from straight behind, rad."""
        centre, half = self._cavity(z_mm)
        across, back, reach = np.abs(np.sin(turn)), np.cos(turn), np.ones(len(turn))
        for _ in range(4):
            power = _power(back * reach)
            reach = (across**power + np.abs(back) ** power) ** (-1.0 / power)
        x = (self._half_mm - deep_mm) * reach * np.sin(turn)
        return np.stack([x, centre + (half - deep_mm) * reach * back, z_mm], axis=1)

    def _drift(self, x: _Points, y: _Points, z: Any) -> _Points:
        """Slow waves, -1 to 1, that are not the same on both sides nor in people of other sizes."""
        sizes = self.sizes
        phase = 0.7 * sizes["half_width_mm"] + 0.4 * sizes["front_mm"]
        return np.asarray(
            0.6 * np.sin(x / 43.0 - y / 37.0 + z / 52.0 + phase)
            + 0.4 * np.cos(x / 21.0 + y / 26.0 - z / 33.0 - 2.0 * phase)
        )

    def _flatter_mm(self, z_mm: Any) -> Any:
        """How much farther back skin and wall lie in front at heights than before L3 to S1."""
        middle, low = (self.column.height_mm(one) for one in ("L3", "S1"))
        over = np.clip((z_mm - middle) / 150.0, 0.0, 1.0) ** 2
        under = np.clip((low + 20.0 - z_mm) / 120.0, 0.0, 1.0) ** 2
        return _FLAT_MM[0] * over + _FLAT_MM[1] * under

    @property
    def cavity_half_mm(self) -> float:
        """Half width of the cavity where it is widest."""
        return self._half_mm - self.sizes["wall_mm"]

    def _flank(self, z_mm: _Points) -> _Points:
        """How much of the wall's thickness is lost behind, at heights (I,): less over the chest,
        where intercostal muscles and latissimus go on to the back."""
        thoracic = [one for one in self.column.levels if one.startswith("T")]
        if not thoracic:
            return np.ones(len(z_mm))
        lowest = float(self.column.bodies[thoracic[-1]].matrix[2, 3])
        over = np.clip((z_mm - lowest) / _CHEST_MM + 1.0, 0.0, 1.0)
        return np.asarray(1.0 - _CHEST_SHARE * over)

    @property
    def _half_mm(self) -> float:
        """Half width over the muscles of the flanks."""
        sizes = self.sizes
        return sizes["half_width_mm"] - sizes["skin_mm"] - sizes["subcutis_side_mm"]

    def _cavity(self, z_mm: _Points) -> tuple[_Points, _Points]:
        """Middle and half depth (I,) of the outline of the muscular wall."""
        front = self.cavity_front_mm - self.sizes["wall_mm"] + self._flatter_mm(z_mm)
        levels = np.stack([self.column.bodies[one].matrix[:3, 3] for one in self.column.levels])[
            ::-1
        ]
        behind = np.interp(z_mm, levels[:, 2], levels[:, 1]) + _RAPHE_MM
        return 0.5 * (front + behind), 0.5 * (behind - front)

    def skin_mm(self, points_mm: _Points) -> _Points:
        """Signed distance (P,) of points (P, 3) from the skin, to first order."""
        x, y, z = points_mm.T
        levels = np.linspace(-260.0, 200.0, 93)
        back, axis = (np.interp(z, levels, one(levels)) for one in (self.back_mm, self.axis_mm))
        return self.depth_mm(x - axis, y, z, back)

    def _beside(self, x: _Points, z: _Points) -> _Points:
        """Places (J,) beside the trunk's middle at heights (I,): (J,), or (I, 1, J) where that is
        not 0 everywhere."""
        axis = self.axis_mm(z)
        return x - axis[:, None, None] if axis.any() else x

    def depth_mm(
        self, x: _Points, y: _Points, z: Any, back: Any, furrow_x: _Points | None = None
    ) -> _Points:
        """Signed distance to the skin, to first order; x, y, z and the midline are broadcast.

        ``x`` is beside the trunk's middle, ``furrow_x`` beside the furrow where that is elsewhere.
        """
        hips = np.clip((-60.0 - z) / 120.0, 0.0, 1.0)
        wide = self.sizes["half_width_mm"] * (1.0 + 0.08 * hips * hips * (3 - 2 * hips))
        crest = np.clip((float(self.column.bodies["S1"].matrix[2, 3]) + 90.0 - z) / 85.0, 0.0, 1.0)
        crest = crest * crest * (3 - 2 * crest)  # over the hip bones the thin are not so thin
        wide = wide + np.maximum(_HIPS_MM[0] - wide, 0.0) * crest
        furrow = self.sizes["furrow_mm"] * (1.0 + hips)
        front = self.sizes["front_mm"]
        hollow = np.maximum(_HIPS_MM[1] - front, 0.0) * crest
        front = -(front + hollow) + self._flatter_mm(z) * (1.0 - np.clip(hollow / 4.0, 0.0, 1.0))
        middle, half = 0.5 * (back + furrow + front), 0.5 * (back + furrow - front)
        height = (y - middle) / half
        depth = _outline_mm(np.abs(x), height, wide, half)
        groove = furrow * np.exp(-(((x if furrow_x is None else furrow_x) / 15.0) ** 2))
        dorsal = np.clip(height, 0.0, 1.0) ** 4
        if np.any(hollow):  # between the hip bones the belly of the thin is as flat as above them
            ventral = np.clip(-height, 0.0, 1.0) ** 4
            depth = depth + hollow * np.exp(-((x / _BETWEEN_MM) ** 4)) * ventral
        depth = np.maximum(depth, -half) + groove * dorsal + _sway_mm(x, y, z)
        return np.asarray(depth + self._odd_mm(x, y, z))

    def _odd_mm(self, x: _Points, y: _Points, z: Any) -> _Points:
        """What one side of the skin lies deeper than the other, and the navel; as far as there is
        fat to take it, and not over the middle of the back."""
        subcutis = min(self.sizes["subcutis_side_mm"], self.sizes["subcutis_front_mm"])
        room = min(1.0, max(0.0, subcutis / _ODD_SUBCUTIS_MM))
        aside = np.clip(x / 90.0, -1.0, 1.0)
        odd = _ODD_MM * aside * self._drift(0.4 * y, y, z)
        height = self.column.height_mm("L4")
        off = (x * x + (z - height) ** 2) / _NAVEL_HALF_MM**2
        return np.asarray(room * (odd + _NAVEL_MM * np.exp(-off) * (y < -40.0)))

    def _skin(self, canvas: Canvas) -> NDArray[np.float32]:
        """Distance to the skin at the nodes of a canvas."""
        x, y, z = (canvas.node_axis_mm(axis) for axis in range(3))
        back = self.back_mm(z)[:, None, None]
        beside = self._beside(x, z)
        midline = self.midline_mm(z)
        furrow_x = x - midline[:, None, None] if midline.any() else None
        return self.depth_mm(beside, y[:, None], z[:, None, None], back, furrow_x).astype(
            np.float32
        )

    def _subcutis(self, canvas: Canvas) -> NDArray[np.float32]:
        """How thick the fat under the skin is, at the nodes of a canvas: sides, front, back."""
        x, y = (canvas.node_axis_mm(axis) for axis in range(2))
        middle = 0.5 * (self.cavity_front_mm + _RAPHE_MM)
        around = np.arctan2(y[:, None] - middle, np.abs(x)) / (0.5 * np.pi)
        knots = [self.sizes[f"subcutis_{place}_mm"] for place in ("front", "side", "back")]
        thick = np.interp(around, [-1.0, 0.0, 1.0], knots) + self.sizes["skin_mm"]
        return np.asarray(thick, dtype=np.float32)


def _outline_mm(aside: _Points, height: _Points, wide_mm: Any, half_mm: Any) -> _Points:
    """Distance to the outline of a trunk, to first order: rounder in front (height < 0)."""
    power = _power(height)
    u, v = np.maximum(aside / wide_mm, 1e-6), np.maximum(np.abs(height), 1e-6)
    across, along = u ** (power - 1.0), v ** (power - 1.0)
    norm = (u * across + v * along) ** (1.0 / power)
    steep = np.hypot(across / wide_mm, along / half_mm) / norm ** (power - 1.0)
    return np.asarray((norm - 1.0) / np.maximum(steep, 1e-4))


def _belly_of(share: _Points) -> _Points:
    """Thickness of a muscle that swells between its edges, at shares 0 to 1 of its width."""
    return np.asarray(0.6 + 0.55 * np.sqrt(np.clip(4.0 * share * (1.0 - share), 0.0, 1.0)))


def _power(height: _Points) -> _Points:
    """Of the trunk's superellipse, at shares of its half depth (negative in front)."""
    return np.asarray(2.35 - 0.25 * np.clip(-2.0 * height, 0.0, 1.0))


def _sway_mm(x: _Points, y: _Points, z: Any) -> _Points:
    """No body is even: the skin goes in and out by about 2 mm, and less near the midline behind."""
    waves = np.sin(x / 31.0 + z / 67.0 + 0.6) * np.cos(y / 39.0 - z / 93.0)
    waves = waves + 0.7 * np.sin(x / 73.0 - y / 45.0 - z / 41.0 + 2.1)
    behind = np.clip((y + 20.0) / 40.0, 0.0, 1.0) * np.exp(-((x / 60.0) ** 2))
    return np.asarray(1.6 * waves * (1.0 - behind))


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
