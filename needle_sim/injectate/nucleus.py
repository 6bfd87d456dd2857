"""The nucleus of a disc as a room, in one of the shapes of the discogram of a sound disc."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Space
from needle_sim.injectate import around, texture
from needle_sim.injectate.front import Room
from needle_sim.injectate.lattice import Cells, Lattice, Points

STEP_MM = 0.6
NUCLEUS_ML = 2.0
"""What a sound lumbar nucleus takes, 1 to 3.5 mL (memory)."""

SHAPES = ("two layers", "one lump", "lobes")
"""Adams, Dolan and Hutton (1986), doi:10.1302/0301-620X.68B1.3941139: cotton ball and lobular are
the shapes of the discogram of a sound disc; layers parted by the intranuclear cleft (a hamburger)
are what an adult's disc shows most (texts; shares proposed)."""

_SHARES = (0.55, 0.2, 0.25)
_ANNULUS = 12.0  # resistance of the annulus
_TAKEN = 0.6  # share of the gel's place that the fluid takes
_HIGH = 0.78  # height of a nucleus over that of the disc
_FLAT = {"two layers": 3.5, "one lump": 2.2, "lobes": 3.0}  # exponent: 2 is an ellipsoid


@dataclass(frozen=True, slots=True, eq=False)
class Gel:
    """A place in a disc, of its own half extents: ``round_it``, ``turn`` and ``high`` (P,)."""

    round_it: Cells
    turn: Cells
    high: Cells
    ragged: Cells
    fine: Cells

    def at(self, which: NDArray[np.intp]) -> Gel:
        """Some of the places."""
        return Gel(*(getattr(self, name)[which] for name in self.__slots__))


def disc_room(anatomy: Anatomy, space: Space, rng: np.random.Generator) -> tuple[Room, str]:
    """The nucleus of a disc in one of `SHAPES`, and an annulus that hardly yields."""
    low, high = space.shape.box_mm
    lattice = Lattice.around(np.stack([low, high]), STEP_MM)
    disc = around.distance_mm(lattice, [space.shape]).reshape(-1)
    points = lattice.points_mm()
    near = (disc < STEP_MM).reshape(lattice.shape)
    bone = around.distance_mm(lattice, anatomy.bones.values(), wanted=near).reshape(-1)
    inside = np.maximum(disc, -bone)
    shape = SHAPES[int(np.searchsorted(np.cumsum(_SHARES[:-1]), rng.random(), side="right"))]
    gel = _gel(points, points[inside < 0], rng)
    room = around.covered(inside, STEP_MM)
    bulge = _outline(gel, shape, rng)
    every = np.arange(len(points)).reshape(lattice.shape)[::2, ::2, ::2].reshape(-1)
    size = _size(gel.at(every), room[every], bulge[every], shape)
    edge = _edge(gel, bulge, size, shape)
    taken = _content(gel, edge, bulge * size, shape)
    fissures = 0.03 + 0.1 * (gel.ragged > 1.2)
    porosity = room * np.maximum(taken, fissures)
    slow = np.where(edge < 0, 1.0, _ANNULUS * np.exp(0.4 * gel.ragged))
    return Room(lattice, porosity.reshape(lattice.shape), slow.reshape(lattice.shape)), shape


def _gel(points: Points, held: Points, rng: np.random.Generator) -> Gel:
    middle = held.mean(axis=0)
    _, _, axes = np.linalg.svd(held - middle, full_matrices=False)
    local = (points - middle) @ axes.T  # across, along, and through the disc
    half: NDArray[np.float64] = np.percentile(np.abs((held - middle) @ axes.T), 98, axis=0)
    x, y = local[:, 0] / half[0], local[:, 1] / half[1]
    ragged = texture.uneven(points, rng, size_mm=np.array([4.5, 4.5, 3.0]))
    fine = texture.uneven(points, rng, size_mm=np.array([1.6, 1.6, 1.2]))
    return Gel(np.hypot(x, y), np.arctan2(y, x), local[:, 2] / half[2], ragged, fine)


def _outline(gel: Gel, shape: str, rng: np.random.Generator) -> Cells:
    """How far the nucleus reaches in each direction (P,), 1 on the mean."""
    waves = {"two layers": (0.06, 0.06), "one lump": (0.04, 0.03), "lobes": (0.18, 0.1)}[shape]
    first, second, third = rng.uniform(0.0, 2.0 * np.pi, 3)
    few = int(rng.integers(2, 4))
    reach = 1.0 + waves[0] * np.cos(few * gel.turn + first)
    reach += waves[1] * np.cos((few + 3) * gel.turn + second)
    # the two endplates are not pressed alike
    return np.asarray(reach * (1.0 + 0.08 * np.cos(gel.turn + third) * np.sign(gel.high)))


def _edge(gel: Gel, bulge: Cells, size: float, shape: str) -> Cells:
    """Below 0 (P,) in the nucleus: flat above and below, round at its side."""
    power = _FLAT[shape]
    aside = gel.round_it / (size * bulge)
    high = np.abs(gel.high) / _HIGH
    return np.asarray((aside**power + high**power) ** (1.0 / power) - 1.0 - 0.07 * gel.ragged)


def _content(gel: Gel, edge: Cells, reach: Cells, shape: str) -> Cells:
    """Share (P,) that the fluid takes: mottled, and nearly nothing in the intranuclear cleft."""
    soft = 4.0 if shape == "one lump" else 6.0
    taken = np.clip(0.5 - soft * edge, 0.0, 1.0)
    mottled = 1.0 + 0.3 * np.clip(gel.ragged, -1.8, 1.8) + 0.1 * np.clip(gel.fine, -2.0, 2.0)
    taken *= _TAKEN * mottled
    aside = gel.round_it / reach
    if shape == "two layers":
        # it waves, and ends before the side, where the layers meet
        off = gel.high - 0.12 * np.cos(2.0 * gel.turn) * aside - 0.06 * gel.ragged
        open_ = np.clip(1.5 * (1.0 - aside**3), 0.0, 1.0)
        taken *= 1.0 - 0.93 * open_ * np.exp(-((off / 0.2) ** 4))
    if shape == "lobes":
        split = np.exp(-((np.sin(1.5 * gel.turn + gel.ragged * 0.3) * aside / 0.16) ** 2))
        taken *= 1.0 - 0.75 * split * np.clip(2.0 * aside, 0.0, 1.0)
    return np.clip(taken, 0.0, 0.95)


def _size(gel: Gel, room: Cells, bulge: Cells, shape: str) -> float:
    """Share of a disc's width at which it takes `NUCLEUS_ML`, from an eighth of the cubes."""
    low, high = 0.35, 0.7
    for _ in range(9):
        size = 0.5 * (low + high)
        held = room * _content(gel, _edge(gel, bulge, size, shape), bulge * size, shape)
        some = float(held.sum()) * 8.0 * STEP_MM**3 * 1e-3
        low, high = (size, high) if some < NUCLEUS_ML else (low, size)
    return high
