"""Rooms without a wall: muscle and fat about a tip, and the fascicles of a nerve."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.tissue import bone_labels, family_labels
from needle_sim.geometry.transform import unit
from needle_sim.injectate import around, texture
from needle_sim.injectate.front import Room
from needle_sim.injectate.lattice import Lattice

STEP_MM, NERVE_STEP_MM = 0.9, 0.6
_FIBRES = np.array([0.12, 0.1, 1.0])  # of the erector spinae: along the spine (proposed)
_TAKEN = 0.35  # share of loose tissue between fibres that a fluid fills
_SOFT_MM = 6.0  # it ends in streaks


def muscle_room(
    anatomy: Anatomy,
    tip_mm: NDArray[np.float64],
    bevel: ArrayLike,
    volume_ml: float,
    rng: np.random.Generator,
) -> Room:
    """Muscle and fat about a tip (3,): a fluid runs between the fibres, in streaks."""
    reach = 7.0 + np.cbrt(volume_ml) * np.array([8.0, 8.0, 27.0])
    corners = np.stack([tip_mm - reach, tip_mm + reach])
    lattice = Lattice.around(corners, STEP_MM)
    points = lattice.points_mm()
    away = points - tip_mm
    fibres = unit(_FIBRES * [np.sign(tip_mm[0]) or 1.0, 1.0, 1.0])
    along = away @ fibres
    across = np.sqrt(np.maximum((away**2).sum(axis=1) - along**2, 0.0))
    shapes = [*anatomy.bones.values(), *around.pipes(anatomy, "dura", "root", "vessel")]
    blocked = around.distance_mm(lattice, shapes).reshape(-1)
    solid = (*family_labels("air", "skin"), *bone_labels())
    tissue = anatomy.labels.sample(points, outside=0)
    free = around.covered(-blocked, STEP_MM) * ~np.isin(tissue, solid)
    # fascicles lie in leaves; a fluid parts some of them and leaves others closed
    turned = points - np.outer(along, fibres) + np.outer(along, [0.0, 0.0, 1.0])
    leaves = texture.uneven(turned, rng, size_mm=np.array([1.5, 6.0, 26.0]))
    leaves += texture.uneven(turned, rng, size_mm=np.array([6.0, 1.5, 26.0]))
    porosity = free * np.clip(_TAKEN + 0.35 * leaves, 0.02, 0.95)
    # across the fibres the front takes three times as long
    steep = np.maximum(np.hypot(across, along), 1e-6)
    slow = (1.0 + 2.0 * (across / steep) ** 2) * np.exp(-0.5 * leaves)
    slow *= 1.0 - 0.3 * (away @ unit(bevel)) / np.maximum(steep, 1.0) * np.exp(-steep / 10.0)
    shape = lattice.shape
    return Room(lattice, porosity.reshape(shape), np.maximum(slow, 0.1).reshape(shape), _SOFT_MM)


def nerve_room(nerve: Structure, tip_mm: NDArray[np.float64], rng: np.random.Generator) -> Room:
    """The fascicles of a nerve and its sleeve: a fluid runs along it, in streaks."""
    low, high = around.Pipe(nerve).box_mm
    corners = np.stack([np.maximum(low, tip_mm - 45.0), np.minimum(high, tip_mm + 45.0)])
    lattice = Lattice.around(corners + np.array([[-3.0], [3.0]]), NERVE_STEP_MM)
    points = lattice.points_mm()
    depth = nerve.distance_mm(points)
    streaks = texture.uneven(points, rng, size_mm=np.array([1.2, 1.2, 8.0]))
    inside = around.covered(depth, NERVE_STEP_MM) * np.clip(0.3 + 0.2 * streaks, 0.05, 0.8)
    sleeve = around.covered(np.abs(depth - 0.6) - 0.7, NERVE_STEP_MM) * 0.8
    slow = np.where(depth < 0, 1.0, 2.0) * np.exp(-0.3 * streaks)
    shape = lattice.shape
    return Room(lattice, np.maximum(inside, sleeve).reshape(shape), slow.reshape(shape))
