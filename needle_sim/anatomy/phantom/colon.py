"""Colon and rectum: haustra, and what they hold, drawn by the patient's seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from needle_sim.anatomy.phantom.room import Organ, Room, blob, tube
from needle_sim.geometry.shapes import Row

_Points = NDArray[np.floating[Any]]
_HAUSTRUM_MM = 9.0  # a third of one along the bowel (texts, from memory)
_FOLD = 0.27  # how much narrower it is between two
_WALL_MM = 2.0
_SEGMENT = 7  # places that share a filling
_STOOL_HU, _FLUID_HU, _BUBBLE_HU = 20.0, 12.0, -480.0
_BUBBLES = 110  # in a full segment
_Part = tuple[str, float, float, float, float]
_PARTS: dict[str, tuple[_Part, ...]] = {
    "right": (
        ("S1", -0.46, 0.52, 6.0, 22.0), ("S1", -0.56, 0.56, 28.0, 27.0),
        ("L5", -0.68, 0.66, 10.0, 27.0), ("L4", -0.76, 0.76, 6.0, 24.0),
        ("L3", -0.76, 0.66, 12.0, 23.0), ("L2", -0.70, 0.50, -8.0, 21.0),
    ),
    "transverse": (
        ("L2", -0.62, 0.34, -14.0, 20.0), ("L3", -0.40, 0.26, 10.0, 20.0),
        ("L3", -0.10, 0.24, -6.0, 19.0), ("L3", 0.20, 0.25, 4.0, 19.0),
        ("L2", 0.46, 0.30, -4.0, 18.0), ("L1", 0.66, 0.42, -6.0, 19.0),
        ("T12", 0.76, 0.66, -14.0, 18.0),
    ),
    "left": (
        ("L1", 0.84, 0.70, -6.0, 15.0), ("L2", 0.85, 0.72, -6.0, 13.0),
        ("L3", 0.84, 0.82, 0.0, 12.5), ("L4", 0.78, 0.88, 0.0, 13.0),
        ("L5", 0.66, 0.84, 0.0, 13.0), ("S1", 0.52, 0.66, 0.0, 14.0),
    ),
    "sigmoid": (
        ("S1", 0.44, 0.62, -18.0, 14.0), ("S1", 0.26, 0.52, -44.0, 15.0),
        ("S1", 0.02, 0.60, -36.0, 15.0), ("S1", -0.16, 0.86, -48.0, 15.0),
        ("S1", -0.04, 1.20, -58.0, 15.0), ("S1", 0.0, 1.40, -78.0, 17.0),
        ("S1", 0.0, 1.42, -98.0, 19.0), ("S1", 0.0, 1.32, -120.0, 17.0),
    ),
}  # fmt: skip
"""Level, beside, deep, above its middle (mm), radius (mm): the usual frame (texts, from memory)."""
_FILLINGS = {
    "right": (0.30, 0.60),
    "transverse": (0.50, 0.30),
    "left": (0.25, 0.35),
    "sigmoid": (0.35, 0.35),
}
"""How often a segment holds gas, and stool; else it is narrow with a little of both (proposed)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Places (N, 3) and radii (N,) of some haustra, and what they hold."""

    points_mm: _Points
    radius_mm: _Points
    filling: str


def segments(room: Room, rng: np.random.Generator) -> list[Segment]:
    """The whole colon from the caecum, as one person has it."""
    found = []
    for part, knots in _PARTS.items():
        points = np.stack([room.at(*knot[:4]) for knot in knots])
        if part == "transverse":  # it hangs down more or less
            points[1:5, 2] -= rng.uniform(-10.0, 26.0) * np.array([0.7, 1.0, 1.0, 0.6])
        points = points + rng.uniform(-4.0, 4.0, points.shape)
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        count = max(6, round(float(along[-1]) / _HAUSTRUM_MM))
        at = np.linspace(0.0, along[-1], count)
        line = PchipInterpolator(along, points)(at)
        radius = np.interp(at, along, [knot[4] for knot in knots])
        gas, stool = _FILLINGS[part]
        for first in range(0, count - 1, _SEGMENT):
            here = slice(first, min(first + _SEGMENT + 1, count))
            draw = float(rng.random())
            filling = "gas" if draw < gas else "stool" if draw < gas + stool else "little"
            wide = rng.uniform(0.82, 1.04) * (0.72 if filling == "little" else 1.0)
            fold = np.where(np.arange(count)[here] % 3 > 0, 1.0, 1.0 - _FOLD)
            found.append(Segment(line[here], wide * fold * radius[here], filling))
    return found


def colon(room: Room, rng: np.random.Generator) -> Iterator[Organ]:
    """Walls first, then contents, gas in front of fluid and bubbles in stool."""
    parts = segments(room, rng)
    for first, second in pairwise(parts):
        second.radius_mm[0] = first.radius_mm[-1]
    for part in parts:
        yield Organ("bowel", _strand(part, 0.0), 0.5)
    for part in parts:
        yield Organ("bowel", _strand(part, _WALL_MM), 0.4,
                    _STOOL_HU if part.filling == "stool" else _FLUID_HU)  # fmt: skip
        if part.filling == "stool":
            yield Organ("bowel_gas", _bubbles(part, rng, _BUBBLES), 0.0, _BUBBLE_HU)
        else:
            level = rng.uniform(-0.4, 0.6) if part.filling == "gas" else rng.uniform(-0.8, -0.3)
            yield _gas(part, float(level))


def _strand(part: Segment, in_mm: float) -> list[Row]:
    knots = zip(part.points_mm, np.maximum(part.radius_mm - in_mm, 1.5), strict=True)
    return tube([(point, float(radius)) for point, radius in knots], 1.5)


def _gas(part: Segment, level: float) -> Organ:
    """The lumen down to a level in it, -1 (none) to 1 (all)."""
    radius = float(part.radius_mm.mean())
    surface = float(part.points_mm[:, 1].min()) + level * radius
    return Organ("bowel_gas", _strand(part, _WALL_MM), 0.3, None, lambda at: at[:, 1] - surface)


def _bubbles(part: Segment, rng: np.random.Generator, count: int) -> Sequence[Row]:
    """Small ones all through the lumen."""
    share = rng.random(count) * (len(part.points_mm) - 1)
    step = np.arange(len(part.points_mm))
    line = np.stack([np.interp(share, step, one) for one in part.points_mm.T], axis=1)
    radius = np.interp(share, step, part.radius_mm) - _WALL_MM
    size = 1.0 + rng.gamma(1.6, 0.55, count)
    way = rng.standard_normal((count, 3))
    way *= (rng.random((count, 1)) ** (1 / 3)) / np.linalg.norm(way, axis=1, keepdims=True)
    centre = line + np.maximum(radius - size, 0.0)[:, None] * way
    return [blob(at, (one, 0.75 * one, 0.9 * one)) for at, one in zip(centre, size, strict=True)]
