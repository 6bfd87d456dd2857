"""Kidneys with their sinus, vessels and the fat around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.room import Organ, Room, place, station_mm, tube
from needle_sim.geometry.shapes import Implicit, Row, bar
from needle_sim.geometry.transform import unit

_Points = NDArray[np.floating[Any]]
_LEAN, _FORWARD = 0.20, 0.14  # of its axis from above outwards and forwards (texts, from memory)
_HILUM = (0.74, 0.67)  # the hilum looks medially and forwards (texts, from memory)
_CAP = 1.4  # a pole over half the width
_FAT_MM = 5.0  # around it at least
_FAT_SHARE = 0.2  # of the subcutis in front: the fat of who has more of it


def kidney_shape(column: Column, sizes: Mapping[str, float], side: str) -> Implicit:
    """One kidney without its sinus, in the patient.

    ``sizes`` are those of ``[kidney]``: the lower pole lies below the middle of L3, the middle of
    the kidney beside and before that of L2.
    """
    low, high, hilum, half = _frame(column, sizes, side)
    middle = 0.5 * (low + high)
    slant = 0.12 * sizes["length_mm"] * unit(high - low)
    cleft = middle + 0.95 * half[0] * hilum
    return Implicit.of(
        [
            bar(low, high, half, across=hilum, cap_mm=_CAP * half[0]),
            bar(cleft - slant, cleft + slant, (9.0, 6.5), across=hilum, cap_mm=7.0, blend_mm=4.0,
                step="cut"),
        ]
    )  # fmt: skip


def kidneys(room: Room, sizes: Mapping[str, float]) -> Iterator[Organ]:
    """The fat around both, then the kidneys with the fat and vessels of their sinus."""
    fat = _FAT_MM + _FAT_SHARE * room.trunk.sizes["subcutis_front_mm"]
    for side in SIDES:
        low, high, hilum, half = _frame(room.column, sizes, side)
        wide = (half[0] + fat, half[1] + fat)
        yield Organ("fat", [bar(low, high, wide, across=hilum, cap_mm=_CAP * half[0] + fat)], 1.5)
    for side in SIDES:
        low, high, hilum, half = _frame(room.column, sizes, side)
        yield Organ("kidney", _rows(kidney_shape(room.column, sizes, side)), 0.5)
        middle = 0.5 * (low + high)
        slant = 0.13 * sizes["length_mm"] * unit(high - low)
        into = middle + 0.42 * half[0] * hilum
        yield Organ("fat", [
            bar(into - slant, into + slant, (0.5 * half[0], 0.3 * half[1]), across=hilum,
                cap_mm=9.0)
        ], 1.2)  # fmt: skip
        yield from _vessels(room, middle, hilum, half[0], side)


def _vessels(
    room: Room, middle: _Points, hilum: _Points, half: float, side: str
) -> Iterator[Organ]:
    """Pelvis, vein and artery (texts, from memory)."""
    sign = 1.0 if side == "left" else -1.0
    inner, outer = middle + 0.25 * half * hilum, middle + 1.25 * half * hilum
    vein = [(inner, 3.0), (outer, 4.5)]
    if side == "left":  # before the aorta
        vein += [(room.by("L2", 26.0, -36.0, 14.0), 4.5), (room.by("L2", 6.0, -46.0, 18.0), 4.5)]
    vein += [(room.by("L2", -14.0, -34.0, 18.0), 5.0)]
    yield Organ("blood", tube(vein), 0.0)
    start = room.by("L2", 9.0, -32.0, 22.0)
    behind, lift = room.by("L2", sign * 27.0, -20.0, 18.0), np.array([0.0, 3.0, 5.5])
    yield Organ("blood", tube([(start, 2.7), (behind, 2.6), (outer + lift, 2.4),
                               (inner + lift, 1.8)]), 0.0)  # fmt: skip
    drop = np.array([sign * 2.0, 4.0, -9.0])
    yield Organ("kidney", tube([(inner + drop, 5.0), (outer + drop, 4.0)]), 0.6, 12.0)


def _frame(
    column: Column, sizes: Mapping[str, float], side: str
) -> tuple[_Points, _Points, _Points, tuple[float, float]]:
    """Ends of the axis below and above, direction of the hilum, half width and half depth."""
    sign = 1.0 if side == "left" else -1.0
    half = 0.5 * sizes["width_mm"], 0.5 * sizes["depth_mm"]
    axis = unit(np.array([-sign * _LEAN, _FORWARD, 1.0]))
    centre = place(column, "L2", sign * sizes[f"{side}_aside_mm"], -sizes[f"{side}_front_mm"])
    low = float(station_mm(column, "L3")[2]) - sizes[f"{side}_low_mm"]
    centre[2] = low + 0.5 * sizes["length_mm"] * float(axis[2])
    reach = 0.5 * sizes["length_mm"] - _CAP * half[0]
    hilum = np.array([-sign * _HILUM[0], -_HILUM[1], 0.0])
    hilum = unit(hilum - axis * float(axis @ hilum))
    return centre - reach * axis, centre + reach * axis, hilum, half


def _rows(shape: Implicit) -> list[Row]:
    return list(shape.rows)
