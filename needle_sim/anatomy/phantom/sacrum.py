"""The sacrum, in the body frame of S1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.bone import groove, superior_process
from needle_sim.anatomy.phantom.edges import border
from needle_sim.anatomy.phantom.posts import SIDES, Point, Posts
from needle_sim.anatomy.phantom.sacral_axis import SEGMENT_SHARES, Segments, first_body
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, Row, Step, bar

_X = np.array([1.0, 0.0, 0.0])
_CORNUA_MM, _WIDTH_MM = 17.7, 112.0  # between the cornua (PARKUS15), of a sacrum of this width
_ROOT_MM = 6.0, 5.0  # half height and half depth of the ala's upper border beside the first SAP
_NOTCH_SHARE = 0.6  # of the neck, from its dorsal end: there the border meets it (proposed)
_UNDER_GROOVE_MM = 0.4  # as the root of a transverse process lies under its groove
_CREST_BACK_MM, _CREST_UP_MM = 12.0, 7.0  # its lateral end, from the middle of the ala (proposed)
WALL_BELOW_MM = 13.0  # upper border of the dorsal wall under the endplate (proposed)


def sacrum_shape(spec: VertebraSpec, sizes: Mapping[str, float]) -> Implicit:
    """Sacrum with superior articular processes, alae, foramina and canal, body frame of S1."""
    axis = Segments(spec, sizes)
    rows = [*_bodies(axis)]
    for side in SIDES:
        post = side_posts(axis, side)
        rows += [*lateral_mass(axis, post), *_bridges(axis, post)]
    rows += [*_dorsal_wall(axis), *_canal(axis)]
    for side in SIDES:
        rows += [*_foramina(axis, side_posts(axis, side))]
    for side in SIDES:
        post = Posts(spec, side)
        rows += [*superior_process(post), ala_root(axis, post)]
    rows += [groove(Posts(spec, side)) for side in SIDES]
    return Implicit.of(rows)


def wall_border(
    spec: VertebraSpec, sizes: Mapping[str, float], bone: Implicit, beside: Point
) -> tuple[Point, Point]:
    """Upper border of the dorsal wall and its ventral edge, abreast of a place off the midline."""
    axis = Segments(spec, sizes)
    start = wall_points(spec, sizes)[0] - 6.0 * axis.dorsal(0) + 3.0 * axis.directions[0]
    return border(bone, start + beside, -axis.directions[0], axis.dorsal(0))


def side_posts(axis: Segments, side: str) -> Posts:
    """`Posts` of S1 on a side."""
    return Posts(axis.spec, "left" if side == "left" else "right")


def _bodies(axis: Segments) -> Iterator[Row]:
    yield first_body(axis)
    half = [(19.0, 12.0), (16.0, 9.5), (13.5, 7.5), (11.5, 6.0), (9.0, 4.5)]
    for n, (top, end) in enumerate(pairwise(axis.ends[1:]), start=1):
        yield bar(top, end, half[n - 1], end_radii_mm=half[n], across=_X, cap_mm=3.0, blend_mm=2.0)


def lateral_mass(
    axis: Segments, post: Posts, *, grown_mm: float = 0.0, step: Step = "add"
) -> list[Row]:
    """Ala and lateral part of one side; grown and as a cut it makes the sacroiliac joint space."""
    grow = np.array([grown_mm, grown_mm])
    return [
        bar(
            start,
            end,
            _pair(np.array(first) + grow),
            end_radii_mm=_pair(np.array(last) + grow),
            across=_X,
            blend_mm=4.0 if step == "add" else 0.5,
            step=step,
        )
        for (start, first), (end, last) in pairwise(lateral_knots(axis, post))
    ]


def lateral_knots(axis: Segments, post: Posts) -> list[tuple[Point, tuple[float, float]]]:
    """Middle and half sizes (across, along y) of the lateral part abreast of S1 to S5."""
    ends, out = axis.ends, post.at(1.0, 0.0, 0.0)
    edge, ventral = 0.5 * axis.sizes["width_mm"], axis.sizes.get("ala_ventral_mm", 0.0)
    up, deep = axis.sizes.get("ala_up_mm", 0.0), 0.5 * axis.sizes.get("ala_dorsal_mm", 0.0)
    back = 8.0 - 0.5 * ventral + axis.sizes.get("ala_back_mm", 0.0) + deep
    return [
        (ends[0] + np.array([0.0, back, up - 15.0]) + out * (edge - 13.0), (11.5, 17.0 + deep)),
        (
            ends[1] + out * (edge - 18.0) + (10.0 - ventral + deep) * axis.dorsal(1),
            (12.5, 13.5 + deep),
        ),
        (ends[2] + out * (edge - 25.0) + 6.0 * axis.dorsal(2), (10.0, 9.0)),
        (ends[3] + out * (edge - 33.0) + 3.0 * axis.dorsal(3), (7.5, 6.0)),
        (ends[4] + out * (edge - 41.0) + 1.0 * axis.dorsal(4), (5.0, 4.5)),
    ]


def _bridges(axis: Segments, post: Posts) -> Iterator[Row]:
    """Bone from the body of S1 to the ala, and between the foramina below."""
    ends, knots = axis.ends, lateral_knots(axis, post)
    across = (0.0, 0.0, 1.0)
    beside = post.at(0.36 * axis.spec.upper_width_mm, 9.0, -14.0)
    yield bar(
        ends[0] + beside,
        knots[0][0],
        (10.0, 12.0),
        end_radii_mm=(9.5, 14.0),
        across=across,
        blend_mm=5.0,
    )
    for n in (1, 2, 3, 4):
        middle = 0.5 * (ends[n] + ends[n + 1])
        low = 0.5 * (knots[n][0] + knots[min(n + 1, 4)][0])
        first, last = (7.0 - n, 7.5 - n), (6.5 - n, 7.0 - n)
        yield bar(middle, low, first, end_radii_mm=last, across=across, blend_mm=2.5)


def ala_root(axis: Segments, post: Posts) -> Row:
    """Upper border of the ala where the base of the superior process runs into it.

    Its top is the floor of the groove of the L5 dorsal ramus, as the transverse process is that of
    a medial branch.
    """
    high, deep = _ROOT_MM
    start = post.neck_point(_NOTCH_SHARE) - (high + _UNDER_GROOVE_MM) * post.neck_over
    crest = lateral_knots(axis, post)[0][0] + np.array([0.0, _CREST_BACK_MM, _CREST_UP_MM])
    return bar(
        start - post.at(2.0, 0.0, 0.0),
        crest,
        (high, deep),
        across=post.neck_over,
        blend_mm=3.0,
    )


def _pair(values: Point) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _dorsal_wall(axis: Segments) -> Iterator[Row]:
    """Fused laminae and the median crest, down to the hiatus at S4."""
    tops = wall_points(axis.spec, axis.sizes)
    for side in SIDES:  # from the first articular processes to the wall and the ala
        post = side_posts(axis, side)
        foot = post.sap - post.at(3.0, 0.0, 0.5 * axis.spec.sap_height_mm + 7.0)
        wall = tops[0] + 1.0 * axis.dorsal(0)
        yield bar(foot, wall, (6.0, 3.5), end_radii_mm=(5.5, 3.0), across=(0, 0, 1.0), blend_mm=3.0)
        low = foot - np.array([0.0, 0.0, 6.0])
        ala = low + post.at(11.0, -14.0, -1.0)
        yield bar(low, ala, (5.0, 5.0), end_radii_mm=(8.5, 8.5), across=_X, blend_mm=4.0)
        yield from _laminae(axis, post)
        horn = cornu(axis, post)
        yield bar(horn[0], horn[1], (2.6, 2.2), end_radii_mm=(2.0, 1.8), across=_X, blend_mm=2.0)
    for n in range(4):
        wide = 15.0 - 2.5 * n
        yield bar(
            tops[n],
            tops[n + 1],
            (wide, 3.0),
            end_radii_mm=(wide - 2.5, 2.6),
            across=_X,
            cap_mm=2.5,
            blend_mm=2.5,
        )
        middle = 0.5 * (tops[n] + tops[n + 1])
        crest = middle + axis.dorsal(n) * (8.0 - 1.5 * n) + 2.0 * axis.directions[n]
        height = 5.0 if n == 0 else 6.5 - n
        yield bar(
            middle,
            crest,
            (height, 2.6),
            end_radii_mm=(height - 1.5, 2.2),
            across=(0, 0, 1.0),
            blend_mm=3.0,
        )


def _laminae(axis: Segments, post: Posts) -> Iterator[Row]:
    """Fused laminae of S2 to S4 from the dorsal wall to the lateral part, between the foramina."""
    tops, knots = wall_points(axis.spec, axis.sizes), lateral_knots(axis, post)
    for n in (1, 2, 3):
        wall = 0.5 * (tops[n] + tops[n + 1]) + post.at(9.0 - 2.0 * n, 0.0, 0.0) + axis.dorsal(n)
        (first, one), (last, other) = knots[n], knots[n + 1]
        side = 0.5 * (first + last) + 0.34 * (one[1] + other[1]) * axis.dorsal(n)
        tall = 0.26 * SEGMENT_SHARES[n] * axis.sizes["length_mm"]
        yield bar(
            wall,
            side - post.at(2.0, 0.0, 0.0),
            (tall, 2.4),
            end_radii_mm=(1.15 * tall, 3.2),
            across=axis.directions[n],
            cap_mm=3.0,
            blend_mm=3.0,
        )


def cornu(axis: Segments, post: Posts) -> tuple[Point, Point]:
    """Root and tip of the sacral cornu of a side, beside the hiatus."""
    apart = _CORNUA_MM * axis.sizes["width_mm"] / _WIDTH_MM
    wall, line = wall_points(axis.spec, axis.sizes)[-1], _canal_line(axis)
    tip = line[5] + 1.5 * axis.dorsal(4) - 4.0 * axis.directions[4]
    return wall + post.at(4.5, 0.0, 0.0), tip + post.at(0.5 * apart, 0.0, 0.0)


FORAMINA_MM = ((20.5, 5.5), (18.5, 5.0), (16.0, 4.2), (13.5, 3.4))
"""Of S1 to S4: middle from the midline, and radius in front (behind it is 0.7 of that)."""

_CANAL_HALF = ((15.0, 7.2), (12.5, 6.0), (9.0, 4.2), (7.0, 3.0), (5.0, 2.2), (4.0, 2.0))


def _canal_line(axis: Segments) -> NDArray[np.float64]:
    """Middle of the sacral canal at the six ends of the segments."""
    spec = axis.spec
    behind = (0.5 * spec.upper_depth_mm, 12.5, 9.5, 7.0, 5.0, 3.5)
    return np.stack(
        [
            end + axis.dorsal(min(n, 4)) * (behind[n] + _CANAL_HALF[n][1] - 0.5)
            for n, end in enumerate(axis.ends)
        ]
    )


def canal_points(spec: VertebraSpec, sizes: Mapping[str, float]) -> NDArray[np.float64]:
    """Middle of the sacral canal (6, 3), S1's upper end to S5's lower end, body frame of S1."""
    return _canal_line(Segments(spec, sizes))


def wall_points(spec: VertebraSpec, sizes: Mapping[str, float]) -> NDArray[np.float64]:
    """Middle of the dorsal wall (5, 3): its upper border on S1, then the lower ends of S1 to S4.

    The wall begins below the endplate, so that the window to L5 is open: 9.1 and 9.6 mm high at its
    sides (WANG21, doi:10.1055/a-1698-6384).
    """
    axis = Segments(spec, sizes)
    behind = [axis.dorsal(n) * (_CANAL_HALF[n][1] + 1.5) for n in range(5)]
    points = _canal_line(axis)[:5] + np.stack(behind)
    points[0] += sizes.get("wall_below_mm", WALL_BELOW_MM) * axis.directions[0]
    return points


def _canal(axis: Segments) -> Iterator[Row]:
    line = _canal_line(axis)
    up = line[0] - 30.0 * axis.directions[0]
    half = (0.5 * axis.spec.canal_width_mm, 0.5 * axis.spec.canal_depth_mm)
    yield bar(up, line[0], half, end_radii_mm=_CANAL_HALF[0], across=_X, blend_mm=1.0, step="cut")
    for n in range(4):
        yield bar(
            line[n],
            line[n + 1],
            _CANAL_HALF[n],
            end_radii_mm=_CANAL_HALF[n + 1],
            across=_X,
            cap_mm=0.5,
            blend_mm=0.8,
            step="cut",
        )


def _foramina(axis: Segments, post: Posts) -> Iterator[Row]:
    """Ventral and dorsal foramina S1 to S4, from canal to both faces."""
    line = _canal_line(axis)
    wider = axis.sizes.get("foramen_mm", 0.0)
    for n, (lateral, usual) in enumerate(FORAMINA_MM):
        radius = usual + wider
        # between segments n + 1 and n + 2, half a centimetre up, beside the bodies
        middle = line[n + 1] + post.at(lateral, 0.0, 0.0) - 3.0 * axis.directions[n]
        front = middle - 45.0 * axis.dorsal(n) + post.at(3.0, 0.0, 0.0)
        yield bar(
            middle,
            front,
            (radius, radius),
            end_radii_mm=(radius + 4.0, radius + 4.0),
            across=_X,
            blend_mm=1.5,
            step="cut",
        )
        back = middle + 30.0 * axis.dorsal(n)
        small = 0.7 * radius
        yield bar(middle, back, (small, small), across=_X, blend_mm=1.5, step="cut")
        yield bar(
            line[n + 1] - 3.0 * axis.directions[n],
            middle,
            (0.9 * radius, 0.9 * radius),
            across=(0, 0, 1.0),
            blend_mm=1.0,
            step="cut",
        )
