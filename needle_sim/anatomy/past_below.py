"""A root past the vertebra below its own, and arteries from an aorta that is labelled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.course import OUTSIDE
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import unit

Points = NDArray[np.float64]

_SHARES = (0.5, 1.0, 1.0)
"""How far the points of a root from `OUTSIDE` on follow the vertebra below (proposed)."""
_STEP_MM, _FINE_MM, _MOST_MM = 1.0, 0.1, 60.0
_BEYOND_MM = 10.0  # over the end of a labelled aorta: no artery is led to it (proposed)


def past_below(root: Tube, own: VertebraFit, below: VertebraFit) -> Tube:
    """A root of `root_path` that passes before the transverse process of the vertebra below.

    Outside the foramen it lies in the psoas, before those processes (texts, from memory). Where
    its own vertebra lies further back than the one below, by a slip, a collapsed disc or an angle
    between them, the course in its own frame would lead it back to that process: there it lies
    as far before the back of the lower body as it would before that of its own.
    """
    into, back_to = own.patient_from_body.inverse(), below.patient_from_body
    points = root.points_mm.copy()
    tail = points[OUTSIDE:]
    wanted = into.apply(tail)[:, 1] - own.spec.back_mm + below.spec.back_mm
    lacking = np.minimum(wanted - back_to.inverse().apply(tail)[:, 1], 0.0)
    points[OUTSIDE:] = tail + (lacking * _SHARES)[:, None] * back_to.matrix[:3, 1]
    return Tube(points, root.radius_mm)


def from_aorta(artery: Structure, aorta: Structure) -> Structure:
    """A segmental artery that leaves the wall of the aorta where it comes nearest to it.

    Where the aorta is not labelled at its height it is left as it is.
    """
    (tube,) = artery.tubes
    heights = np.concatenate([one.points_mm[:, 2] for one in aorta.tubes])
    height = float(tube.points_mm[0, 2])
    if not heights.min() - _BEYOND_MM < height < heights.max() + _BEYOND_MM:
        return artery
    ventral = tube.points_mm[: len(tube.points_mm) // 2]
    away = aorta.distance_mm(ventral)
    inside = np.flatnonzero(away <= 0.0)
    first = int(inside[-1]) + 1 if len(inside) else int(away.argmin())
    start = tube.points_mm[first]
    axis = np.concatenate([resample(one.points_mm, _STEP_MM) for one in aorta.tubes])
    towards = axis[np.linalg.norm(axis - start, axis=1).argmin()] - start
    line = start + np.arange(0.0, _MOST_MM, _FINE_MM)[:, None] * unit(towards)
    foot = line[int(np.argmax(aorta.distance_mm(line) <= 0.0))]
    lead = resample(np.stack([foot, start]), _STEP_MM)[:-1]
    points = np.concatenate([lead, tube.points_mm[first:]])
    radius = np.concatenate([np.full(len(lead), tube.radius_mm[first]), tube.radius_mm[first:]])
    return Structure(artery.name, artery.kind, (Tube(points, radius),), artery.provenance)
