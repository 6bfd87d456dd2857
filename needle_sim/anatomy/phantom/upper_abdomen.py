"""What lies under the diaphragm: liver, gallbladder, spleen, stomach, pancreas, adrenals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from needle_sim.anatomy.phantom.room import UP, Organ, Room, X, chain, tube
from needle_sim.geometry.shapes import Row, bar

_JUICE_HU = 18.0  # on plain CT (texts, from memory)
_WALL_MM = 3.5  # of the stomach


def upper_organs(room: Room, rng: np.random.Generator) -> Iterator[Organ]:
    """From the liver to the adrenals; the gas in the stomach lies in front, as in who lies."""
    yield from _liver(room)
    yield Organ("spleen", _spleen(room), 1.0)
    yield Organ("pancreas", _pancreas(room), 1.6)
    for sign in (1.0, -1.0):
        yield Organ("adrenal", _adrenal(room, sign), 0.3)
    neck, fundus = room.at("L1", -0.46, 0.42, -4.0), room.at("L2", -0.47, 0.25, 2.0)
    yield Organ("gallbladder", [bar(neck, fundus, (13.0, 13.0), cap_mm=13.0)], 0.4)
    yield from _stomach(room, float(rng.uniform(0.55, 0.9)))


def _liver(room: Room) -> Iterator[Organ]:
    """About 1.3 L, 15 cm deep (1281 +- 219 cm3 and 16 cm at most, Jasper 2019, JCDR 13(8) TC01)."""
    wide = room.trunk.cavity_half_mm
    high, low = room.at("T10", -0.46, 0.78, 14.0), room.at("L2", -0.75, 0.86, -2.0)
    left = room.at("T11", 0.34, 0.28, 26.0)
    yield Organ("liver", [
        bar(high, low, (0.50 * wide, 62.0), end_radii_mm=(0.16 * wide, 36.0), cap_mm=18.0),
        bar(room.at("T11", -0.32, 0.42, 18.0), left, (40.0, 34.0), end_radii_mm=(13.0, 14.0),
            across=UP, blend_mm=14.0),
        bar(room.at("T12", -0.24, 0.74, 30.0), room.at("T12", -0.16, 0.72, -8.0), (16.0, 15.0),
            blend_mm=8.0),
    ], 0.6)  # fmt: skip
    cleft = room.at("T11", -0.10, 0.30, -34.0)
    yield Organ("fat", [bar(cleft, room.at("T11", -0.04, 0.10, 0.0), (2.2, 12.0))], 0.6)
    porta = room.at("T12", -0.20, 0.60, 2.0)
    yield Organ("blood", [
        *tube([(porta, 6.0), (room.at("T12", -0.38, 0.62, 10.0), 5.0),
               (room.at("T12", -0.60, 0.80, 16.0), 3.0)]),
        *tube([(porta, 6.0), (room.at("T12", -0.14, 0.36, 14.0), 4.0)]),
        *tube([(room.at("T10", -0.16, 0.74), 5.0), (room.at("T11", -0.45, 0.92, 14.0), 3.4)]),
        *tube([(room.at("T10", -0.16, 0.74), 5.0), (room.at("T11", -0.40, 0.50, 14.0), 3.0)]),
    ], 0.0)  # fmt: skip
    yield Organ("blood", tube([(porta, 6.0), (room.at("L1", -0.06, 0.56, 4.0), 6.0),
                               (room.at("L2", -0.04, 0.48, 8.0), 5.5)]), 0.0)  # fmt: skip


def _spleen(room: Room) -> list[Row]:
    """100 x 89 x 46 mm (Caglar 2014, Folia Morphol 73:331)."""
    high, low = room.at("T10", 0.68, 1.04, 8.0), room.at("L1", 0.80, 1.0, 8.0)
    return [bar(high, low, (22.0, 43.0), end_radii_mm=(13.0, 26.0), across=(1.0, 0.35, 0.0),
                cap_mm=20.0)]  # fmt: skip


def _pancreas(room: Room) -> list[Row]:
    knots = [
        (room.at("L2", -0.22, 0.50, 2.0), (9.0, 16.0)),
        (room.at("L2", -0.06, 0.44, 18.0), (8.0, 11.0)),
        (room.at("L1", 0.14, 0.46, 0.0), (8.0, 10.0)),
        (room.at("L1", 0.36, 0.66, 10.0), (9.0, 11.0)),
        (room.at("T12", 0.56, 0.86, -8.0), (8.0, 10.0)),
    ]
    return chain(knots, 4.0, across=np.array([0.0, 1.0, 0.0]))


def _adrenal(room: Room, sign: float) -> list[Row]:
    """A limb each side of a ridge, 5 mm thick (texts, from memory)."""
    ridge = room.by("T12", sign * 31.0, -12.0, -6.0 if sign > 0 else 2.0)
    limbs = ([sign * 3.0, 17.0, -14.0], [sign * 14.0, 13.0, -14.0])
    return [
        row
        for limb in limbs
        for row in chain([(ridge, (2.4, 7.0)), (ridge + limb, (1.6, 6.0))], 2.0, across=X)
    ]


def _stomach(room: Room, level: float) -> Iterator[Organ]:
    """Fundus behind, antrum in front; ``level`` is that of the fluid, 1 at the front wall."""
    knots = [
        (room.at("T10", 0.40, 0.86, 2.0), 34.0),
        (room.at("T11", 0.46, 0.66, 2.0), 33.0),
        (room.at("T12", 0.42, 0.40, 0.0), 27.0),
        (room.at("L1", 0.30, 0.27, 2.0), 21.0),
        (room.at("L1", 0.06, 0.24, -16.0), 17.0),
        (room.at("L1", -0.15, 0.30, -12.0), 14.0),
        (room.at("L1", -0.27, 0.42, -6.0), 10.0),
    ]
    yield Organ("stomach", tube(knots, 5.0), 0.8)
    inner = [(point, max(radius - _WALL_MM, 2.0)) for point, radius in knots]
    yield Organ("stomach", tube(inner, 5.0), 1.2, _JUICE_HU)
    surface = level * room.trunk.cavity_front_mm
    yield Organ("bowel_gas", tube(inner, 5.0), 0.8, None, lambda at: at[:, 1] - surface)
