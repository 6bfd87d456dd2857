"""Acoustic windows: where between the bones a beam reaches what it is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.geometry.transform import Transform

Field = NDArray[np.float64]
_WAY_MM = np.arange(0.0, 90.0, 1.0)  # farther than any skin from the canal
_FREE_MM = 15.0  # wider than this a window need not be
_TILT_COST_MM = 0.05  # free width that a degree of tilt must gain (proposed)
_MARGIN = 1.5  # voxels beside an exact bone that are its partial volume


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way for a beam: where it leads (3,), its direction (3,) and its least distance to bone."""

    aim_mm: Field
    beam: Field
    free_mm: float


def free_mm(anatomy: Anatomy, points_mm: ArrayLike) -> Field:
    """Distance (P,) of points (P, 3) from bone, negative within it, at most 15 mm.

    Exact surfaces where they are known; bone known from voxels alone counts as -1 in it.
    """
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    best = np.full(len(points), _FREE_MM)
    for bone in anatomy.bones.values():
        low, high = bone.box_mm
        near = ((points >= low - best[:, None]) & (points <= high + best[:, None])).all(axis=1)
        if near.any():
            best[near] = np.minimum(best[near], bone.distance_mm(points[near]))
    margin = _MARGIN * float(anatomy.labels.spacing_mm.max())
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
