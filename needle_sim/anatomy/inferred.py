"""What fitted vertebrae carry into the patient: landmarks, nerves and the dural sac."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.dural_sac import dural_sac
from needle_sim.anatomy.joined import column_of
from needle_sim.anatomy.numbering import above
from needle_sim.anatomy.past_below import past_below
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.course import OUTSIDE, Wall, clear_of, off_bone, root_over
from needle_sim.anatomy.phantom.disc import disc_rows
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.sacral_nerves import sacral_root
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.vertebra import (
    SIDES,
    medial_branch_path,
    vertebra_landmarks,
)
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube, distance_to_tubes_mm

Points = NDArray[np.float64]

_AIMED_AT = ("foramen_upper_dorsal", "kambin")
_QUADRANTS = ("foramen_upper_ventral", "foramen_lower_dorsal", "foramen_lower_ventral")
_STEP_MM = 2.0
_FREE_MM, _REACH_MM = 1.0, 10.0  # places in a foramen: off bone and disc, moved at most so far
_WORTH_MM = 0.1  # of room a millimetre of a move must gain (proposed)
_RIDGE_MM = 0.25  # a branch must not cut through a ridge thinner than its points are apart
NO_WALLS: Mapping[str, Wall] = MappingProxyType({})
_OUTSIDE_MM = 0.1  # those that nothing aims at: just outside


def landmarks_of(fits: Mapping[str, VertebraFit]) -> dict[str, Points]:
    """Every landmark (3,) in the patient, ``"L5 right sap_tip"``.

    Places in a foramen are moved backwards or forwards until they are clear of fitted bones and
    discs, those that needles aim at of roots too: a patient's vertebrae may have slipped on one
    another.
    """
    found = {
        f"{vertebra} {name}": fit.patient_from_body.apply(point)
        for vertebra, fit in fits.items()
        for name, point in _own_landmarks(fit).items()
    }
    bones = [fit.shape for fit in fits.values()]
    walls = [*bones, *_discs(fits)]
    roots = [_cleared(root, bones) for root in _roots(fits).values()]
    for vertebra, fit in fits.items():
        for side in SIDES:
            for name in (*_AIMED_AT, *_QUADRANTS):
                key, near = f"{vertebra} {side} {name}", roots if name in _AIMED_AT else ()
                if key in found and (near or _within_any(walls, found[key])):
                    back = fit.patient_from_body.matrix[:3, 1]
                    enough = _FREE_MM if near else _OUTSIDE_MM
                    found[key] = _freed(found[key], back, walls, near, enough)
    return found


def _within_any(walls: Sequence[Implicit], point: Points) -> bool:
    return any(float(wall.distance_mm(point[None])[0]) < 0.0 for wall in walls)


def _discs(fits: Mapping[str, VertebraFit]) -> list[Implicit]:
    column = column_of(fits)
    return [Implicit.of([disc_rows(column, *pair)[0]]) for pair in column.pairs]


def _freed(
    point: Points, back: Points, walls: Sequence[Implicit], roots: Sequence[Tube], enough_mm: float
) -> Points:
    """The nearest place before or behind a point so far off walls and roots, or the freest one.

    A way longer by a millimetre must leave `_WORTH_MM` more room: else what lacks a hair of room
    where it lies would jump to the next gap.
    """
    steps = np.arange(-_REACH_MM, _REACH_MM + 0.25, 0.25)
    steps = steps[np.argsort(np.abs(steps), kind="stable")]
    line = point + steps[:, None] * back
    room = [wall.distance_mm(line) for wall in walls]
    room += [distance_to_tubes_mm(line, roots)] if roots else []
    free = np.minimum(np.min(room, axis=0), enough_mm)
    return np.asarray(line[int(np.argmax(free - _WORTH_MM * np.abs(steps)))])


def _own_landmarks(fit: VertebraFit) -> dict[str, Points]:
    if fit.sacrum is None:
        return vertebra_landmarks(fit.spec)
    return sacrum_landmarks(fit.spec, fit.sacrum, sacrum_shape(fit.spec, fit.sacrum))


def _roots(fits: Mapping[str, VertebraFit]) -> dict[str, Tube]:
    """The roots by name before bones push them aside, in the patient."""
    found, lower = {}, dict(column_of(fits).pairs)
    for vertebra, fit in fits.items():
        others = [one.shape for level, one in fits.items() if level != vertebra]
        for side in SIDES:
            if fit.sacrum is None:
                root = root_over(fit.spec, side, fit.patient_from_body, others)
                if vertebra in lower and fits[lower[vertebra]].sacrum is None:
                    root = past_below(root, fit, fits[lower[vertebra]])
            else:
                alone = Column({"S1": fit.spec}, {"S1": fit.patient_from_body})
                root = sacral_root(alone, fit.sacrum, Posts(fit.spec, side), 1)
            found[f"{vertebra} {side} root"] = root
    return found


def structures_of(
    fits: Mapping[str, VertebraFit], walls: Mapping[str, Wall] = NO_WALLS
) -> dict[str, Structure]:
    """Medial branches, roots and the dural sac by name, all *inferred*.

    Roots and branches are pushed off the fitted bones, roots off the labelled ones (``walls``, by
    vertebra) as well, and the sac is narrowed where fitted bones leave less room. The branch of a
    level lies on the fitted vertebra below; it begins at its root where that level is fitted.
    """
    bones = [fit.shape for fit in fits.values()]
    roots = _roots(fits)
    dura = Structure("dura", "dura", dural_sac(fits, bones, clear_of), "inferred")
    found = [dura]
    for name, tube in roots.items():
        level = name.split()[0]
        own = [*bones, *(wall for one, wall in walls.items() if "S1" not in (one, level))]
        found.append(Structure(name, "root", (_cleared(tube, own),), "inferred"))
    return {one.name: one for one in (*found, *_branches(fits, roots))}


def _branches(fits: Mapping[str, VertebraFit], roots: Mapping[str, Tube]) -> Iterator[Structure]:
    for vertebra, fit in fits.items():
        bone = None if fit.sacrum is None else sacrum_shape(fit.spec, fit.sacrum)
        for side in SIDES:
            path = fit.patient_from_body.apply(medial_branch_path(fit.spec, side, bone=bone))
            level = above(vertebra, fits)
            root = roots.get(f"{level} {side} root")
            if root is not None:
                path = np.concatenate([root.points_mm[OUTSIDE, None], path])
            for _ in range(2):  # off one bone may be onto the next
                for other in fits.values():
                    path = off_bone(path, other.shape, step_mm=_RIDGE_MM)
            tube = Tube(path, np.full(len(path), 0.5 * fit.spec.medial_branch_mm))
            yield Structure(f"{level} {side} medial branch", "medial_branch", (tube,), "inferred")


def _cleared(tube: Tube, bones: Sequence[Wall]) -> Tube:
    """The tube, every 2 mm, pushed out of bones along their distance, and kept smooth."""
    points = resample(tube.points_mm, _STEP_MM)
    steps = np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    radius = np.interp(np.linspace(0.0, 1.0, len(points)), along, tube.radius_mm)
    return Tube(clear_of(points, radius, bones), radius)
