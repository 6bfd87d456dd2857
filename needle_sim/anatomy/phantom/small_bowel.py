"""Duodenum, loops of small bowel and the vessels of their mesentery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.room import Organ, Room, chain, station_mm, tube

_Points = NDArray[np.floating[Any]]
_PITCH_MM, _STEP = 25.0, 7
_LAYERS = (
    (0.60, "L3", 0.50, -0.46, 8),
    (0.52, "L1", 0.62, 0.14, 4),
    (0.30, "L3", 0.54, -0.50, 8),
)
"""How deep, from which level down, between which sides, how many sweeps: ileum and jejunum."""
_LOOP = 6  # knots that share a content
_WALL_MM, _WALL_HU, _CONTENT_HU = 2.2, 42.0, (10.0, 30.0)
_RIPPLE_MM = 1.5  # folds and movement (proposed)
_GAS_SHARE = 0.14  # of loops hold some (proposed)


def small_bowel(room: Room, rng: np.random.Generator) -> Iterator[Organ]:
    """Duodenum, vessels of the mesentery, then the loops before them."""
    yield Organ("bowel", _duodenum(room), 0.8, 26.0)
    yield Organ("blood", _mesentery(room, rng), 0.0)
    yield from _loops(room, rng)


def _duodenum(room: Room) -> list[Any]:
    """Around the head of the pancreas, then between aorta and mesenteric vessels (texts)."""
    knots = [
        (room.at("L1", -0.27, 0.40, -4.0), (11.0, 11.0)),
        (room.by("L2", -44.0, -36.0, 10.0), (12.0, 11.0)),
        (room.by("L2", -46.0, -30.0, -14.0), (12.0, 11.0)),
        (room.by("L3", -36.0, -36.0, 4.0), (11.0, 10.0)),
        (room.by("L3", -12.0, -50.0, 0.0), (10.0, 7.0)),
        (room.by("L3", 8.0, -52.0, 3.0), (10.0, 6.5)),
        (room.by("L3", 28.0, -44.0, 14.0), (11.0, 9.0)),
        (room.by("L2", 32.0, -46.0, 6.0), (11.0, 10.0)),
    ]
    return chain(knots, 3.0, across=np.array([0.0, 0.0, 1.0]))


def _mesentery(room: Room, rng: np.random.Generator) -> list[Any]:
    """Artery and vein from before L1 to the right of L4, and their branches."""
    rows = []
    for aside, radius in ((0.0, 3.2), (-9.0, 4.6)):
        trunk = [
            (room.by("L1", aside + 3.0, -46.0, -8.0), radius),
            (room.by("L2", aside + 1.0, -54.0, -4.0), radius),
            (room.by("L3", aside - 3.0, -62.0, -4.0), 0.8 * radius),
            (room.at("L4", -0.22, 0.44, 0.0), 0.5 * radius),
        ]
        rows += tube(trunk, 1.0)
    for n in range(12):
        start = room.by("L2", 0.0, -56.0, -6.0) + np.array([0.0, 0.0, -7.0 * n])
        turn = (-1.0) ** n * rng.uniform(0.4, 1.0)
        middle = start + np.array([22.0 * turn, rng.uniform(-10.0, 8.0), -14.0])
        end = middle + np.array([24.0 * turn, rng.uniform(-10.0, 10.0), -12.0])
        rows += tube([(start, 1.9), (middle, 1.5), (end, 0.9)], 0.5)
    return rows


def _loops(room: Room, rng: np.random.Generator) -> Iterator[Organ]:
    """Layers of sweeps from side to side downwards, each a little off."""
    base = float(station_mm(room.column, "L3")[2])
    for deep, level, left, right, sweeps in _LAYERS:
        points, radius = [], []
        high = float(station_mm(room.column, level)[2]) - base
        phase = rng.uniform(0.0, 2.0 * np.pi, sweeps)
        for row in range(sweeps):
            share = np.linspace(0.0, 1.0, _STEP)[:: 1 if row % 2 == 0 else -1]
            for n, turn in zip(share, 4.2 * share + phase[row], strict=True):
                beside = right + (left - right) * float(n)
                fall = high - _PITCH_MM * row + 11.0 * float(np.sin(turn))
                wave = 0.07 * float(np.cos(1.3 * turn))
                point = room.at("L3", beside, deep + 0.02 * row + wave, fall)
                points.append(point + rng.uniform(-1.0, 1.0, 3) * [6.0, 4.0, 5.0])
                radius.append(rng.uniform(8.5, 12.5))
        yield from _filled(points, radius, rng)


def _filled(
    points: Sequence[_Points], radius: Sequence[float], rng: np.random.Generator
) -> Iterator[Organ]:
    for first in range(0, len(points) - 1, _LOOP):
        here = slice(first, first + _LOOP + 1)
        knots = list(zip(points[here], radius[here], strict=True))
        inner = [(point, one - _WALL_MM) for point, one in knots]
        yield Organ("bowel", tube(knots, 3.0), _RIPPLE_MM, _WALL_HU)
        yield Organ("bowel", tube(inner, 3.0), _RIPPLE_MM, float(rng.uniform(*_CONTENT_HU)))
        if rng.random() < _GAS_SHARE:
            yield _gas(inner, float(rng.uniform(-0.3, 0.3)))


def _gas(inner: Sequence[tuple[_Points, float]], level: float) -> Organ:
    surface = float(np.mean([point[1] for point, _ in inner])) + level * inner[0][1]
    return Organ("bowel_gas", tube(inner, 3.0), 0.3, None, lambda at: at[:, 1] - surface)
