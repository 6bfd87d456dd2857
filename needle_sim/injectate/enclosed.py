"""Rooms with a wall: the facet joint with its recesses, and the nucleus of a disc."""

from __future__ import annotations

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

NUCLEUS_ML = 2.0
"""What a sound lumbar nucleus takes, 1 to 3.5 mL (memory)."""

_LEAK, _ANNULUS = 30.0, 12.0  # resistance outside of the capsule, and in the annulus
_AROUND_MM = 12.0


def joint_room(anatomy: Anatomy, space: Space, rng: np.random.Generator) -> Room:
    """The joint space, a rounded recess at each end of it, and the tissue behind the capsule.

    The recesses are as large as makes joint and recesses hold `JOINT_ML`.
    """
    low, high = space.shape.box_mm
    lattice = Lattice.around(np.stack([low - _AROUND_MM, high + _AROUND_MM]), STEP_MM)
    points = lattice.points_mm()
    joint = around.distance_mm(lattice, [space.shape]).reshape(-1)
    bone = around.distance_mm(lattice, anatomy.bones.values()).reshape(-1)
    cleft = np.maximum(joint, -bone)
    poles = _poles(points[cleft < 0], space)
    pole = np.min([np.linalg.norm(points - one, axis=1) for one in poles], axis=0)
    others = [*around.pipes(anatomy, "dura", "root", "vessel"), *_canal_of(anatomy)]
    barred = np.minimum(bone, around.distance_mm(lattice, others).reshape(-1))
    radius = _recess_mm(cleft, pole, barred)
    pouch = np.maximum(pole - radius, -barred)
    inside = np.minimum(cleft, pouch)
    seam = np.maximum(joint - 0.7, -barred)  # a film under the capsule
    beyond = np.maximum(_behind(points, poles) - 12.0, -barred)
    hairy = texture.uneven(points, rng, size_mm=np.array([1.4, 1.4, 7.0]))
    porosity = np.where(
        np.minimum(inside, seam) < 0.5 * STEP_MM,
        around.covered(np.minimum(inside, seam), STEP_MM),
        0.35 * around.covered(beyond, STEP_MM) * (hairy > 0.2),
    )
    film = np.where(seam < 0.5 * STEP_MM, 4.0, _LEAK * np.exp(0.5 * hairy))
    slow = np.where(inside < 0.5 * STEP_MM, 1.0, film)
    return Room(lattice, porosity.reshape(lattice.shape), slow.reshape(lattice.shape))


def _canal_of(anatomy: Anatomy) -> list[Bone]:
    return [one.shape for one in anatomy.spaces.values() if one.kind in ("canal", "flavum")]


def _poles(inside: Points, space: Space) -> NDArray[np.float64]:
    """The two ends (2, 3) of a joint's long axis, cranial first."""
    if len(inside) < 8:
        raise InputError(f"{space.name} has no room between its bones; choose another joint")
    middle = inside.mean(axis=0)
    _, _, axes = np.linalg.svd(inside - middle, full_matrices=False)
    along = axes[0] * (1.0 if axes[0][2] >= 0 else -1.0)
    reach = (inside - middle) @ along
    return np.stack([middle + along * np.percentile(reach, q) for q in (97, 3)])


def _recess_mm(cleft: Cells, pole: Cells, barred: Cells) -> float:
    """Radius of the recesses that makes joint and recesses hold `JOINT_ML`, 2 to 7 mm."""
    low, high = 2.0, 7.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        inside = np.minimum(cleft, np.maximum(pole - middle, -barred))
        held = around.covered(inside, STEP_MM).sum() * STEP_MM**3 * 1e-3
        low, high = (middle, high) if held < JOINT_ML else (low, middle)
    return high


def _behind(points: Points, poles: NDArray[np.float64]) -> Cells:
    """Distance (P,) from the dorsal edge of a joint, large in front of it."""
    along = poles[0] - poles[1]
    share = np.clip((points - poles[1]) @ along / (along @ along), 0.0, 1.0)
    line = poles[1] + share[:, None] * along
    away = points - line
    return np.asarray(np.linalg.norm(away, axis=1) + 3.0 * np.maximum(-away[:, 1], 0.0))


def disc_room(anatomy: Anatomy, space: Space, rng: np.random.Generator) -> tuple[Room, str]:
    """The nucleus of a disc in one lump or two layers, and an annulus that hardly yields.

    Adams, Dolan and Hutton (1986), doi:10.1302/0301-620X.68B1.3941139: cotton ball and lobular are
    the shapes of the discogram of a sound disc.
    """
    low, high = space.shape.box_mm
    lattice = Lattice.around(np.stack([low, high]), STEP_MM)
    disc = around.distance_mm(lattice, [space.shape]).reshape(-1)
    points = lattice.points_mm()
    near = (disc < STEP_MM).reshape(lattice.shape)
    bone = around.distance_mm(lattice, anatomy.bones.values(), wanted=near).reshape(-1)
    inside = np.maximum(disc, -bone)
    held = points[inside < 0]
    middle = held.mean(axis=0)
    _, _, axes = np.linalg.svd(held - middle, full_matrices=False)
    local = (points - middle) @ axes.T  # across, along, and through the disc
    half = np.percentile(np.abs((held - middle) @ axes.T), 98, axis=0)
    lumps = "one lump" if rng.random() < 0.3 else "two layers"
    ragged = texture.uneven(points, rng, size_mm=np.array([4.0, 4.0, 2.0]))
    share = _nucleus_share(half)
    radial = np.hypot(local[:, 0] / (share * half[0]), local[:, 1] / (share * half[1]))
    flat = local[:, 2] / max(0.8 * half[2], 1e-6)
    nucleus = np.sqrt(radial**2 + flat**2) - 1.0 - 0.08 * ragged
    taken = np.clip(0.5 - nucleus * 6.0, 0.0, 1.0)
    if lumps == "two layers":
        cleft = np.exp(-((local[:, 2] / (0.22 * half[2])) ** 2))
        taken *= 1.0 - 0.85 * cleft * np.clip(1.6 - 1.6 * radial, 0.0, 1.0)
    yielding = 0.04 + 0.1 * (ragged > 1.0)
    porosity = around.covered(inside, STEP_MM) * np.maximum(0.9 * taken, yielding)
    slow = np.where(nucleus < 0, 1.0, _ANNULUS * np.exp(0.4 * ragged))
    shape = lattice.shape
    return Room(lattice, porosity.reshape(shape), slow.reshape(shape)), lumps


def _nucleus_share(half_mm: NDArray[np.float64]) -> float:
    """Share of a disc's width and depth at which its nucleus takes `NUCLEUS_ML`, 0.35 to 0.7."""
    whole = 4 / 3 * np.pi * half_mm[0] * half_mm[1] * 0.8 * half_mm[2] * 1e-3 * 0.8
    return float(np.clip(np.sqrt(NUCLEUS_ML / whole), 0.35, 0.7))
