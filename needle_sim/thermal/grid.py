"""`Grid`: orthogonal cells about a needle, in rings around its axis or in a box.

A straight needle is a coordinate surface of a ring grid: its radius and its insulation are exact
at any cell size, and the cells are finest where the field is steepest. A box grid has no room for
a thin needle; it serves the verification problems and media without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.errors import InputError

Field = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Cells between three arrays of edges.

    Parameters
    ----------
    edges : three (N,) arrays, rising
        Box: x, y, z in mm. Ring: radius in mm from 0, angle in radians from 0 to 2 pi (measured
        from +x towards +y), z in mm.
    kind : "box" or "ring"
    core_mm : float
        Radius of a needle in a ring grid: from there outwards conductances are those of the field
        of a line (exact logarithms), inside those of a field that is even in the radius.
    """

    edges: tuple[Field, Field, Field]
    kind: Literal["box", "ring"] = "box"
    core_mm: float = np.inf

    def __post_init__(self) -> None:
        edges = tuple(np.array(one, dtype=np.float64) for one in self.edges)
        for one in edges:
            if one.ndim != 1 or len(one) < 2 or not (np.diff(one) > 0).all():
                raise InputError("the edges of a grid must be three rising arrays of at least 2")
            if not np.isfinite(one).all():
                raise InputError("the edges of a grid hold values that are not finite")
            one.flags.writeable = False
        if self.kind == "ring":
            turn = edges[1]
            if edges[0][0] != 0 or turn[0] != 0 or abs(turn[-1] - 2 * np.pi) > 1e-9:
                raise InputError("a ring grid starts at radius 0 and turns from 0 to 2 pi")
            if len(turn) - 1 in (2, 3):
                raise InputError(f"a ring grid has 1 or at least 4 sectors, got {len(turn) - 1}")
            if np.ptp(np.diff(turn)) > 1e-9:
                raise InputError("the sectors of a ring grid must be of one width")
        object.__setattr__(self, "edges", edges)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        a, b, c = (len(one) - 1 for one in self.edges)
        return a, b, c

    @property
    def centres(self) -> tuple[Field, Field, Field]:
        """Middle between the edges of each axis."""
        a, b, c = (0.5 * (one[1:] + one[:-1]) for one in self.edges)
        return a, b, c

    @property
    def volume_mm3(self) -> Field:
        """Volume (I, J, K) of each cell."""
        a, b, c = self.edges
        first = 0.5 * np.diff(a**2) if self.kind == "ring" else np.diff(a)
        return np.asarray(first[:, None, None] * np.diff(b)[:, None] * np.diff(c))

    def points_mm(self, share: tuple[float, float, float] = (0.5, 0.5, 0.5)) -> Field:
        """A point (I, J, K, 3) of each cell in the grid frame, at a share of its width."""
        along = [
            one[:-1] + part * np.diff(one) for one, part in zip(self.edges, share, strict=True)
        ]
        a, b, c = np.meshgrid(*along, indexing="ij")
        if self.kind == "ring":
            a, b = a * np.cos(b), a * np.sin(b)
        return np.stack([a, b, c], axis=-1)

    def halves(self, axis: int) -> tuple[Field, Field]:
        """Length over area, 1/m, from a cell's centre to its low and high face (broadcastable).

        Divided by a conductivity this is the resistance of half a cell; exact for flow from a line.
        """
        a, b, c = (np.diff(one) for one in self.edges)
        da, db, dc = a[:, None, None], b[:, None], c
        low_a, high_a = self.edges[0][:-1, None, None], self.edges[0][1:, None, None]
        middle = self.centres[0][:, None, None]
        if self.kind == "box":
            half = (da / (db * dc), db / (da * dc), dc / (da * db))[axis] * 500.0
            return half, half
        if axis == 0:
            inner, outer = self._radial(low_a, middle, high_a)
            return inner / (db * dc) * 1e3, outer / (db * dc) * 1e3
        half = middle * db / (da * dc) if axis == 1 else dc / (0.5 * (high_a**2 - low_a**2) * db)
        return half * 500.0, half * 500.0

    def _radial(self, low: Field, middle: Field, high: Field) -> tuple[Field, Field]:
        """Integral of dr / r from a middle to both faces."""
        safe = np.where(low > 0, low, middle)
        line = low >= self.core_mm - 1e-9
        inner = np.where(line, np.log(middle / safe), (middle - low) / safe)
        outer = np.where(line, np.log(high / middle), (high - middle) / high)
        return np.asarray(inner), np.asarray(outer)

    def indices(self, points_mm: ArrayLike) -> Field:
        """Points (..., 3) of the grid frame as fractional cell indices (centres at whole numbers).

        Held to the centres of the outermost cells; angles are not wrapped (-0.5 to J - 0.5). In
        rings the index is straight in the logarithm of the radius, as a field about a line is.
        """
        points = np.asarray(points_mm, dtype=np.float64)
        at = [
            np.interp(points[..., axis], centre, np.arange(len(centre), dtype=np.float64))
            for axis, centre in enumerate(self.centres)
        ]
        if self.kind == "ring":
            radius = np.log(self.centres[0])
            r = np.log(np.maximum(np.hypot(points[..., 0], points[..., 1]), self.centres[0][0]))
            at[0] = np.interp(r, radius, np.arange(len(radius), dtype=np.float64))
            turn = np.arctan2(points[..., 1], points[..., 0]) % (2 * np.pi)
            at[1] = turn / (2 * np.pi / self.shape[1]) - 0.5
        return np.stack(at, axis=-1)

    def contains(self, points_mm: ArrayLike) -> NDArray[np.bool_]:
        """True (...) for points (..., 3) of the grid frame inside the outer edges."""
        points = np.asarray(points_mm, dtype=np.float64)
        a, b, c = self.edges
        inside = (points[..., 2] >= c[0]) & (points[..., 2] <= c[-1])
        if self.kind == "ring":
            return np.asarray(inside & (np.hypot(points[..., 0], points[..., 1]) <= a[-1]))
        inside &= (points[..., 0] >= a[0]) & (points[..., 0] <= a[-1])
        return np.asarray(inside & (points[..., 1] >= b[0]) & (points[..., 1] <= b[-1]))

    def interpolate(self, field: Field, points_mm: ArrayLike) -> Field:
        """A cell field (I, J, K) at points (..., 3) of the grid frame, trilinear."""
        return self.at_indices(field, self.indices(points_mm))

    def at_indices(self, field: Field, indices: Field) -> Field:
        """A cell field at fractional indices (..., 3), trilinear, periodic in angle."""
        at = np.moveaxis(indices, -1, 0).reshape(3, -1)
        if self.kind == "ring":
            field = np.concatenate([field[:, -1:], field, field[:, :1]], axis=1)
            at = at + np.array([[0.0], [1.0], [0.0]])
        values = ndimage.map_coordinates(field, at, order=1, mode="nearest", output=np.float64)
        return np.asarray(values).reshape(indices.shape[:-1])


def uniform_box(width_mm: float, cells: int) -> Grid:
    """A cube about the origin."""
    edges = np.linspace(-width_mm / 2, width_mm / 2, cells + 1)
    return Grid((edges, edges, edges))


def graded(first_mm: float, growth: float, most_mm: float, length_mm: float) -> Field:
    """Widths that start at ``first_mm``, grow to ``most_mm`` and add up to ``length_mm``."""
    widths = [first_mm]
    while sum(widths) < length_mm:
        widths.append(min(widths[-1] * growth, most_mm))
    found = np.array(widths[:-1] if len(widths) > 1 else widths)
    return np.asarray(found * (length_mm / found.sum()))
