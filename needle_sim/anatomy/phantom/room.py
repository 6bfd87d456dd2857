"""`Room`: places in the abdominal cavity, as shares of its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.blocks import Shape
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit, Row, bar

_Points = NDArray[np.floating[Any]]
X, UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
_FAR_MM = 20.0  # off a shape what cuts it no longer matters
_OFF_WALL_MM = 1.5
_LEVEL_MM = 30.0  # from one lower thoracic body to the next (proposed)
Knot = tuple[_Points, tuple[float, float]]
"""A place (3,) and half sizes of a section there."""


@dataclass(frozen=True, slots=True)
class Organ:
    """A tissue, its rows or shape, how irregular its outline is (SD, mm), and other HU."""

    tissue: str
    rows: Sequence[Row]
    ripple_mm: float = 1.0
    hu: float | None = None
    limit: Callable[[_Points], _Points] | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """The cavity within the muscular wall of a trunk."""

    column: Column
    trunk: Trunk

    def at(self, level: str, beside: float, deep: float, up_mm: float = 0.0) -> _Points:
        """Place (3,) at the height of a body.

        ``beside`` is 1 at the left and -1 at the right wall; ``deep`` 0 at the front wall and 1
        abreast of the middle of L3.
        """
        z = float(station_mm(self.column, level)[2]) + up_mm
        x = float(self.trunk.axis_mm(np.array([z]))[0]) + beside * self.trunk.cavity_half_mm
        return np.array([x, (1.0 - deep) * self.trunk.cavity_front_mm, z])

    def by(self, level: str, x: float, y: float, up_mm: float = 0.0) -> _Points:
        """Place (3,) off the middle of a body, mm, along the patient's axes."""
        return place(self.column, level, x, y, up_mm)

    def inside(self, organ: Organ) -> Shape:
        """The shape of an organ cut off at the wall, and by its own limit."""
        shape, more = Implicit.of(organ.rows), organ.limit
        corners = np.stack(np.meshgrid(*shape.box_mm.T), axis=-1).reshape(-1, 3)
        free = bool((self.trunk.cavity_mm(corners) < -_OFF_WALL_MM).all())
        if free and more is None:  # the cavity is convex
            return shape

        def limit(points: _Points, depth: _Points) -> _Points:
            cut = depth if free else np.maximum(depth, self.trunk.cavity_mm(points) + _OFF_WALL_MM)
            return np.asarray(cut if more is None else np.maximum(cut, more(points)))

        return Within(shape, limit)


@dataclass(frozen=True, slots=True)
class Within:
    """A shape cut off by what ``limit(points, distance)`` makes of its distance (P,)."""

    shape: Implicit
    limit: Callable[[_Points, _Points], _Points]

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), negative inside."""
        points = np.asarray(points_mm, dtype=np.float64)
        depth = self.shape.distance_mm(points)
        near = depth < _FAR_MM
        depth[near] = self.limit(points[near], depth[near])
        return depth

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3)."""
        return self.shape.box_mm


def place(column: Column, level: str, x: float, y: float, z: float = 0.0) -> _Points:
    """Patient point (3,) offset from the centre of a body along the patient's axes; of L1 to L5,
    however many lumbar vertebrae there are."""
    return np.asarray(station_mm(column, level) + np.array([x, y, z]))


def station_mm(column: Column, level: str) -> _Points:
    """Middle (3,) of a body; above the first one that is built, where it would be."""
    if level in column.bodies or not level.startswith("T"):
        return np.asarray(column.station_mm(level)[0])
    first = column.levels[0]
    last = int(first[1:]) + (12 if first.startswith("L") else 0)
    up = np.array([0.0, 0.0, _LEVEL_MM * (last - int(level[1:]))])
    return np.asarray(column.bodies[first].matrix[:3, 3] + up)


def chain(knots: Sequence[Knot], blend_mm: float = 2.0, *, across: _Points = X) -> list[Row]:
    """A tapering strand of elliptic bars through knots (point, half sizes along x and across)."""
    return [
        bar(start, end, first, end_radii_mm=last, across=across, blend_mm=blend_mm)
        for (start, first), (end, last) in pairwise(knots)
    ]


def tube(knots: Sequence[tuple[_Points, float]], blend_mm: float = 2.0) -> list[Row]:
    """A round strand through knots (point, radius)."""
    return chain([(point, (radius, radius)) for point, radius in knots], blend_mm)


def blob(centre: ArrayLike, half_mm: tuple[float, float, float], along: ArrayLike = UP) -> Row:
    """An ellipsoid: half sizes across (x), across the other way, and ``along``."""
    way = np.asarray(along, dtype=np.float64)
    middle = np.asarray(centre, dtype=np.float64)
    short = 0.01 * way / np.linalg.norm(way)
    return bar(middle - short, middle + short, half_mm[:2], cap_mm=half_mm[2], blend_mm=0.0)


def both() -> Iterator[float]:
    """+1 for the left, -1 for the right side."""
    yield from (1.0, -1.0)
