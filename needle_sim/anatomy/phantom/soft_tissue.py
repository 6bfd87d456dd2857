"""What fills the trunk beside and within the spine: psoas, pelvis, discs, ligaments, fat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts, side_sign
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.anatomy.phantom.spec import LEVELS
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.viscera import chain, organs, place, pockets
from needle_sim.anatomy.phantom.voxelise import Shape
from needle_sim.geometry.shapes import Implicit, Row, bar, drum

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


def layers(column: Column, sacrum: Mapping[str, float]) -> Iterator[Layer]:
    """What touches the spine, in the order it is painted; bones and nerves come after."""
    groups: tuple[tuple[str, float, Iterator[list[Row]]], ...] = (
        ("muscle", 1.0, _psoas(column)),
        ("epidural_fat", 0.0, iter([list(_canal(column, sacrum))])),
        ("ligament", 0.0, _ligaments(column)),
    )
    for tissue, ripple_mm, parts in groups:
        for rows in parts:
            yield Layer(tissue, Implicit.of(rows), ripple_mm)
    for upper, lower in pairwise(LEVELS):
        annulus, nucleus = disc_rows(column, upper, lower)
        yield Layer("annulus", Implicit.of([annulus, *_hollow(annulus, lower)]))
        yield Layer("nucleus", Implicit.of([nucleus]))
    for row in _cartilage(column):
        yield Layer("cartilage", Implicit.of([row]))


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


def _canal(column: Column, sacrum: Mapping[str, float]) -> Iterator[Row]:
    """What fills the vertebral canal and bulges into the foramina around the roots."""
    middle, half = [], []
    for level in LEVELS[:-1]:
        spec = column.vertebrae[level]
        middle.append(
            column.bodies[level].apply([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
        )
        half.append((0.5 * spec.canal_width_mm + 1.0, 0.5 * spec.canal_depth_mm + 0.5))
    points = column.bodies["S1"].apply(canal_points(column.vertebrae["S1"], sacrum))[:4]
    middle += list(points)
    half += [(13.5, 7.5), (12.0, 6.5), (9.0, 4.5), (7.0, 3.2)]
    above = middle[0] + (middle[0] - middle[1])
    yield from chain(list(zip([above, *middle], [half[0], *half], strict=True)), 0.5)
    for level in LEVELS[:-1]:
        spec, body = column.vertebrae[level], column.bodies[level]
        for side in SIDES:
            under = Posts(spec, side).pedicle - (0.5 * spec.pedicle_height_mm + 6.0) * _UP
            start = under - Posts(spec, side).at(6.0, -4.0, 0.0)
            end = under + Posts(spec, side).at(5.0, -1.0, -2.0)
            first, last = body.apply([start, end])
            yield bar(first, last, (7.0, 5.0), across=_UP, blend_mm=2.0)


def _ligaments(column: Column) -> Iterator[list[Row]]:
    """Ligamenta flava (3.2-3.8 mm, LF15 PMC4404540) and the interspinous ones."""
    for upper, lower in pairwise(LEVELS):
        top, low = column.vertebrae[upper], column.vertebrae[lower]
        for side in SIDES:
            sign = side_sign(side)
            above, below = Posts(top, side), Posts(low, side)
            low_edge = np.array([sign * 5.0, -1.0, -0.38 * top.lamina_height_mm])
            high_edge = np.array([sign * 6.0, -3.0, 0.45 * low.lamina_height_mm])
            start = column.bodies[upper].apply(above.lamina_top + low_edge)
            end = column.bodies[lower].apply(below.lamina_top + high_edge)
            across = np.array([sign, 0.7, 0.0])
            yield [bar(start, end, (6.5, 1.75), across=across, cap_mm=1.5, blend_mm=0.5)]
        first = column.bodies[upper].apply(
            [0.0, top.back_mm + 0.75 * top.spinous_length_mm, -top.lamina_drop_mm - 6.0]
        )
        last = column.bodies[lower].apply(
            [0.0, low.back_mm + 0.75 * low.spinous_length_mm, -low.lamina_drop_mm]
        )
        yield [bar(first, last, (2.0, 12.0), across=_X, cap_mm=2.0, blend_mm=0.0)]


def disc_rows(column: Column, upper: str, lower: str) -> tuple[Row, Row]:
    """Annulus and nucleus between two bodies; the bones painted later trim them."""
    top, low = column.vertebrae[upper], column.vertebrae[lower]
    above, below = (
        column.bodies[level].apply([0.0, 0.0, sign * 0.5 * spec.height_mm])
        for level, spec, sign in ((upper, top, -1.0), (lower, low, 1.0))
    )
    along = above - below
    height = float(np.linalg.norm(along))
    back = np.cross(along / height, _X)
    turn = np.radians(low.lordosis_above_deg)
    wedge = (
        0.5
        * (top.lower_depth_mm + low.upper_depth_mm)
        * (np.tan(turn) + top.wedge_slope + low.wedge_slope)
    )
    wide = 0.97 * 0.5 * (top.lower_width_mm + low.upper_width_mm)
    deep = 0.97 * 0.5 * (top.lower_depth_mm + low.upper_depth_mm)
    heights = height + 0.5 * wedge, height - 0.5 * wedge
    annulus = drum(
        (wide, deep), (wide, deep), (heights[0] + 1.0, heights[1] + 1.0), waist_mm=-0.6,
        round_mm=1.0, centre_mm=0.5 * (above + below), axes=(_X, back),
    )  # fmt: skip
    nucleus = drum(
        (0.62 * wide, 0.6 * deep), (0.62 * wide, 0.6 * deep), (heights[0] + 2.0, heights[1] + 2.0),
        round_mm=2.0, centre_mm=0.5 * (above + below) + 1.5 * back, axes=(_X, back),
    )  # fmt: skip
    return annulus, nucleus


def _hollow(annulus: Row, lower: str) -> Iterator[Row]:
    """The hollow at the back of a disc; the lowest one is flat."""
    deep = 0.0 if lower == "S1" else 1.0 if lower == "L5" else 1.8
    if deep > 0.0:
        back, axis = annulus[9:12], np.cross(annulus[6:9], annulus[9:12])
        centre = annulus[3:6] + (0.5 * annulus[13] + _HOLLOW_MM - deep) * back
        half = (_HOLLOW_MM, _HOLLOW_MM)
        yield bar(centre - 12 * axis, centre + 12 * axis, half, across=_X, blend_mm=1.0, step="cut")


def _cartilage(column: Column) -> Iterator[Row]:
    """Facet joints: what fills the space between the articular processes."""
    for upper in LEVELS[:-1]:
        spec, body = column.vertebrae[upper], column.bodies[upper]
        for side in SIDES:
            post = Posts(spec, side)
            half = 0.42 * spec.iap_width_mm, 0.5 * spec.joint_gap_mm + 0.6
            start = post.joint_below - 0.38 * spec.iap_height_mm * post.iap_up
            end = post.joint_below + 0.38 * spec.iap_height_mm * post.iap_up
            first, last = body.apply([start, end])
            yield bar(first, last, half, across=body.turn(post.iap_across), squared=True)
