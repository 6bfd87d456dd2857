"""Vessels in the fat between the loops: of the mesentery, the omentum and the mesocolon.

In the fat of any abdomen on CT the vessels of the bowel are dots and strands; a phantom without
them is told from a patient at a glance. They are painted before the organs, which cover them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.room import Room
from needle_sim.geometry.shapes import Tube

_Points = NDArray[np.floating[Any]]
_KEY, _CHILD = 20250213, 4  # of the mean spine; of a patient's seed (bowel has 2)
_JEJUNAL, _OMENTAL, _COLIC = 36, 18, 12
"""How many each: about 20 leave the superior mesenteric artery to the small bowel, and as many
veins run beside them; fewer reach the colon (texts, from memory)."""
_RADIUS_MM, _TWIG_MM = (2.0, 1.2), (1.2, 0.8)  # at root and end (texts, from memory)
_WALL_MM = 4.0  # no vessel nearer to the muscular wall (proposed)


def vessels_of_bowel(room: Room, seed: int | None = None) -> Iterator[tuple[Tube, ...]]:
    """Each vessel with its twigs; the seed draws their ways, ``None`` are the mean spine's. Beside
    a column without lumbar vertebrae there are none."""
    if not room.column.lumbar:
        return
    entropy = _KEY if seed is None else seed
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(_CHILD,)))
    for start, end in _ways(room, rng):
        if tubes := _branch(room, start, end, rng):
            yield tubes


def _ways(room: Room, rng: np.random.Generator) -> Iterator[tuple[_Points, _Points]]:
    """Root and end (3,) of each vessel."""
    high, low = room.by("L2", 0.0, -54.0, 4.0), room.at("L4", -0.18, 0.5)
    for n in range(_JEJUNAL):
        aside = (-1.0) ** n * rng.uniform(0.15, 0.8)
        end = room.at("L4", aside, rng.uniform(0.2, 0.58), rng.uniform(-70.0, 70.0))
        yield high + (low - high) * n / (_JEJUNAL - 1.0), end
    for _ in range(_OMENTAL):
        aside, deep = rng.uniform(-0.65, 0.65), rng.uniform(0.06, 0.2)
        top = room.at("L2", aside, deep, rng.uniform(-10.0, 40.0))
        aside += rng.uniform(-0.15, 0.15)
        yield top, room.at("L4", aside, deep + 0.03, rng.uniform(-50.0, 20.0))
    for n in range(_COLIC):
        sign = (-1.0) ** n
        aside, deep = sign * rng.uniform(0.6, 0.85), rng.uniform(0.55, 0.72)
        root = room.by("L3", sign * 14.0, -46.0, rng.uniform(-40.0, 20.0))
        yield root, room.at("L3", aside, deep, rng.uniform(-50.0, 40.0))


def _branch(room: Room, start: _Points, end: _Points, rng: np.random.Generator) -> tuple[Tube, ...]:
    """A winding vessel and three twigs off it, as far as they lie within the wall."""
    length = float(np.linalg.norm(end - start))
    way = np.linspace(0.0, 1.0, 7)
    line = start + way[:, None] * (end - start)
    bend = rng.standard_normal((2, 3)) * [1.0, 0.5, 0.7]
    line = line + 0.10 * length * np.sin(np.pi * way)[:, None] * bend[0]
    line = line + 0.04 * length * np.sin(3.0 * np.pi * way)[:, None] * bend[1]
    lines = [(line, _RADIUS_MM)]
    for knot in (3, 4, 5):
        off = rng.standard_normal(3) * [1.0, 0.6, 0.8]
        twig = line[knot] + np.linspace(0.0, 1.0, 4)[:, None] * (
            0.7 * (line[knot] - line[knot - 1]) + 0.16 * length * off
        )
        lines.append((twig, _TWIG_MM))
    out = room.trunk.cavity_mm(np.concatenate([one for one, _ in lines])) > -_WALL_MM
    ends = np.cumsum([len(one) for one, _ in lines])
    return tuple(
        Tube(kept, np.linspace(*radii, len(one))[: len(kept)])
        for (one, radii), leaves in zip(lines, np.split(out, ends[:-1]), strict=True)
        if len(kept := _until(one, leaves)) > 1
    )


def _until(line: _Points, leaves: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Its points from the first on, up to the one before it leaves the cavity."""
    inside = line[: int(np.argmax(leaves))] if leaves.any() else line
    return np.asarray(inside, dtype=np.float64)
