"""What fitted vertebrae carry into the patient: landmarks, nerves and the dural sac."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.nerves import BRANCH_RADIUS_MM
from needle_sim.anatomy.phantom.vertebra import (
    SIDES,
    medial_branch_path,
    root_path,
    vertebra_landmarks,
)
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube

Points = NDArray[np.float64]

SAC_MM = (20.0, 15.0)
"""Width and depth of the dural sac where the canal has room (depth 12-15 mm, from memory)."""

CLEAR_MM = 0.3
"""Sac and roots are kept this far from fitted bone (proposed)."""

_BEYOND_MM = 30.0
_STEP_MM = 2.0
_SCALES = np.linspace(1.0, 0.6, 21)
_PUSHES = 60
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

    Roots are pushed off the fitted bones, and the sac is narrowed where they leave less room. The
    branch of a level lies on the vertebra below; it begins at its root where that level is fitted.
    """
    bones = [fit.shape for fit in fits.values()]
    roots = {
        f"{vertebra} {side} root": root_path(fit.spec, side).moved(fit.patient_from_body)
        for vertebra, fit in fits.items()
        for side in SIDES
    }
    found = [Structure("dura", "dura", _sac(fits, bones), "inferred"), *_branches(fits, roots)]
    for name, tube in roots.items():
        found.append(Structure(name, "root", (_cleared(tube, bones),), "inferred"))
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


def _cleared(tube: Tube, bones: Sequence[Implicit]) -> Tube:
    """The tube, every 2 mm, pushed out of bones along their distance, and kept smooth."""
    points = resample(tube.points_mm, _STEP_MM)
    steps = np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    radius = np.interp(np.linspace(0.0, 1.0, len(points)), along, tube.radius_mm)
    return Tube(_pushed(points, radius, bones), radius)


def _pushed(points: Points, radius: Points, bones: Sequence[Implicit]) -> Points:
    """A path (N, 3) moved, smoothly, to where circles of ``radius`` (N,) are clear of bones, or as
    far from those on both sides as they let it."""
    for _ in range(_PUSHES):
        push = np.zeros_like(points)
        for bone in bones:
            lacking = radius + CLEAR_MM - bone.distance_mm(points)
            near = lacking > 0
            push[near] += 0.5 * lacking[near, None] * bone.gradient(points[near])
        if not push.any():
            break
        points = points + gaussian_filter1d(push, 1.0, axis=0, mode="nearest")
    return points


def _sac(fits: Mapping[str, VertebraFit], bones: Sequence[Implicit]) -> tuple[Tube, ...]:
    """An oval sac as parallel tubes through the middles of the canals, 30 mm beyond the ends."""
    line, left = _canal_line(fits)
    half = 0.5 * np.array(SAC_MM)
    line = _pushed(line, np.full(len(line), half[1]), bones)
    shares = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    # circles that touch an ellipse from inside: centre and radius of each
    beside = shares * (half[0] ** 2 - half[1] ** 2) / half[0] * 0.999
    radius = half[1] * np.sqrt(1 - beside**2 / (half[0] ** 2 - half[1] ** 2))
    fits_in = np.zeros((len(_SCALES), len(line)), dtype=bool)
    for n, scale in enumerate(_SCALES):
        lanes = line + scale * beside[:, None, None] * left
        free = np.min([bone.distance_mm(lanes.reshape(-1, 3)) for bone in bones], axis=0)
        room = free.reshape(len(beside), -1) - scale * radius[:, None]
        fits_in[n] = (room >= CLEAR_MM).all(axis=0)
    scale = np.where(fits_in.any(axis=0), _SCALES[fits_in.argmax(axis=0)], _SCALES[-1])
    even = gaussian_filter1d(minimum_filter1d(scale, 5, mode="nearest"), 1.0, mode="nearest")
    scale = np.minimum(scale, even)
    return tuple(
        Tube(line + (scale * across)[:, None] * left, scale * size)
        for across, size in zip(beside, radius, strict=True)
    )


def _canal_line(fits: Mapping[str, VertebraFit]) -> tuple[Points, Points]:
    """Axis (N, 3) of the canal every 2 mm from the feet up, and the direction to the left."""
    ordered = sorted(fits.values(), key=lambda fit: float(fit.patient_from_body.matrix[2, 3]))
    knots = []
    for fit in ordered:
        spec, pose = fit.spec, fit.patient_from_body
        for rise in (-0.3 * spec.height_mm, 0.3 * spec.height_mm):
            middle = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, rise])
            knots.append(np.concatenate([pose.apply(middle), pose.matrix[:3, 0]]))
    for sign, fit, end in ((-1, ordered[0], 0), (1, ordered[-1], len(knots))):
        beyond = knots[0 if end == 0 else -1].copy()
        beyond[:3] += sign * _BEYOND_MM * fit.patient_from_body.matrix[:3, 2]
        knots.insert(end, beyond)
    steps = np.linalg.norm(np.diff(np.stack(knots)[:, :3], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0.0, along[-1], int(along[-1] / _STEP_MM))
    course = PchipInterpolator(along, np.stack(knots))(at)
    return course[:, :3], course[:, 3:]
