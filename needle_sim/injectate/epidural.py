"""The epidural space as a room: fat, septa, resistance, and the sleeves along the roots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, special

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.geometry.transform import unit
from needle_sim.injectate import around, texture
from needle_sim.injectate.front import Room
from needle_sim.injectate.lattice import Cells, Lattice, Points

STEP_MM = 0.9
_SLEEVE_MM = 1.4  # loose tissue about a root outside of its foramen
_ALONG_MM = 5.9  # how far out of a foramen a root is followed (told apart up to 6)
_LOBULE_MM, _SEPTUM_MM, _FILM_MM = 4.4, 1.15, 0.6  # fat lobules, what lies between, films
_OPEN, _TIGHT, _LOOSE = 0.88, 0.1, 0.7  # share of septa, tight and loose lobules that is filled
_SOFT_MM = 7.0  # the fluid thins out towards its edge
_LEDGE_MM = 4.0  # over this length a wide part of the space tapers to a narrow one
# 25 interlaminar epidurograms of 5 mL: 1.28 levels to the head, 0.88 to the feet, ventral in 36 %,
# to one side in 84 % (Pain Physician 2004;7:77-80). The ratios below were set to give that.
_CAUDAL = 1.4
_VENTRAL = 2.6
_ROUND = 2.0  # round the sac to the other side
_MIDLINE = 2.2  # the dorsal median fold, where it is whole
_BESIDE_ROOT = 0.45  # easiest along the sleeve of a root, out of the canal


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
    spaces = around.spaces_near(anatomy, corners, "canal", "hiatus", "foramen")
    corners = _held(corners, [space.shape.box_mm for space in spaces])
    lattice = Lattice.around(corners, STEP_MM)
    canal, foramen = (
        around.distance_mm(lattice, [one.shape for one in spaces if one.kind in kinds])
        for kinds in (("canal", "hiatus"), ("foramen",))
    )
    within = np.minimum(canal, foramen)
    roots = around.distance_mm(lattice, around.pipes(anatomy, "root"), reach_mm=2.5)
    near = (within < STEP_MM) | ((roots < _SLEEVE_MM) & (within < _ALONG_MM))
    sac = around.distance_mm(lattice, around.pipes(anatomy, "dura"), wanted=near)
    near &= sac > -STEP_MM
    sac = sac[near]
    solids = [*around.pipes(anatomy, "vessel"), *_solids(anatomy, corners)]
    solid = around.distance_mm(lattice, solids, wanted=near, reach_mm=2.5)[near]
    root, canal = roots[near], canal[near]
    solid = np.minimum(solid, root)
    points = lattice.points_mm(near)
    # where no bone bounds the space, its edge is fat and fascia and as uneven as these
    rough = texture.uneven(points, rng, size_mm=np.array([4.0, 4.0, 5.0]))
    outside = np.minimum(within[near], root - _SLEEVE_MM) + np.maximum(0.7 * rough, -0.3)
    open_ = np.zeros(lattice.shape, dtype=np.float32)
    open_[near] = around.covered(np.maximum(outside, -np.minimum(sac, solid)), STEP_MM)
    room = _tapered(open_)[near]
    wall = np.minimum(sac, solid)
    porosity, resistance = np.zeros(lattice.shape), np.ones(lattice.shape)
    porosity[near] = room * _filling(points, wall, canal, root, rng)
    resistance[near] = _resistance(anatomy, points, tip_mm, bevel, canal, root, rng)
    return Room(lattice, porosity, resistance, _SOFT_MM)


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


def _tapered(open_: NDArray[np.float32]) -> NDArray[np.float32]:
    """Open share (I, J, K), less where the space narrows at once: fat thins out there."""
    size = 2 * round(0.5 * _LEDGE_MM / STEP_MM) + 1
    about = ndimage.uniform_filter1d(open_, size, axis=0, mode="nearest")
    about = ndimage.uniform_filter1d(about, size, axis=0, mode="nearest")
    return np.asarray(open_ * np.clip(1.7 * about, 0.0, 1.0))


def _filling(
    points: Points, wall: Cells, canal: Cells, root: Cells, rng: np.random.Generator
) -> Cells:
    """Share (P,) of the room that is filled: septa of the fat, and films along walls and roots."""
    patchy = texture.uneven(points, rng, size_mm=np.array([5.0, 5.0, 8.0]))
    bent = texture.uneven(points, rng, size_mm=np.array([4.0, 4.0, 6.0]))
    # lobules are longer along the spine, of any size; some let fluid in
    warped = points * np.array([1.0, 1.0, 0.62])
    warped += 0.9 * np.stack([bent, patchy, 0.5 * (bent - patchy)], axis=1)
    fat, draw = texture.septa(warped, rng, lobule_mm=_LOBULE_MM)
    septum = _SEPTUM_MM * np.exp(0.5 * np.clip(patchy, -1.5, 1.5))
    lobule = _TIGHT + _LOOSE * draw**3
    honeycomb = lobule + (_OPEN - lobule) * np.exp(-((fat / septum) ** 2))
    film = np.exp(-((np.maximum(wall, 0.0) / _FILM_MM) ** 2))
    about_root = 0.85 * np.exp(-((np.maximum(root, 0.0) / 1.6) ** 2))
    inside = np.maximum(honeycomb, 0.75 * film * np.clip(0.8 + 0.4 * bent, 0.2, 1.0))
    out = special.expit(canal / 0.8)
    return np.asarray((1.0 - out) * inside + out * np.maximum(0.5 * honeycomb, about_root))


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
    slow *= 1.0 + (_CAUDAL - 1.0) * special.expit((tip_mm[2] - points[:, 2]) / 3.0)
    slow *= 1.0 + _fold(points, aside[:, 0], dorsal, rng)
    out = np.maximum(canal, 0.0)
    slow *= 1.0 + 0.12 * out + 0.5 * np.maximum(root - 1.0, 0.0) * (canal > 0)
    slow *= 1.0 - (1.0 - _BESIDE_ROOT) * np.exp(-((np.maximum(root, 0.0) / 2.0) ** 2))
    away = points - tip_mm
    far = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    slow *= 1.0 - 0.3 * (away @ unit(bevel)) / far * np.exp(-far / 12.0)
    channels = texture.uneven(points, rng, size_mm=np.array([3.0, 3.0, 16.0]))
    patchy = texture.uneven(points, rng, size_mm=np.array([6.0, 6.0, 9.0]))
    return np.asarray(slow * np.exp(0.55 * channels + 0.35 * patchy))


def _fold(points: Points, aside: Cells, dorsal: Cells, rng: np.random.Generator) -> Cells:
    """Resistance (P,) of the dorsal median fold: it winds, and is missing in places."""
    long = np.array([40.0, 40.0, 9.0])
    off = aside - 1.4 * texture.uneven(points, rng, size_mm=long)
    whole = np.clip(0.5 + 0.7 * texture.uneven(points, rng, size_mm=long), 0.0, 1.5)
    return np.asarray(
        _MIDLINE * whole * np.exp(-((off / 1.2) ** 2)) * special.expit((dorsal - 0.4) / 0.12)
    )


def _middle_of_canal(anatomy: Anatomy, points: Points) -> NDArray[np.float64]:
    """x and y (P, 2) of the middle of the sac, or of the canal, at the height of each point."""
    for one in anatomy.structures.values():
        if one.kind == "dura":
            return around.sac_middle(one, points[:, 2])
    canals = [one.shape for one in anatomy.spaces.values() if one.kind == "canal"]
    middle = canals[0].box_mm.mean(axis=0)[:2] if canals else points[:, :2].mean(axis=0)
    return np.broadcast_to(middle, (len(points), 2))
