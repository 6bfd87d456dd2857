"""What the trunk holds beside the spine, in the order it is painted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.chest import breathing, crura
from needle_sim.anatomy.phantom.colon import colon
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.kidney import kidneys
from needle_sim.anatomy.phantom.pelvis import glutei_maximi
from needle_sim.anatomy.phantom.room import Organ, Room, both, chain
from needle_sim.anatomy.phantom.small_bowel import small_bowel
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.upper_abdomen import upper_organs
from needle_sim.anatomy.phantom.voxelise import Layer
from needle_sim.geometry.shapes import Row, bar

_Points = NDArray[np.floating[Any]]
_KEY = 20250213  # of the mean spine's bowel
_CHILD = 2  # of a patient's seed: sizes have 0, noise 1


def organ_layers(
    column: Column, trunk: Trunk, kidney: Mapping[str, float], seed: int | None = None
) -> Iterator[Layer]:
    """What the cavity holds; its wall is painted next.

    ``kidney`` are the sizes of ``[kidney]``; the seed draws bowel and gas, ``None`` are the mean
    spine's.
    """
    room = Room(column, trunk)
    for organ in organs(room, kidney, seed):
        yield Layer(organ.tissue, room.inside(organ), organ.ripple_mm, organ.hu)
    for tissue, shape in breathing(room):
        yield Layer(tissue, shape, 0.5)
    for muscle in glutei_maximi(column, trunk):
        yield Layer("muscle", muscle, 0.8)


def organs(room: Room, kidney: Mapping[str, float], seed: int | None = None) -> Iterator[Organ]:
    """Everything but the lungs, later ones over earlier ones; where the column has no lumbar
    vertebrae nothing lies beside them, and what is left is the pelvis."""
    entropy = _KEY if seed is None else seed
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(_CHILD,)))
    if room.column.lumbar:
        yield from crura(room)
        yield from upper_organs(room, rng)
        yield from small_bowel(room, rng)
        yield from colon(room, rng)
        yield from kidneys(room, kidney)
    yield from _pelvic(room)


def _pelvic(room: Room) -> Iterator[Organ]:
    """Bladder, and the piriform muscles (texts, from memory)."""
    front, back = room.at("S1", 0.0, 0.50, -112.0), room.at("S1", 0.0, 0.62, -118.0)
    yield Organ("urinary_bladder", [bar(front, back, (44.0, 34.0), cap_mm=34.0)], 0.6)
    for sign in both():
        yield Organ("muscle", _piriform(room, sign), 0.8)
        yield Organ("muscle", _iliacus(room, sign), 1.0)


def _iliacus(room: Room, sign: float) -> list[Row]:
    """What fills the room between psoas and wing down to the groin."""
    knots = [
        (room.by("S1", sign * 78.0, -40.0, -16.0), (10.0, 10.0)),
        (room.by("S1", sign * 91.0, -62.0, -48.0), (21.0, 17.0)),
        (room.by("S1", sign * 96.0, -84.0, -84.0), (24.0, 20.0)),
        (room.by("S1", sign * 98.0, -96.0, -118.0), (24.0, 22.0)),
    ]
    return chain(knots, 4.0)


def _piriform(room: Room, sign: float) -> list[Row]:
    knots = [
        (room.by("S1", sign * 20.0, 14.0, -48.0), (9.0, 5.0)),
        (room.by("S1", sign * 44.0, 22.0, -62.0), (17.0, 9.0)),
        (room.by("S1", sign * 76.0, 28.0, -80.0), (15.0, 11.0)),
        (room.by("S1", sign * 112.0, 22.0, -92.0), (8.0, 8.0)),
    ]
    return chain(knots, 3.0, across=np.array([0.0, 0.0, 1.0]))
