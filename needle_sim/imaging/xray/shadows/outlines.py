"""Outlines of what a patient is made of: shadows of bones and of round tubes, without a beam."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.carm import CArm, field_meets
from needle_sim.imaging.xray.materials import Basis, Materials, lay_out
from needle_sim.imaging.xray.projector import project

Floats = NDArray[np.float64]
Bits = NDArray[np.bool_]
Shade = tuple[str, str, Bits]
"""Name, kind and pixels (R, C)."""

STEP_MM = 1.0
"""Voxels in which a bone is filled before its shadow is taken."""

_CORNERS = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
_NEAREST_MM = 1.0  # what is nearer to the focal spot is not drawn
_CARRIED = 0.4  # voxels by which interpolation carries a surface outwards
_GRAZED = 0.1  # voxels of bone, weighed by how deep they lie, from which a ray has met it
_STEP_PX = 0.25  # of the discs along a tube


def filled(anatomy: Anatomy, *, step_mm: float = STEP_MM) -> Materials:
    """The bones of a patient as solids for `truth_of`: made once for many pictures."""
    if not 0.2 <= step_mm <= 5.0:
        raise InputError(f"step_mm must be 0.2 to 5, got {step_mm}")
    return Materials({name: _solid(bone, step_mm) for name, bone in anatomy.bones.items()})


def bone_shadows(solids: Materials, carm: CArm) -> list[Shade]:
    """Shadows of bones (from `filled`) that the field can meet: every ray that meets them."""
    near = {}
    for name, basis in solids.bases.items():
        ends = _CORNERS * (np.array(basis.shape) - 1)
        if field_meets(carm, basis.patient_from_voxel.apply(ends.astype(float))):
            near[name] = basis
    paths = project(Materials(near), carm) if near else None
    found = {} if paths is None else paths.mass_g_cm2
    least_cm = _GRAZED * 0.1 * STEP_MM
    return [(name, bone_kind(name), np.asarray(mass > least_cm)) for name, mass in found.items()]


def bone_kind(name: str) -> str:
    """What kind of bone a name of ``Anatomy.bones`` is."""
    last = name.rsplit(" ", 1)[-1]
    if last in ("rib", "ilium", "coccyx"):
        return last
    return "sacrum" if name == "S1" else "vertebra"


def tube_shadows(structures: Iterable[Structure], carm: CArm) -> list[Shade]:
    """Shadows of nerves, vessels and sac."""
    found: list[Shade] = []
    for one in structures:
        discs = [_along(tube.points_mm, tube.radius_mm, carm) for tube in one.tubes]
        found.append((one.name, one.kind, _discs(carm, discs)))
    return found


def ball_shadow(carm: CArm, centre_mm: ArrayLike, radius_mm: float) -> Bits:
    """Shadow (R, C) of a ball."""
    centre = np.asarray(centre_mm, dtype=np.float64)
    return _discs(carm, [(centre[None], np.array([radius_mm]))])


def _solid(bone: Bone, step_mm: float) -> Basis:
    low, high = np.asarray(bone.box_mm)
    low = low - step_mm
    x, y, z = (np.arange(a, b + 2 * step_mm, step_mm) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1)
    away = bone.distance_mm(grid.reshape(-1, 3)).reshape(grid.shape[:3])
    place = np.eye(4)
    place[:3, :3] = step_mm * np.eye(3)[::-1]
    place[:3, 3] = low
    at = Transform(place, target=PATIENT, source=VOXEL)
    return lay_out(np.clip(-away / step_mm - _CARRIED, 0.0, 1.0), at)


def _along(points_mm: Floats, radius_mm: Floats, carm: CArm) -> tuple[Floats, Floats]:
    """Balls so close along a tube that their shadows leave no gap."""
    far = np.linalg.norm(np.diff(points_mm, axis=0), axis=1)
    reach = np.concatenate([[0.0], np.cumsum(far)])
    step = max(_STEP_PX * carm.pixel_mm / carm.magnification, float(radius_mm.min()) / 4)
    at = np.linspace(0.0, reach[-1], max(2, int(np.ceil(reach[-1] / step)) + 1))
    points = np.stack([np.interp(at, reach, one) for one in points_mm.T], axis=1)
    return points, np.interp(at, reach, radius_mm)


def _discs(carm: CArm, balls: Sequence[tuple[Floats, Floats]]) -> Bits:
    """Shadow (R, C) of balls: centres (N, 3) and radii (N,), mm; at least one pixel each."""
    shadowed = np.zeros(carm.shape, dtype=np.bool_)
    for points, radius in balls:
        local = carm.patient_from_carm.inverse().apply(points)
        ahead = local[:, 2] > _NEAREST_MM + radius
        scale = carm.source_detector_mm / carm.pixel_mm / local[ahead, 2]
        centre = local[ahead, 1::-1] * scale[:, None] + 0.5 * (np.array(carm.shape) - 1)
        for (row, column), wide in zip(centre, radius[ahead] * scale, strict=True):
            _disc(shadowed, row, column, wide)
    return shadowed


def _disc(shadowed: Bits, row: float, column: float, wide: float) -> None:
    reach = max(wide, 0.71)  # a thread is as wide as the pixel that it falls on
    low = np.maximum(np.ceil([row - reach, column - reach]), 0).astype(int)
    high = np.floor([row + reach, column + reach]).astype(int) + 1
    part = shadowed[low[0] : max(high[0], 0), low[1] : max(high[1], 0)]
    if part.size:
        down = np.arange(low[0], low[0] + part.shape[0]) - row
        across = np.arange(low[1], low[1] + part.shape[1]) - column
        part |= down[:, None] ** 2 + across**2 <= reach**2
