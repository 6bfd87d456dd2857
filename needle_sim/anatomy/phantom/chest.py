"""The lowest part of the chest: lungs behind the diaphragm, which ends in its crura."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.room import Organ, Room, both, chain, station_mm

_Points = NDArray[np.floating[Any]]
_MUSCLE_MM = 3.0  # of the diaphragm (texts, from memory)
_PLEURA_MM = 2.0
_SPINE_MM = 25.0  # the lungs end so far beside the middle of the spine
_RECESS_MM = ((-14.0, -4.0), (4.0, 6.0), (31.0, 23.0), (60.0, 42.0), (95.0, 60.0))
"""Above the middle of T12, how deep the recess is behind, breathing quietly (proposed)."""

_DOME_MM, _DOME_SHARE = (78.0, 52.0), 0.45
"""The dome of a half bulges into its recess: its middle and half its width beside the spine, and by
what share the recess is shallower there (proposed)."""


@dataclass(frozen=True, slots=True)
class Recess:
    """The room between chest wall and diaphragm, ``more_mm`` deeper than the lung in it."""

    room: Room
    more_mm: float = 0.0

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), roughly, negative inside."""
        points = np.asarray(points_mm, dtype=np.float64)
        x, y, z = points.T
        column, trunk = self.room.column, self.room.trunk
        wall = trunk.cavity_mm(points) + _PLEURA_MM
        base = float(station_mm(column, "T12")[2])
        knots, depths = np.array(_RECESS_MM).T
        deep = np.interp(z - base, knots, depths, left=-30.0)
        levels = np.stack([body.matrix[:3, 3] for body in column.bodies.values()])[::-1]
        aside = np.abs(x - np.interp(z, levels[:, 2], levels[:, 0]))
        behind = np.clip((y + 55.0) / 80.0, 0.0, 1.0)
        bulge = np.clip((aside - _DOME_MM[0]) / _DOME_MM[1], -1.0, 1.0)
        share = 1.0 - _DOME_SHARE * (1.0 - bulge * bulge)
        deep = np.where(deep > 0.0, deep * behind * behind * share, deep) - 2.0 + self.more_mm
        deep = np.where(z < base - 22.0, -10.0, deep)
        edge = _SPINE_MM - self.more_mm - aside
        return np.asarray(np.maximum(np.maximum(wall, -(wall + deep)), edge))

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3)."""
        wide, trunk = self.room.trunk.cavity_half_mm + 30.0, self.room.trunk
        low = float(station_mm(self.room.column, "T12")[2]) - 30.0
        return np.array([[-wide, trunk.cavity_front_mm, low], [wide, 60.0, low + 400.0]])


def crura(room: Room) -> Iterator[Organ]:
    """From the front of L2 and L3 up, around the aorta (texts, from memory)."""
    for sign in both():
        low, drop = ("L2", -10.0) if sign > 0 else ("L3", 4.0)
        knots = [
            (room.by(low, sign * 12.0, -20.0, drop), (2.5, 2.0)),
            (room.by("L2", sign * 14.0, -21.0, 8.0), (4.5, 3.2)),
            (room.by("L1", sign * 17.0 + 3.0, -22.0, 0.0), (4.5, 6.0)),
            (room.by("T12", sign * 18.0 + 6.0, -26.0, -4.0), (3.6, 10.0)),
            (room.by("T11", sign * 19.0 + 6.0, -28.0, -2.0), (3.0, 14.0)),
            (room.by("T10", sign * 20.0 + 6.0, -30.0, 6.0), (2.6, 16.0)),
        ]
        yield Organ("diaphragm", chain(knots, 3.0), 0.5)


def breathing(room: Room) -> Iterator[tuple[str, Recess]]:
    """The diaphragm, and the lungs behind it, in this order."""
    yield "diaphragm", Recess(room, _MUSCLE_MM)
    yield "lung", Recess(room)
