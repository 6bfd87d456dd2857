"""What fills the trunk beside and within the spine: psoas, pelvis, discs, ligaments, fat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Space
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.disc import disc_rows
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.viscera import chain, organs, place, pockets
from needle_sim.anatomy.phantom.voxelise import Shape
from needle_sim.geometry.shapes import Implicit, Row, bar

_Points = NDArray[np.floating[Any]]
_X, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
_FAR_MM = 20.0  # off a shape what cuts it no longer matters
_HOLLOW_MM = 16.0  # radius of the hollow at the back of a disc (model choice)


@dataclass(frozen=True, slots=True)
class Layer:
    """A tissue, the shape it fills, and how irregular its outline is (SD, mm)."""

    tissue: str
    shape: Shape
    ripple_mm: float = 0.0


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


def organ_layers(column: Column, trunk: Trunk) -> Iterator[Layer]:
    """What the abdominal cavity holds; its wall is painted next."""

    def inside(points: _Points, depth: _Points) -> _Points:
        return np.asarray(np.maximum(depth, trunk.cavity_mm(points) + 1.5))

    for rows in organs(column, trunk.cavity_front_mm):
        yield Layer("viscera", Within(Implicit.of(rows), inside), 1.2)
    for rows, ripple_mm in pockets(column, trunk.cavity_front_mm):
        yield Layer("air", Within(Implicit.of(rows), inside), ripple_mm)


def layers(column: Column, spaces: Mapping[str, Space]) -> Iterator[Layer]:
    """What touches the spine, in the order it is painted; bones and nerves come after."""
    for rows in _psoas(column):
        yield Layer("muscle", Implicit.of(rows), 1.0)
    for kind in ("foramen", "canal"):
        yield from _of_kind(spaces, kind, "epidural_fat")
    for rows in _interspinous(column):
        yield Layer("ligament", Implicit.of(rows))
    yield from _of_kind(spaces, "flavum", "ligament")
    yield from _of_kind(spaces, "disc", "annulus")
    for upper, lower in column.pairs:
        yield Layer("nucleus", Implicit.of([disc_rows(column, upper, lower)[1]]))
    yield from _of_kind(spaces, "facet_joint", "cartilage")


def _of_kind(spaces: Mapping[str, Space], kind: str, tissue: str) -> Iterator[Layer]:
    return (Layer(tissue, one.shape) for one in spaces.values() if one.kind == kind)


def _psoas(column: Column) -> Iterator[list[Row]]:
    """The belly, and the slips that come from discs and transverse processes."""
    for sign in (-1.0, 1.0):
        belly = [
            (place(column, "L1", sign * 24.0, 6.0, 10.0), (5.0, 8.0)),
            (place(column, "L2", sign * 30.0, 3.0), (10.0, 14.0)),
            (place(column, "L3", sign * 37.0, 1.0), (14.5, 18.0)),
            (place(column, "L4", sign * 43.0, -4.0), (17.0, 20.0)),
            (place(column, "L5", sign * 51.0, -16.0), (17.5, 19.0)),
            (place(column, "S1", sign * 60.0, -42.0), (17.0, 17.0)),
            (place(column, "S1", sign * 74.0, -78.0, -55.0), (16.0, 15.0)),
        ]
        slips = [
            (place(column, "L1", sign * 23.0, 10.0), (3.5, 6.0)),
            (place(column, "L2", sign * 26.0, 9.0), (5.0, 8.0)),
            (place(column, "L3", sign * 29.0, 10.0), (7.0, 8.5)),
            (place(column, "L4", sign * 31.0, 9.0), (9.0, 9.0)),
            (place(column, "L5", sign * 35.0, 3.0), (10.0, 10.0)),
            (place(column, "S1", sign * 48.0, -20.0, 12.0), (10.0, 9.0)),
        ]
        yield [*chain(belly, 4.0), *chain(slips, 6.0)]


def _interspinous(column: Column) -> Iterator[list[Row]]:
    for upper, lower in column.pairs:
        top, low = column.vertebrae[upper], column.vertebrae[lower]
        first = column.bodies[upper].apply(
            [0.0, top.back_mm + 0.66 * top.spinous_length_mm, -top.lamina_drop_mm - 6.0]
        )
        last = column.bodies[lower].apply(
            [0.0, low.back_mm + 0.66 * low.spinous_length_mm, -low.lamina_drop_mm]
        )
        deep = 0.135 * (top.spinous_length_mm + low.spinous_length_mm)
        yield [bar(first, last, (2.0, deep), across=_X, cap_mm=2.0, blend_mm=0.0)]
