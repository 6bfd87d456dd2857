"""What fills the trunk around the spine: muscle, viscera, discs, ligaments, epidural fat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts, side_sign
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.anatomy.phantom.spec import LEVELS
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit, Row, bar, drum

_Points = NDArray[np.floating[Any]]
_Place = NDArray[np.float64]
_X, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Layer:
    """A tissue and the shapes it fills."""

    tissue: str
    shape: Implicit


def layers(column: Column, trunk: Trunk, sacrum: Mapping[str, float]) -> Iterator[Layer]:
    """What lies inside the trunk, in the order it is painted; bones and nerves come after."""
    front = trunk.cavity_front_mm
    groups: tuple[tuple[str, Iterator[list[Row]]], ...] = (
        ("viscera", _viscera(column, front)),
        ("air", _gas(column, front)),
        ("muscle", _paraspinal(column, trunk)),
        ("muscle", _psoas(column)),
        ("muscle", _pelvic_muscle(column)),
        ("epidural_fat", iter([list(_canal(column, sacrum))])),
        ("ligament", _ligaments(column)),
    )
    for tissue, parts in groups:
        for rows in parts:
            yield Layer(tissue, Implicit.of(rows))
    for upper, lower in pairwise(LEVELS):
        annulus, nucleus = disc_rows(column, upper, lower)
        yield Layer("annulus", Implicit.of([annulus]))
        yield Layer("nucleus", Implicit.of([nucleus]))
    for row in _cartilage(column):
        yield Layer("cartilage", Implicit.of([row]))


def _at(column: Column, level: str, x: float, y: float, z: float = 0.0) -> _Points:
    """Patient point offset from the centre of a body along the patient's axes."""
    return np.asarray(column.bodies[level].matrix[:3, 3] + [x, y, z])


def _chain(knots: list[tuple[_Points, tuple[float, float]]], blend_mm: float = 2.0) -> list[Row]:
    """A tapering strand of elliptic bars through knots (point, half sizes across x and y)."""
    return [
        bar(start, end, first, end_radii_mm=last, across=_X, blend_mm=blend_mm)
        for (start, first), (end, last) in pairwise(knots)
    ]


def _paraspinal(column: Column, trunk: Trunk) -> Iterator[list[Row]]:
    """Erector spinae, multifidus and quadratus lumborum."""
    top = [("L1", 45.0)]
    places = [*top, *((level, 0.0) for level in LEVELS)]
    erector = [(24, 17), (26, 19), (28, 20), (29, 21), (29, 20), (26, 17), (19, 12)]
    multifidus = [(8, 12), (9, 14), (11, 15), (12.5, 15), (14, 15), (15, 14), (13, 10)]
    cover = trunk.sizes["skin_mm"] + trunk.sizes["subcutis_back_mm"] - trunk.sizes["furrow_mm"]
    for sign in (-1.0, 1.0):
        strands: dict[str, list[tuple[_Points, tuple[float, float]]]] = {"e": [], "m": []}
        for (level, rise), (ex, ey), (mx, my) in zip(places, erector, multifidus, strict=True):
            spec = column.vertebrae[level]
            here = _at(column, level, 0.0, 0.0, rise)
            skin = float(trunk.back_mm(np.array([here[2]]))[0])
            beside = 1.0 + 2 * mx + 0.72 * ex
            strands["e"].append((np.array([sign * beside, skin - cover - ey, here[2]]), (ex, ey)))
            deep = Posts(spec, "left").lamina_top + np.array(
                [sign * (1.5 + mx), 0.85 * my + 2.0, 0.0]
            )
            strands["m"].append((column.bodies[level].apply(deep) + rise * _UP, (mx, my)))
        yield _chain(strands["e"])
        yield _chain(strands["m"])
        quadratus = [
            (_at(column, "L1", sign * 44.0, 24.0, 25.0), (10.0, 7.0)),
            (_at(column, "L2", sign * 54.0, 22.0), (14.0, 9.0)),
            (_at(column, "L4", sign * 66.0, 21.0), (19.0, 12.0)),
            (_at(column, "L5", sign * 80.0, 18.0, 10.0), (17.0, 11.0)),
        ]
        yield _chain(quadratus)


def _psoas(column: Column) -> Iterator[list[Row]]:
    for sign in (-1.0, 1.0):
        knots = [
            (_at(column, "L1", sign * 24.0, 4.0, 10.0), (5.0, 7.0)),
            (_at(column, "L2", sign * 31.0, 1.0), (11.0, 13.0)),
            (_at(column, "L3", sign * 38.0, -1.0), (16.0, 18.0)),
            (_at(column, "L4", sign * 44.0, -6.0), (18.5, 21.0)),
            (_at(column, "L5", sign * 52.0, -17.0), (18.0, 20.0)),
            (_at(column, "S1", sign * 60.0, -42.0), (17.0, 17.0)),
            (_at(column, "S1", sign * 74.0, -78.0, -55.0), (16.0, 15.0)),
        ]
        yield _chain(knots, 4.0)


def _pelvic_muscle(column: Column) -> Iterator[list[Row]]:
    """Gluteus maximus and medius, iliacus."""
    for sign in (-1.0, 1.0):
        for start, end, half, across in (
            ((52.0, 42.0, -38.0), (105.0, 18.0, -95.0), (26.0, 15.0), (0.5 * sign, 0.5, -1.0)),
            ((108.0, 6.0, 15.0), (130.0, -30.0, -85.0), (36.0, 14.0), (-0.6 * sign, 1.0, 0.0)),
            ((86.0, -18.0, 10.0), (82.0, -52.0, -70.0), (36.0, 13.0), (-0.75 * sign, 1.0, 0.0)),
        ):
            first, last = (_at(column, "S1", sign * x, y, z) for x, y, z in (start, end))
            yield [bar(first, last, half, across=across, blend_mm=2.0)]


def _viscera(column: Column, front_mm: float) -> Iterator[list[Row]]:
    """Kidneys, liver, colon and loops of small bowel, roughly."""
    for sign, rise in ((1.0, 22.0), (-1.0, 8.0)):
        low = _at(column, "L2", sign * 72.0, -8.0, rise - 28.0)
        high = _at(column, "L2", sign * 58.0, -2.0, rise + 28.0)
        yield [bar(low, high, (24.0, 20.0), across=_X, cap_mm=22.0)]
    depth = -front_mm
    low, high = _at(column, "L2", -92.0, -0.58 * depth, 5.0), _at(column, "L1", -78.0, -40.0, 40.0)
    yield [bar(high, low, (48.0, 40.0), end_radii_mm=(26.0, 26.0), across=_X)]
    for path in _colon(column, depth):
        yield _chain([(point, (radius, radius)) for point, radius in path], 3.0)
    for n in range(22):  # loops: a fixed spiral over the front of the cavity
        turn, out = 2.4 * n, 0.25 + 0.034 * n
        x, y = 62.0 * out * np.cos(turn), -0.6 * depth + 0.2 * depth * out * np.sin(2.1 * turn)
        centre = np.array([x, y, -150.0 + 9.0 * n])
        along = 15.0 * np.array([np.cos(1.7 * n), 0.4 * np.sin(n), 0.6 * np.sin(2.3 * n)])
        size = 11.0 + 3.0 * np.sin(3.1 * n)
        yield [bar(centre - along, centre + along, (size, 0.9 * size), across=(0.1, 0.2, 1.0))]


def _colon(column: Column, depth: float) -> list[list[tuple[_Points, float]]]:
    """Right, transverse and left colon as (place, radius); ``depth`` is the cavity's before L3."""
    front = -depth
    right = [
        (_at(column, "S1", -92.0, 0.5 * front - 30.0, 5.0), 20.0),
        (_at(column, "L4", -104.0, 0.5 * front), 21.0),
        (_at(column, "L3", -102.0, 0.52 * front, 10.0), 19.0),
    ]
    across = [
        (_at(column, "L3", -84.0, front + 26.0, 5.0), 16.0),
        (_at(column, "L3", -20.0, front + 20.0, -12.0), 15.0),
        (_at(column, "L2", 60.0, front + 24.0, 5.0), 14.0),
        (_at(column, "L1", 100.0, 0.55 * front, 10.0), 15.0),
    ]
    left = [
        (_at(column, "L2", 110.0, 0.32 * front), 14.0),
        (_at(column, "L4", 108.0, 0.36 * front), 13.0),
        (_at(column, "S1", 86.0, 0.5 * front - 25.0, 0.0), 13.0),
    ]
    return [right, across, left]


def _gas(column: Column, front_mm: float) -> Iterator[list[Row]]:
    """Pockets that float in front of what else the colon holds."""
    for turn, path in enumerate(_colon(column, -front_mm)):
        for n, ((start, first), (end, last)) in enumerate(pairwise(path)):
            share = (0.25, 0.6, 0.4, 0.75)[(turn + 2 * n) % 4]
            size = (0.5, 0.62, 0.45)[(turn + n) % 3] * (first + share * (last - first))
            centre = start + share * (end - start) - [0.0, 0.25 * size, 0.0]
            along = 0.05 * (end - start)
            yield [bar(centre - along, centre + along, (1.2 * size, 0.8 * size), across=_UP)]
    for x, z, size in ((22.0, -62.0, 7.0), (-34.0, -88.0, 8.0)):
        here = np.array([x, 0.62 * front_mm, z])
        yield [bar(here, here + np.array([7.0, 0.0, 3.0]), (size, 0.7 * size), across=_UP)]


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
    yield from _chain(list(zip([above, *middle], [half[0], *half], strict=True)), 0.5)
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
