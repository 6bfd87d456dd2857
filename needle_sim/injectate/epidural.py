"""The epidural space as a room: fat, septa, resistance, and the sleeves along the roots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.geometry.transform import unit
from needle_sim.injectate import around, texture
from needle_sim.injectate.front import Room
from needle_sim.injectate.lattice import Cells, Lattice, Points

STEP_MM = 0.9
_SLEEVE_MM = 1.4  # loose tissue about a root outside of its foramen
_ALONG_MM = 5.9  # how far out of a foramen a root is followed (told apart up to 6)
_LOBULE_MM, _SEPTUM_MM, _FILM_MM = 4.8, 1.15, 0.5  # fat lobules, what lies between, films
_OPEN, _TIGHT = 0.85, 0.1  # share of septa and of lobules that a fluid fills
# 25 interlaminar epidurograms of 5 mL: 1.28 levels to the head, 0.88 to the feet, ventral in 36 %,
# to one side in 84 % (Pain Physician 2004;7:77-80). The ratios below were set to give that.
_CAUDAL = 1.25
_VENTRAL = 2.6
_ROUND = 2.0  # round the sac to the other side
_MIDLINE = 4.0  # the dorsal median fold


def epidural_room(
    anatomy: Anatomy,
    tip_mm: NDArray[np.float64],
    bevel: ArrayLike,
    volume_ml: float,
    rng: np.random.Generator,
) -> Room:
    """Canal and foramina outside sac, roots, bone and discs, about a tip (3,).

    The dorsal fat is easy, the way to the front and across the dorsal midline is not; fat lobules
    stay free, which leaves the fluid as a honeycomb.
    """
    half = np.array([45.0, 40.0, min(28.0 + 13.0 * volume_ml, 230.0)])
    corners = np.stack([tip_mm - half, tip_mm + half])
    spaces = around.spaces_near(anatomy, corners, "canal", "foramen")
    corners = _held(corners, [space.shape.box_mm for space in spaces])
    lattice = Lattice.around(corners, STEP_MM)
    canal, foramen = (
        around.distance_mm(lattice, [one.shape for one in spaces if one.kind == kind])
        for kind in ("canal", "foramen")
    )
    within = np.minimum(canal, foramen)
    roots = around.distance_mm(lattice, around.pipes(anatomy, "root"), reach_mm=2.5)
    near = (within < STEP_MM) | ((roots < _SLEEVE_MM) & (within < _ALONG_MM))
    sac = around.distance_mm(lattice, around.pipes(anatomy, "dura"), wanted=near)[near]
    solids = [*around.pipes(anatomy, "vessel"), *_solids(anatomy, corners)]
    solid = around.distance_mm(lattice, solids, wanted=near, reach_mm=2.5)[near]
    root, canal = roots[near], canal[near]
    solid = np.minimum(solid, root)
    outside = np.minimum(within[near], root - _SLEEVE_MM)
    room = around.covered(np.maximum(outside, -np.minimum(sac, solid)), STEP_MM)
    wall = np.minimum(np.minimum(sac, solid), -outside)
    points = lattice.points_mm(near)
    porosity, resistance = np.zeros(lattice.shape), np.ones(lattice.shape)
    porosity[near] = room * _filling(points, wall, canal, root, rng)
    resistance[near] = _resistance(anatomy, points, tip_mm, bevel, canal, root, rng)
    return Room(lattice, porosity, resistance)


def _held(corners: NDArray[np.float64], boxes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A box, cut to what its spaces and the roots beside them can reach."""
    if not boxes:
        return corners
    low = np.min([box[0] for box in boxes], axis=0) - np.array([6.0, 6.0, 3.0])
    high = np.max([box[1] for box in boxes], axis=0) + np.array([6.0, 2.0, 3.0])
    return np.stack([np.maximum(corners[0], low), np.minimum(corners[1], high)])


def _solids(anatomy: Anatomy, corners: NDArray[np.float64]) -> list[Bone]:
    """Bones, discs and flava about a box: no fluid enters them."""
    others = around.spaces_near(anatomy, corners, "disc", "flavum", "facet_joint")
    return [*anatomy.bones.values(), *(space.shape for space in others)]


def _filling(
    points: Points, wall: Cells, canal: Cells, root: Cells, rng: np.random.Generator
) -> Cells:
    """Share (P,) of the room that is filled: septa of the fat, and films along walls and roots."""
    # lobules are longer along the spine, and here and there they let fluid in
    fat = texture.septa(points * np.array([1.0, 1.0, 0.72]), rng, lobule_mm=_LOBULE_MM)
    patchy = texture.uneven(points, rng, size_mm=np.array([5.0, 5.0, 8.0]))
    septum = _SEPTUM_MM * np.exp(0.4 * np.clip(patchy, -1.5, 1.5))
    honeycomb = _TIGHT + (_OPEN - _TIGHT) * np.exp(-((fat / septum) ** 2))
    film = np.exp(-((np.maximum(wall, 0.0) / _FILM_MM) ** 2))
    about_root = 0.85 * np.exp(-((np.maximum(root, 0.0) / 1.6) ** 2))
    inside = np.maximum(honeycomb, 0.7 * film)
    return np.where(canal < 0, inside, np.maximum(0.5 * honeycomb, about_root))


def _resistance(
    anatomy: Anatomy,
    points: Points,
    tip_mm: NDArray[np.float64],
    bevel: ArrayLike,
    canal: Cells,
    root: Cells,
    rng: np.random.Generator,
) -> Cells:
    """How much longer (P,) the front takes than through dorsal fat towards the head."""
    middle = _middle_of_canal(anatomy, points)
    aside = points[:, :2] - middle
    reach = np.maximum(np.linalg.norm(aside, axis=1), 1.0)
    dorsal = aside[:, 1] / reach
    slow = 1.0 + 0.5 * (_VENTRAL - 1.0) * (1.0 - dorsal)
    # round the sac, away from the tip's own side of it
    own = tip_mm[:2] - _middle_of_canal(anatomy, tip_mm[None])[0]
    turned = (aside @ own) / (reach * max(float(np.linalg.norm(own)), 1.0))
    slow *= 1.0 + 0.5 * _ROUND * (1.0 - turned)
    slow *= np.where(points[:, 2] < tip_mm[2], _CAUDAL, 1.0)
    slow *= 1.0 + _MIDLINE * np.exp(-(aside[:, 0] ** 2)) * (dorsal > 0.3)
    out = np.maximum(canal, 0.0)
    slow *= 1.0 + 0.12 * out + 0.5 * np.maximum(root - 1.0, 0.0) * (canal > 0)
    away = points - tip_mm
    far = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    slow *= 1.0 - 0.3 * (away @ unit(bevel)) / far * np.exp(-far / 12.0)
    channels = texture.uneven(points, rng, size_mm=np.array([3.5, 3.5, 22.0]))
    patchy = texture.uneven(points, rng, size_mm=np.array([6.0, 6.0, 9.0]))
    return np.asarray(slow * np.exp(0.45 * channels + 0.25 * patchy))


def _middle_of_canal(anatomy: Anatomy, points: Points) -> NDArray[np.float64]:
    """x and y (P, 2) of the middle of the sac, or of the canal, at the height of each point."""
    for one in anatomy.structures.values():
        if one.kind == "dura":
            return around.sac_middle(one, points[:, 2])
    canals = [one.shape for one in anatomy.spaces.values() if one.kind == "canal"]
    middle = canals[0].box_mm.mean(axis=0)[:2] if canals else points[:, :2].mean(axis=0)
    return np.broadcast_to(middle, (len(points), 2))
