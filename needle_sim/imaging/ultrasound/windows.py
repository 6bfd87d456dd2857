"""Acoustic windows: where between the bones a beam reaches what it is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.field.bone_field import ACCOUNTED
from needle_sim.imaging.ultrasound.field.voxel_surface import as_seen_mm

Field = NDArray[np.float64]
_WAY_MM = np.arange(0.0, 90.0, 0.5)  # farther than any skin from the canal
_FREE_MM = 15.0  # wider than this a window need not be
_WIDE_MM = 2.0  # a beam of 3.5 MHz passes whole (proposed)
_BESIDE_MM = np.array([-7.0, -5.0, -3.0, 3.0, 5.0, 7.0])
_OPEN_MM = 0.3  # beside a beam on all sides, at least; bone may stand between two samples of a way
_SHUT_MM = 10.0  # a way through bone is taken only where there is no other
_LOOKED_AT = 40  # ways whose window is looked at across
_TILT_COST_MM = 0.05  # free width that a degree of tilt must gain (proposed)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way for a beam: where it leads (3,), its direction (3,) and its least distance to bone."""

    aim_mm: Field
    beam: Field
    free_mm: float


def free_mm(anatomy: Anatomy, points_mm: ArrayLike) -> Field:
    """Distance (P,) of points (P, 3) from bone, negative within it, at most 15 mm.

    Exact surfaces where they are known, fitted ones where the voxels have bone too; bone known from
    voxels alone counts as -1 in it.
    """
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    best = np.full(len(points), _FREE_MM)
    for name, bone in anatomy.bones.items():
        low, high = bone.box_mm
        near = ((points >= low - best[:, None]) & (points <= high + best[:, None])).all(axis=1)
        if near.any():
            away = as_seen_mm(anatomy, name, points[near], bone.distance_mm(points[near]))
            best[near] = np.minimum(best[near], away)
    margin = ACCOUNTED * float(anatomy.labels.spacing_mm.max())
    own = anatomy.in_voxel_bone(points) & (best > margin)
    best[own] = -1.0
    return best


def widest_way(anatomy: Anatomy, aims_mm: Field, beams: Field, tilts_deg: ArrayLike) -> Way:
    """The freest of all ways onto points (N, 3) along beams (M, 3), a tilt weighed against it.

    Parameters
    ----------
    aims_mm : (N, 3) array
        Where the beam may lead, patient LPS.
    beams : (M, 3) array
        Directions into the body.
    tilts_deg : (M,) array
        How far each beam is tilted; each degree must gain 0.05 mm of free width.

    Returns
    -------
    Way
        ``free_mm`` is negative where bone lies across every way: the window is closed, as it may be
        in a spine that is extended or worn.
    """
    lines = aims_mm[:, None, None] - _WAY_MM[:, None] * beams[:, None]
    gaps = free_mm(anatomy, lines.reshape(-1, 3)).reshape(lines.shape[:3]).min(axis=2)
    worth = gaps - _TILT_COST_MM * np.asarray(tilts_deg)
    at, which = np.unravel_index(int(worth.argmax()), worth.shape)
    return Way(aims_mm[at], beams[which], float(gaps[at, which]))


def widest_window(
    anatomy: Anatomy, aims_mm: Field, beams: Field, tilts_deg: ArrayLike, *, across: ArrayLike
) -> Way:
    """As `widest_way`, but of ways about as free the one whose window is widest across the beam.

    A picture is more than its middle line: of the freest ways, up to 2 mm, lines that run beside
    the beam at up to 7 mm to both sides along ``across`` (3,) should get through too.
    """
    lines = aims_mm[:, None, None] - _WAY_MM[:, None] * beams[:, None]
    gaps = free_mm(anatomy, lines.reshape(-1, 3)).reshape(lines.shape[:3]).min(axis=2)
    worth = np.minimum(gaps, _WIDE_MM) - _TILT_COST_MM * np.asarray(tilts_deg)
    worth -= _SHUT_MM * (gaps < _OPEN_MM)
    order = np.argsort(-worth, axis=None, kind="stable")[:_LOOKED_AT]
    at, which = np.unravel_index(order, worth.shape)
    aside = _BESIDE_MM[:, None] * np.asarray(across, dtype=np.float64)
    ways = lines[at, which][:, None] + aside[:, None]
    beside = free_mm(anatomy, ways.reshape(-1, 3)).reshape(ways.shape[:3]).min(axis=2)
    best = int((worth[at, which] + _WIDE_MM * (beside > 0.0).mean(axis=1)).argmax())
    return Way(aims_mm[at[best]], beams[which[best]], float(gaps[at[best], which[best]]))


def first_met_mm(
    anatomy: Anatomy, patient_from_probe: Transform, *, reach_mm: float
) -> dict[str, float | None]:
    """Depth of the first ``bone`` and ``dura`` on the middle line of a probe, to 0.25 mm.

    Dura behind bone, where no sound comes, is not met: None; as is what lies below ``reach_mm``.
    """
    depths = np.arange(0.0, reach_mm, 0.25)
    line = patient_from_probe.apply(depths[:, None] * np.array([0.0, 0.0, 1.0]))
    sacs = [one for one in anatomy.structures.values() if one.kind == "dura"]
    bone = _first(depths, free_mm(anatomy, line) < 0.0)
    inside = np.zeros(len(line), dtype=bool)
    for sac in sacs:
        inside |= sac.distance_mm(line) < 0.0
    dura = _first(depths, inside)
    hidden = dura is not None and bone is not None and bone < dura
    return {"bone": bone, "dura": None if hidden else dura}


def _first(depths_mm: Field, met: NDArray[np.bool_]) -> float | None:
    return float(depths_mm[met.argmax()]) if met.any() else None
