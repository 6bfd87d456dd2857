"""What fills the trunk beside and within the spine: psoas, pelvis, discs, ligaments, fat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Space
from needle_sim.anatomy.named_tissue import tissue_of_space
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.disc import disc_rows
from needle_sim.anatomy.phantom.joint import between_cartilages
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.room import chain, place
from needle_sim.anatomy.phantom.voxelise import Layer
from needle_sim.geometry.shapes import Implicit, Row, bar

_Points = NDArray[np.floating[Any]]
_X, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
_FAR_MM = 20.0  # off a shape what cuts it no longer matters
_SHEET_HALF_MM, _BEHIND_CANAL_MM = 1.8, 5.0  # of an interspinous ligament (proposed)
_BELOW_STRIP = ("L5", "L6")
_STRIP_HALF_MM = (3.0, 1.7)  # of the supraspinous ligament, across and deep (proposed)


def layers(column: Column, spaces: Mapping[str, Space]) -> Iterator[Layer]:
    """What touches the spine, in the order it is painted; bones and nerves come after."""
    for rows in _psoas(column):
        yield Layer("psoas", Implicit.of(rows), 1.0)
    for kind in ("foramen", "canal", "hiatus"):
        yield from _of_kind(spaces, kind)
    for rows in _interspinous(column):
        yield Layer("interspinous_ligament", Implicit.of(rows))
    yield Layer("supraspinous_ligament", Implicit.of(_supraspinous(column)))
    for kind in ("flavum", "ligament", "disc"):
        yield from _of_kind(spaces, kind)
    for upper, lower in column.pairs:
        yield Layer("nucleus", Implicit.of([disc_rows(column, upper, lower)[1]]))
    for one in spaces.values():
        if one.kind == "facet_joint":
            yield Layer("cartilage", one.shape)
    for upper, _ in column.pairs:
        for side in SIDES:
            rows = list(between_cartilages(Posts(column.vertebrae[upper], side)))
            yield Layer("facet_joint", Implicit.of(rows).moved(column.bodies[upper]))
    yield from _of_kind(spaces, "sacroiliac_joint")


def _of_kind(spaces: Mapping[str, Space], kind: str) -> Iterator[Layer]:
    return (Layer(tissue_of_space(one), one.shape) for one in spaces.values() if one.kind == kind)


def _psoas(column: Column) -> Iterator[list[Row]]:
    """The belly, and the slips that come from discs and transverse processes of lumbar
    vertebrae."""
    for sign in (-1.0, 1.0) if column.lumbar else ():
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


def _supraspinous(column: Column) -> list[Row]:
    """A strip over the tips of the spinous processes, down to L4.

    It ends at L3-L4 (Johnson and Zhang 2002, Eur Spine J 11:382).
    """
    tips = []
    for level in column.levels[:-1]:
        if level in _BELOW_STRIP:
            break
        spec = column.vertebrae[level]
        behind = spec.spinous_mm + 0.6
        tips.append(column.bodies[level].apply([0.0, behind, -spec.lamina_drop_mm - 6.0]))
    return chain([(tip, _STRIP_HALF_MM) for tip in tips], 1.0)


def _interspinous(column: Column) -> Iterator[list[Row]]:
    """Sheets between two spinous processes, from the flava to their tips (Gray)."""
    for pair in column.pairs:
        ends, half = [], []
        for level, drop in zip(pair, (6.0, 0.0), strict=True):
            spec = column.vertebrae[level]
            front, back = spec.canal_depth_mm + _BEHIND_CANAL_MM, spec.spinous_length_mm
            behind = spec.back_mm + 0.5 * (front + back) + spec.arch_back_mm
            middle = [0.0, behind, -spec.lamina_drop_mm - drop]
            ends.append(column.bodies[level].apply(middle))
            half.append((_SHEET_HALF_MM, 0.5 * (back - front)))
        yield [
            bar(ends[0], ends[1], half[0], end_radii_mm=half[1], across=_X, cap_mm=2.0,
                squared=True, blend_mm=0.0)
        ]  # fmt: skip
