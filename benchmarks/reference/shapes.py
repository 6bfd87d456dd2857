"""Signed distances of the package's shapes in plain NumPy: every row at every point.

The formulas are those of `needle_sim.geometry`; nothing is passed over by bounding spheres, so that
the answer also checks that passing over is right.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.shapes import Implicit

Floats = NDArray[np.float64]
_SLAB, _CELLS = 20_000, 200_000  # points at once, so that temporaries stay in the cache


def implicit_distance_mm(shape: Implicit, points_mm: Floats) -> Floats:
    """Signed distance (P,) of points (P, 3) from a program of rows, negative inside."""
    axes = [np.stack([row[6:9], row[9:12], np.cross(row[6:9], row[9:12])]) for row in shape.rows]
    return _in_slabs(lambda some: _program(shape.rows, axes, some), points_mm, _SLAB)


def tubes_distance_mm(
    points_mm: Floats, starts: Floats, ends: Floats, start_radius: Floats, end_radius: Floats
) -> Floats:
    """Least signed distance (P,) of points (P, 3) from segments (S, 3) with a linear radius."""
    along = ends - starts
    square = np.maximum((along**2).sum(axis=1), 1e-12)

    def least(some: Floats) -> Floats:
        # |p - a|2 and (p - a) u as products of matrices, (P, S) each
        ahead = some @ along.T - (starts * along).sum(axis=1)
        away2 = (some**2).sum(axis=1)[:, None] - 2 * some @ starts.T + (starts**2).sum(axis=1)
        share = np.clip(ahead / square, 0, 1)
        away2 += share * (share * square - 2 * ahead)
        radius = start_radius + share * (end_radius - start_radius)
        return (np.sqrt(np.maximum(away2, 0)) - radius).min(axis=1)

    return _in_slabs(least, points_mm, max(1, _CELLS // len(starts)))


def _in_slabs(distance: Callable[[Floats], Floats], points_mm: Floats, slab: int) -> Floats:
    starts = range(0, len(points_mm), slab)
    return np.concatenate([distance(points_mm[n : n + slab]) for n in starts] or [np.empty(0)])


def _program(rows: Floats, axes: list[Floats], points: Floats) -> Floats:
    found = np.full(len(points), 1e9)
    for row, turn in zip(rows, axes, strict=True):
        x, y, z = turn @ (points - row[3:6]).T
        here = (_bar, _drum, _box)[int(row[0])](row, x, y, z)
        adds, blend = row[1] == 0, row[2]
        here = here if adds else -here
        reach = np.maximum(blend - np.abs(found - here), 0)
        fillet = 0.25 * reach**2 / blend if blend > 0 else 0.0
        found = np.minimum(found, here) - fillet if adds else np.maximum(found, here) + fillet
    return found


def _bar(row: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """A tapered bar with an elliptic (power 2) or squared (power 4) section."""
    first, last, cap, power, length = row[12:14], row[14:16], row[16], row[17], row[19]
    share = np.clip(z / length, 0, 1) if length > 0 else np.zeros_like(z)
    ru, rv = first[:, None] + share * (last - first)[:, None]
    u, v, w = np.abs(x) / ru, np.abs(y) / rv, np.abs(z - share * length) / cap
    total = u**power + v**power + w**power
    norm = total ** (1 / power)
    steep = np.sqrt(
        (u ** (power - 1) / ru) ** 2 + (v ** (power - 1) / rv) ** 2 + (w ** (power - 1) / cap) ** 2
    )
    least = np.minimum(ru, rv)
    flat = steep < 1e-9
    depth = (norm - 1) * norm ** (power - 1) / np.where(flat, 1, steep)
    if length > 0:
        taper = (last - first) @ np.stack([u**power, v**power]) / np.where(flat, 1, total * length)
        depth /= np.sqrt(1 + taper**2)
    return np.where(flat, -least, np.maximum(depth, -least))


def _drum(row: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """A waisted, wedged vertebral body with dished ends."""
    (w_top, d_top, w_low, d_low, front, back), waist, dish, edge = (
        row[12:18],
        row[18],
        row[19],
        row[20],
    )
    tilt = (back - front) / (d_top + d_low)
    top = np.maximum(0.25 * (front + back) + tilt * y, 1)
    t = np.clip(z / top, -1, 1)
    dent = waist * (1 - t**2)
    a = 0.25 * ((w_top + w_low) + t * (w_top - w_low)) - dent
    b = 0.25 * ((d_top + d_low) + t * (d_top - d_low)) - np.where(y < 0, dent, 0.4 * dent)
    u, v = np.abs(x) / a, np.abs(y) / b
    norm = (u**2.5 + v**2.5) ** 0.4
    steep = np.hypot(u**1.5 / a, v**1.5 / b)
    least, flat = np.minimum(a, b), steep < 1e-9
    side = np.where(
        flat, -least, np.maximum((norm - 1) * norm**1.5 / np.where(flat, 1, steep), -least)
    )
    side /= np.sqrt(1 + (2 * waist * t / top) ** 2)
    end = (np.abs(z) - top + dish * np.maximum(0, 1 - norm**2)) / np.sqrt(1 + tilt**2)
    return _rounded(edge, side + edge, end + edge)


def _box(row: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    edge = row[15]
    return _rounded(edge, *(np.abs([x, y, z]) - row[12:15, None] + edge))


def _rounded(edge: float, *sides: Floats) -> Floats:
    """The corner of half spaces, rounded."""
    outside = np.sqrt(sum(np.maximum(one, 0) ** 2 for one in sides))
    return outside + np.minimum(np.max(sides, axis=0), 0) - edge
