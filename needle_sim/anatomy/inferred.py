"""What fitted vertebrae carry into the patient: landmarks, nerves and the dural sac."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.nerves import BRANCH_RADIUS_MM
from needle_sim.anatomy.phantom.vertebra import (
    SIDES,
    medial_branch_path,
    root_path,
    vertebra_landmarks,
)
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.shapes import Tube

Points = NDArray[np.float64]

SAC_MM = (20.0, 15.0)
"""Width and depth of the dural sac where the canal has room (depth 12-15 mm, from memory)."""

_EPIDURAL_MM = 1.0
_BEYOND_MM = 30.0
_LANES = 5
_LEAVES_AT = 4  # the point of `root_path`, outside the foramen, where the dorsal ramus leaves

_ABOVE: Mapping[str, str] = {"L1": "T12", "L2": "L1", "L3": "L2", "L4": "L3", "L5": "L4"}


def landmarks_of(fits: Mapping[str, VertebraFit]) -> dict[str, Points]:
    """Every landmark (3,) in the patient, ``"L5 right sap_tip"``."""
    return {
        f"{vertebra} {name}": fit.patient_from_body.apply(point)
        for vertebra, fit in fits.items()
        for name, point in vertebra_landmarks(fit.spec).items()
    }


def structures_of(fits: Mapping[str, VertebraFit]) -> dict[str, Structure]:
    """Medial branches, roots and the dural sac by name, all *inferred*.

    The branch of a level lies on the vertebra below; it begins at its root where that level is
    fitted too.
    """
    roots = {
        f"{vertebra} {side} root": root_path(fit.spec, side).moved(fit.patient_from_body)
        for vertebra, fit in fits.items()
        for side in SIDES
    }
    found = [_sac(fits), *_branches(fits, roots)]
    found += [Structure(name, "root", (tube,), "inferred") for name, tube in roots.items()]
    return {one.name: one for one in found}


def _branches(fits: Mapping[str, VertebraFit], roots: Mapping[str, Tube]) -> Iterator[Structure]:
    for vertebra, fit in fits.items():
        for side in SIDES:
            path = fit.patient_from_body.apply(medial_branch_path(fit.spec, side))
            level = _ABOVE[vertebra]
            root = roots.get(f"{level} {side} root")
            if root is not None:
                path = np.concatenate([root.points_mm[_LEAVES_AT, None], path])
            tube = Tube(path, np.full(len(path), BRANCH_RADIUS_MM))
            yield Structure(f"{level} {side} medial branch", "medial_branch", (tube,), "inferred")


def _sac(fits: Mapping[str, VertebraFit]) -> Structure:
    """An oval sac as parallel tubes through the middles of the canals, 30 mm beyond the ends."""
    ordered = sorted(fits.values(), key=lambda fit: float(fit.patient_from_body.matrix[2, 3]))
    stations = [_station(fit) for fit in ordered]
    ends = []
    for sign, fit, station in ((-1, ordered[0], stations[0]), (1, ordered[-1], stations[-1])):
        end = station.copy()
        end[:3] += sign * _BEYOND_MM * fit.patient_from_body.matrix[:3, 2]
        ends.append(end)
    knots = np.stack([ends[0], *stations, ends[1]])
    steps = np.linalg.norm(np.diff(knots[:, :3], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    course = PchipInterpolator(along, knots)(np.linspace(0.0, along[-1], int(along[-1] / 4.0)))
    centre, left, radius = course[:, :3], course[:, 3:6], 0.5 * course[:, 7]
    reach = np.maximum(0.5 * course[:, 6] - radius, 0.0)[:, None] * left
    tubes = tuple(Tube(centre + share * reach, radius) for share in np.linspace(-1, 1, _LANES))
    return Structure("dura", "dura", tubes, "inferred")


def _station(fit: VertebraFit) -> Points:
    """Centre (3,), direction to the left (3,), width and depth of the sac in one canal."""
    spec, pose = fit.spec, fit.patient_from_body
    middle = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
    room = np.array([spec.canal_width_mm, spec.canal_depth_mm]) - 2 * _EPIDURAL_MM
    width, depth = np.minimum(SAC_MM, room)
    return np.concatenate([pose.apply(middle), pose.matrix[:3, 0], [width, min(width, depth)]])
