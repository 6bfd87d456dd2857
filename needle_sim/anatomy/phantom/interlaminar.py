"""Between two laminae: ligamenta flava, and the wall of the vertebral canal before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.bone import recess_direction
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.joint import joint_half_mm
from needle_sim.anatomy.phantom.posts import SIDES, Point, Posts
from needle_sim.anatomy.phantom.room import chain
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import canal_points, sacrum_shape, wall_border
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Row, box, trace_mm
from needle_sim.geometry.transform import unit

_Points = NDArray[np.float64]
_UNDER_SHARES = 0.1, 0.5  # the flavum lines the lower half of the ventral face of a lamina
_IN_BONE_MM = 0.3  # of the flavum at the lower border of the upper lamina
_OVER_MIDLINE_MM = 3.0
_UNDER_EDGE_MM = 4.0  # so far under the rounded border of the sacrum's wall the canal is met
_DEEP_MM = 16.0  # what lies behind a flavum is cut from the canal
_WALL_MM = 0.4  # the canal reaches into its bony wall by this, so that no gap is left
_SACRAL_HALF_MM = ((13.5, 7.5), (12.0, 6.5), (9.0, 4.5), (7.0, 3.2))


@dataclass(frozen=True, slots=True)
class Border:
    """Where the canal meets a border of a lamina in the midline, with its directions, patient."""

    ventral_mm: Point
    back: Point
    up: Point


@dataclass(frozen=True, slots=True)
class Interspace:
    """Two neighbouring vertebrae of a column, and the upper border of the lower one's lamina."""

    column: Column
    upper: str
    lower: str
    border: Border

    @property
    def thick_mm(self) -> float:
        """Of the ligamentum flavum."""
        return self.column.vertebrae[self.upper].flavum_mm

    def face(self, share: float) -> Point:
        """Ventral face of the upper lamina in the midline (3,), at a share of its height below its
        middle (0.5 is the lower border)."""
        spec = self.column.vertebrae[self.upper]
        down = recess_direction(spec)
        start = [0.0, spec.arch_mm, -spec.lamina_drop_mm]
        run = share * spec.lamina_height_mm / -down[2]
        return self.column.bodies[self.upper].apply(np.array(start) + run * down)

    def ventral_line(self) -> _Points:
        """Ventral face (3, 3) of the flava in the midline: under the upper lamina, at its lower
        border, at the upper border of the lower lamina."""
        border, (high, low) = self.border, _UNDER_SHARES
        back = self.column.bodies[self.upper].turn([0.0, 1.0, 0.0])
        first = self.face(high) - 0.2 * back
        second = self.face(low) - (self.thick_mm - _IN_BONE_MM) * back
        edge = self.column.vertebrae[self.lower].epidural_dorsal_mm
        return np.stack([first, second, border.ventral_mm + edge * border.back])


def upper_border(column: Column, level: str, sacrum: Mapping[str, float] | None) -> Border:
    """Upper border of the lamina of a level (of the sacrum's dorsal wall for S1), patient."""
    spec, body = column.vertebrae[level], column.bodies[level]
    if level != "S1":
        high = 0.5 * spec.lamina_height_mm - spec.lamina_drop_mm
        at = body.apply([0.0, spec.arch_mm, high])
        return Border(at, body.turn([0.0, 1.0, 0.0]), body.turn([0.0, 0.0, 1.0]))
    if sacrum is None:
        raise InputError("the spaces of S1 need the sizes of its sacrum (slope, length, width ...)")
    own, back, up = sacral_border(spec, sacrum)
    return Border(body.apply(own), body.turn(back), body.turn(up))


def sacral_border(spec: VertebraSpec, sacrum: Mapping[str, float]) -> tuple[Point, Point, Point]:
    """Upper border of the dorsal wall on the canal's side, backwards and up, body frame of S1."""
    axis = Segments(spec, sacrum)
    back, up = axis.dorsal(0), -axis.directions[0]
    bone = sacrum_shape(spec, sacrum)
    _, ventral = wall_border(spec, sacrum, bone, np.zeros(3))
    within = ventral - 8.0 * back - _UNDER_EDGE_MM * up
    return trace_mm(bone, within, back, off_mm=0.0) + _UNDER_EDGE_MM * up, back, up


def flavum_rows(space: Interspace, *, thick_mm: float | None = None) -> Iterator[Row]:
    """The two ligamenta flava, patient: sheets that meet in the midline at a dorsal angle.

    From the lower half of the ventral surface of the upper lamina to the upper border of the lower
    one, and laterally to the capsule of the facet joint (Gray; deep and superficial layers as in
    Olszewski 1996, Spine 21:2307). Thickness 3.2-3.8 mm: LF15, PMC4404540.
    ``thick_mm`` makes the sheets thicker dorsally; their ventral face stays.
    """
    line = space.ventral_line()
    middle = 0.5 * (line[1] + line[2]) + 0.5 * space.thick_mm * space.border.back
    spec, body = space.column.vertebrae[space.upper], space.column.bodies[space.upper]
    for side in SIDES:
        post = Posts(spec, side)
        thick = thick_mm or space.thick_mm + 0.5 * post.sign * spec.flavum_left_more_mm
        capsule = body.apply(post.joint_below - joint_half_mm(spec)[0] * post.iap_across)
        for first, last, beyond in ((line[0], line[1], 0.0), (line[1], line[2], 1.0)):
            along = unit(last - first)
            limb = capsule - middle
            limb = limb - along * float(limb @ along)
            across, wide = unit(limb), float(np.linalg.norm(limb)) + _OVER_MIDLINE_MM
            normal = -np.cross(along, across) * post.sign
            centre = 0.5 * (first + last) + (0.5 * wide - _OVER_MIDLINE_MM) * across
            half = 0.5 * wide, 0.5 * thick, 0.5 * float(np.linalg.norm(last - first)) + beyond
            yield box(
                half,
                round_mm=0.4,
                centre_mm=centre + 0.5 * thick * normal,
                axes=(across, normal),
                blend_mm=0.3,
            )


def canal_rows(column: Column, sacrum: Mapping[str, float] | None) -> list[Row]:
    """The epidural space's outer wall, patient: bone, discs and the ventral faces of the flava.

    From above the first level to the fourth sacral segment, or beyond the last level. The dural sac
    lies in it; the foramina join it.
    """
    levels = column.levels
    spaces = interspaces(column, sacrum)
    by_upper = {one.upper: one for one in spaces}
    knots: list[tuple[Point, tuple[float, float]]] = []
    for level in levels:
        if level == "S1":
            continue
        spec, body = column.vertebrae[level], column.bodies[level]
        deep = 0.5 * (spec.canal_depth_mm + spec.arch_back_mm)  # to an arch that stayed behind
        half = 0.5 * spec.canal_width_mm + _WALL_MM, deep + _WALL_MM
        depth, up = spec.back_mm + deep, 0.5 * spec.lamina_height_mm
        heights = [up - spec.lamina_drop_mm, -spec.lamina_drop_mm]
        if level == levels[0]:
            heights.insert(0, spec.height_mm + 10.0)
        if level not in by_upper:
            heights.append(-spec.height_mm - 10.0)
        knots += [(body.apply([0.0, depth, z]), half) for z in heights]
        if level in by_upper:
            knots.append(_open(by_upper[level], knots[-1]))
    if "S1" in levels and sacrum is not None:
        points = column.bodies["S1"].apply(canal_points(column.vertebrae["S1"], sacrum))[:4]
        knots += list(zip(points, _SACRAL_HALF_MM, strict=True))
    rows = []
    for two in pairwise(knots):
        (left,) = column.left_at(np.array([0.5 * (two[0][0][2] + two[1][0][2])]))
        rows += chain(two, 0.5, across=left)
    for one in spaces:
        rows += [cut_row(row) for row in flavum_rows(one, thick_mm=_DEEP_MM)]
    return rows


def _open(
    space: Interspace, above: tuple[Point, tuple[float, float]]
) -> tuple[Point, tuple[float, float]]:
    """Middle and half sizes of the canal between two laminae, where it reaches farther back."""
    middle, (wide, deep) = above
    spec, body = space.column.vertebrae[space.upper], space.column.bodies[space.upper]
    low = middle - 0.5 * spec.lamina_height_mm * body.turn([0.0, 0.0, 1.0])
    border, lower = space.border, space.column.vertebrae[space.lower]
    other = border.ventral_mm - (0.5 * lower.canal_depth_mm + lower.arch_back_mm) * border.back
    centre = 0.5 * (low + other)
    back = unit(body.turn([0.0, 1.0, 0.0]) + border.back)
    line = space.ventral_line()
    reach = float((0.5 * (line[1] + line[2]) - centre) @ back) + 0.5 * space.thick_mm
    more = max(0.0, reach - deep)
    return centre + 0.5 * more * back, (wide, deep + 0.5 * more)


def interspaces(column: Column, sacrum: Mapping[str, float] | None) -> list[Interspace]:
    """The neighbours among the levels of a column."""
    return [
        Interspace(column, upper, lower, upper_border(column, lower, sacrum))
        for upper, lower in column.pairs
    ]


def cut_row(row: Row) -> Row:
    """The same part, taken away."""
    cut = row.copy()
    cut[1], cut[2] = 1.0, 0.3
    return cut
