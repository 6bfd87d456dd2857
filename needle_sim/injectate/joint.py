"""The facet joint as a room: a film between cartilages, a fuller rim, a recess at each end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone, Space
from needle_sim.errors import InputError
from needle_sim.injectate import around, texture
from needle_sim.injectate.front import Room
from needle_sim.injectate.lattice import Cells, Lattice, Points

STEP_MM = 0.6
JOINT_ML = 1.2
"""What a lumbar facet joint takes before its capsule gives way: 1 to 1.5 mL (texts; memory). Nearly
every capsule bursts during arthrography (Dory 1981, doi:10.1148/radiology.140.1.6454162)."""

_LEAK = 30.0  # resistance outside of the capsule
_AROUND_MM = 12.0
# Lengths of the fluid in a filled joint (proposed, after the look of arthrograms).
_FILM_MM = 0.9  # between the cartilages
_RIM_MM, _DORSAL_RIM_MM = 0.8, 1.5  # radius of the rim under the capsule: before and behind
_FLAT = (1.15, 0.9, 0.6)  # half axes of a recess along, across and through the joint, of its size
_OUT = 0.5  # how far beyond the end of the joint its middle lies, of its size
_INFERIOR = 1.15  # the inferior recess over the superior one
_STRETCH = 1.9  # resistance of rim and recesses, which open after the cleft


@dataclass(frozen=True, slots=True, eq=False)
class Facing:
    """A joint's own directions: along it (towards the head), across it (backwards), through it.

    ``middle_mm`` (3,), ``axes`` (3, 3) in rows, ``half_mm`` (3,).
    """

    middle_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    half_mm: NDArray[np.float64]

    @classmethod
    def of(cls, inside_mm: Points, name: str) -> Facing:
        """From points (P, 3) in the joint."""
        if len(inside_mm) < 8:
            raise InputError(f"{name} has no room between its bones; choose another joint")
        middle = inside_mm.mean(axis=0)
        _, _, axes = np.linalg.svd(inside_mm - middle, full_matrices=False)
        along, across, through = axes
        if abs(across[2]) > abs(along[2]):  # nearly round: the ends are the upper and the lower
            along, across = across, along
        along = along * (1.0 if along[2] >= 0 else -1.0)
        across = across * (1.0 if across[1] >= 0 else -1.0)
        own = np.stack([along, across, through])
        half = np.percentile(np.abs((inside_mm - middle) @ own.T), 97, axis=0)
        return cls(middle, own, half)

    def local_mm(self, points_mm: Points) -> Points:
        """Along, across and through (P, 3)."""
        return np.asarray((points_mm - self.middle_mm) @ self.axes.T)


def joint_room(anatomy: Anatomy, space: Space, rng: np.random.Generator) -> Room:
    """The joint space with its recesses, and the tissue behind the capsule.

    Cartilage fills the joint but for a film in its middle and a rim along its edge. The recesses
    are as large as makes all of it hold `JOINT_ML`.
    """
    low, high = space.shape.box_mm
    lattice = Lattice.around(np.stack([low - _AROUND_MM, high + _AROUND_MM]), STEP_MM)
    points = lattice.points_mm()
    bone = around.distance_mm(lattice, anatomy.bones.values())
    cleft = np.maximum(around.distance_mm(lattice, [space.shape]), -bone).reshape(-1)
    facing = Facing.of(points[cleft < 0], space.name)
    others = around.distance_mm(lattice, _others(anatomy), wanted=bone > 0.0)
    wall = np.minimum(bone, others).reshape(-1)
    lumpy = texture.uneven(points, rng, size_mm=np.array([3.0, 3.0, 3.0]))
    hairy = texture.uneven(points, rng, size_mm=np.array([1.4, 1.4, 7.0]))
    local = facing.local_mm(points)
    film, rim = _narrow(facing, local, cleft, wall)
    narrow = np.minimum(film, rim)
    every = np.arange(len(points)).reshape(lattice.shape)[::2, ::2, ::2].reshape(-1)
    size = _recess_mm(facing, local[every], wall[every], narrow[every], lumpy[every])
    pouch = _pouches(facing, local, wall, lumpy, size)
    inside = np.minimum(narrow, pouch)
    held = np.where(narrow < pouch, 0.9 + 0.1 * np.clip(lumpy, -1.0, 1.0), 1.0)
    leak = 0.35 * around.covered(_beyond(facing, local, wall), STEP_MM) * (hairy > 0.2)
    porosity = np.where(inside < 0.5 * STEP_MM, held * around.covered(inside, STEP_MM), leak)
    slow = np.where(inside < 0.5 * STEP_MM, _STRETCH, _LEAK * np.exp(0.5 * hairy))
    slow[film < 0.5 * STEP_MM] = 1.0
    return Room(lattice, porosity.reshape(lattice.shape), slow.reshape(lattice.shape))


def _others(anatomy: Anatomy) -> list[Bone]:
    canal = [one.shape for one in anatomy.spaces.values() if one.kind in ("canal", "flavum")]
    return [*around.pipes(anatomy, "dura", "root", "vessel"), *canal]


def _narrow(facing: Facing, local: Points, cleft: Cells, wall: Cells) -> tuple[Cells, Cells]:
    """Signed distances (P,) of the film between the cartilages and of the rim about it."""
    deepest = -float(np.percentile(cleft[cleft < 0], 3))
    # in the middle of the cleft, whatever way it curves
    film = np.maximum(deepest + cleft - 0.5 * _FILM_MM, cleft)
    half = facing.half_mm
    round_it = np.hypot(local[:, 0] / half[0], local[:, 1] / half[1])
    backwards = local[:, 1] / (half[1] * np.maximum(round_it, 1e-6))
    radius = _RIM_MM + (_DORSAL_RIM_MM - _RIM_MM) * np.clip(backwards + 0.3, 0.0, 1.0)
    off_sheet = np.minimum(np.abs(local[:, 2]), np.maximum(deepest + cleft, 0.0))
    rim = np.hypot((round_it - 0.95) * half[:2].mean(), off_sheet) - radius
    return film, np.maximum(rim, -wall)


def _pouches(facing: Facing, local: Points, wall: Cells, lumpy: Cells, size_mm: float) -> Cells:
    """Signed distance (P,) of the recess at each end, of a size."""
    found = np.full(len(local), np.inf)
    for end, scale in ((1.0, size_mm), (-1.0, _INFERIOR * size_mm)):
        # the superior recess lies forwards, the inferior one backwards over the lamina
        at = np.array([end * (facing.half_mm[0] + _OUT * scale), -0.35 * end * scale, 0.0])
        away = (local - at) / np.array(_FLAT)
        uneven = scale * (1.0 + 0.16 * lumpy)
        found = np.minimum(found, _FLAT[2] * (np.sqrt((away * away).sum(axis=1)) - uneven))
    return np.asarray(np.maximum(found, -wall))


def _recess_mm(facing: Facing, local: Points, wall: Cells, narrow: Cells, lumpy: Cells) -> float:
    """Size of the recesses at which the joint holds `JOINT_ML`, from an eighth of the cubes."""
    low, high = 1.5, 7.0
    for _ in range(10):
        size = 0.5 * (low + high)
        inside = np.minimum(narrow, _pouches(facing, local, wall, lumpy, size))
        held = 8.0 * around.covered(inside, STEP_MM).sum() * STEP_MM**3 * 1e-3
        low, high = (size, high) if held < JOINT_ML else (low, size)
    return high


def _beyond(facing: Facing, local: Points, wall: Cells) -> Cells:
    """Signed distance (P,) of the tissue behind the capsule, which takes what leaks."""
    over = np.maximum(np.abs(local[:, 0]) - 0.8 * facing.half_mm[0], 0.0)
    forwards = 3.0 * np.maximum(-local[:, 1], 0.0) + 0.5 * np.abs(local[:, 1])
    behind = np.sqrt(over**2 + local[:, 2] ** 2 + forwards**2)
    return np.asarray(np.maximum(behind - _AROUND_MM, -wall))
