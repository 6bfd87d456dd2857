"""`refine_bone`: a coarse CT given the cortices of its fitted bones, for sharp X-ray pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.refining.grid import FineGrid, Grid, fine_grid
from needle_sim.anatomy.refining.match import (
    Around,
    matched,
    picture,
    scanner_blur,
    trust,
    whole,
)
from needle_sim.anatomy.refining.shell import Shell, again, box_about, part_of, shells
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.volume.even import evened
from needle_sim.volume.volume import Note, Volume

VOXEL_MM = 0.3
"""Edge of the fine voxels at most: a cortex is 0.3 mm at the thinnest that a CT tells."""

ROOM_MM = (45.0, 45.0, 45.0)
"""Half sizes of the refined box along patient x, y and z (proposed): a vertebra with halves of its
neighbours."""

BEHIND_MM = 15.0
"""The middle of a vertebra lies so far behind that of its body (proposed)."""

DARKER_HU = 60.0
"""Nothing is darker or brighter than soft tissue, compact bone and the CT itself by more than this:
what would have to be is blurred over more voxels (proposed)."""

_MATCH_MM = 1.0  # voxels in which place and thickness are found
_NEAR_MM, _FAR_MM = 5.0, 20.0  # within which soft tissue and spongy bone are averaged
_SOFT_HU = (-900.0, 150.0)
_SPONGY_HU = (-50.0, 600.0)
_LEAST = 1e-3
_PASSES = 3  # that bring the refined box back to the CT


def refine_bone(
    anatomy: Anatomy,
    *,
    near_mm: ArrayLike,
    half_mm: Sequence[float] = ROOM_MM,
    voxel_mm: float = VOXEL_MM,
) -> Anatomy:
    """The anatomy with an ``inset``: the CT about a place in fine voxels, its bones sharp.

    A model of the fitted bones, cortex on spongy bone in the soft tissue about them, is blurred as
    the scanner blurs, moved and thickened until it is most like the CT, and what the CT has more
    than it is added back softly. So blurred again the inset is the CT, and nothing counts twice.

    Parameters
    ----------
    anatomy : Anatomy
        With bones that have an exact surface, such as `anatomy_from_ct` fits.
    near_mm : (3,) array_like, mm
        The middle of the box, in the patient; a target.
    half_mm : sequence of float, mm
        Half its sides along patient x, y and z.
    voxel_mm : float
        Fine voxels are at most so large; the CT's voxels are divided into whole parts.

    Returns
    -------
    Anatomy
        ``inset`` on the axes of ``ct``, and a note. `prepare` sets it into the CT.

    Raises
    ------
    InputError
        No exact bone lies in the box, or the box beside the CT.
    """
    middle, half = np.asarray(near_mm, np.float64), np.asarray(half_mm, np.float64)
    if middle.shape != (3,) or half.shape != (3,) or not (half > 0).all():
        raise InputError(f"near_mm and half_mm > 0 are three numbers, got {middle} and {half}")
    ct = evened(anatomy.ct)
    coarse = fine_grid(ct, middle - half, middle + half, voxel_mm=max(_MATCH_MM, voxel_mm))
    fitted = shells(anatomy, coarse)
    if not fitted:
        raise InputError(
            f"no bone with an exact surface lies about {middle.round(1)}; fit the CT's labels "
            "there, or choose another place"
        )
    around = _around(fitted, anatomy, coarse)
    coarse = scanner_blur(fitted, around, coarse)
    fitted = matched(fitted, around, anatomy, coarse)
    share = trust(picture(fitted, around, coarse, whole(coarse)), around, coarse)
    fine = fine_grid(ct, middle - half, middle + half, voxel_mm=voxel_mm)
    fine = replace(fine, blur=coarse.blur)
    around = replace(around, clefts=_clefts(anatomy, fine))
    sharp = picture([again(one, anatomy, fine) for one in fitted], around, fine, whole(fine))
    inset = _as_the_ct(sharp, share, around.soft, fine)
    return replace(anatomy, inset=inset, notes=(*anatomy.notes, _note(fitted, fine)))


def refine_level(anatomy: Anatomy, level: str, *, voxel_mm: float = VOXEL_MM) -> Anatomy:
    """`refine_bone` about a vertebra, ``"L4"``, or an interspace, ``"L4-L5"``."""
    bodies = [anatomy.body(one) for one in level.split("-")]
    near = np.mean([body.apply([0.0, BEHIND_MM, 0.0]) for body in bodies], axis=0)
    return refine_bone(anatomy, near_mm=near, voxel_mm=voxel_mm)


def _as_the_ct(hu: Grid, share: Grid, soft: Grid, grid: FineGrid) -> Volume:
    """A fine model, where it is trusted, with what the CT has more, or less, than it."""
    wanted = grid.coarse.array.astype(np.float32)
    blurred = grid.spread(wanted)
    hu = blurred + grid.spread(share) * (hu - blurred)
    dark = np.float32(DARKER_HU)
    least = np.minimum(blurred, grid.spread(soft)) - dark
    compact = np.float32(tissues()[label("cortical_bone")].hu)
    most = np.maximum(blurred, compact) + dark
    for _ in range(_PASSES):
        hu += grid.spread(wanted - grid.thinned(hu))
        np.clip(hu, least, most, out=hu)
    whole_hu = np.rint(np.clip(hu, -1024.0, 3071.0)).astype(np.int16)
    return Volume(whole_hu, grid.patient_from_voxel, "hu")


def _note(fitted: Sequence[Shell], grid: FineGrid) -> Note:
    sides = grid.coarse.spacing_mm / grid.parts
    said = " x ".join(f"{side:.2f}" for side in sides)
    names = ", ".join(one.name for one in fitted)
    text = f"cortices of {names} were drawn into the CT from their fitted surfaces (refined bone)"
    return Note("", "", f"{said} mm", text)


def _around(fitted: Sequence[Shell], anatomy: Anatomy, grid: FineGrid) -> Around:
    """Soft tissue and spongy bone about each voxel, from voxels that hold nothing else."""
    hu = grid.coarse.array.astype(np.float32)
    plain = replace(grid, blur=(0.0, 0.0, 0.0))
    away = np.full(grid.coarse.shape, np.inf, dtype=np.float32)
    for one in fitted:
        part = part_of(plain, one.within).thinned(one.away_mm)
        away[one.within] = np.minimum(away[one.within], part)
    side = float(grid.coarse.spacing_mm.max())
    muscle, marrow = (tissues()[label(name)].hu for name in ("muscle", "trabecular_bone"))
    soft = _mean(hu, (away > side) & (hu < _SOFT_HU[1]) & (hu > _SOFT_HU[0]), muscle, grid)
    deep = (away < -side) & (hu > _SPONGY_HU[0]) & (hu < _SPONGY_HU[1])
    marrow = float(np.median(hu[deep])) if deep.any() else marrow
    return Around(soft, _mean(hu, deep, marrow, grid), _clefts(anatomy, grid))


def _mean(hu: Grid, where: np.ndarray, otherwise: float, grid: FineGrid) -> Grid:
    """Mean of some voxels near each, of more distant ones where there are none."""
    found = np.full(hu.shape, otherwise, dtype=np.float32)
    for reach in (_FAR_MM, _NEAR_MM):
        sigma = reach / grid.coarse.spacing_mm
        weight = ndimage.gaussian_filter(where.astype(np.float32), sigma)
        value = ndimage.gaussian_filter(np.where(where, hu, 0.0).astype(np.float32), sigma)
        found = (value + _LEAST * 10 * found) / (weight + _LEAST * 10)
    return np.asarray(found, dtype=np.float32)


def _clefts(anatomy: Anatomy, grid: FineGrid) -> Grid | None:
    """Share (fine voxels) of joint space, which no bone may fill."""
    joints = [one for one in anatomy.spaces.values() if one.kind == "facet_joint"]
    if not joints:
        return None
    found = np.zeros(grid.shape, dtype=np.float32)
    side = float(np.cbrt(np.prod(grid.coarse.spacing_mm / grid.parts)))
    back = grid.patient_from_voxel.inverse()
    for one in joints:
        box = box_about(one.shape.box_mm[0], one.shape.box_mm[1], back.apply, grid.shape)
        if box is None:
            continue
        shape = tuple(part.stop - part.start for part in box)
        depth = one.shape.distance_mm(grid.points_mm(box)).reshape(shape)
        share = np.clip(0.5 - depth / side, 0.0, 1.0).astype(np.float32)
        found[box] = np.maximum(found[box], share)
    return found
