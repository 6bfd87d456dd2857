"""`LabelColumn`: the labelled spine as it lies, and faults of its numbers that make it no spine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.volume.label_names import COLUMN, COLUMN_NUMBERS
from needle_sim.volume.schemes import are_neighbours
from needle_sim.volume.volume import Note, Volume

Points = NDArray[np.float64]

COARSE_MM = 2.0
"""Places and sizes of labels are read on about every such step; finer ones change nothing here."""

_CORE = 0.6  # of the largest depth: the body, not the processes
_LEAST_PART = 0.25  # of the core: a second body, not a crumb
_APART_MM = 20.0
"""Two bodies of one label lie at least this far apart, more above than beside one another; a body
and the root of a process do not (proposed)."""

TALL_MM = 38.0
"""The inside of a body is about 12 mm high, 25 mm where it is tilted as L5; more is two bodies
joined by a labelled disc, about 50 mm (proposed)."""

STEP_MM: Mapping[str, float] = {
    **{f"C{n}": 17.0 + 0.3 * n for n in range(2, 8)},
    **{f"T{n}": 18.5 + 0.8 * n for n in range(1, 14)},
    **{"L1": 30.0, "L2": 32.5, "L3": 34.5, "L4": 36.0, "L5": 36.0, "L6": 36.0},
}
"""From the body above to this one: posterior height and disc of facts/anatomy.md 1a, 1c and 4, in
between by eye (proposed); scaled to the spine at hand."""

_SKIPPED, _DOUBLE = 1.5, 1.6  # of one level: less is one level, more is two
_WITHOUT_BODY = ("S1", "sacrum", "coccyx", "C1")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledBone:
    """One bone of the spine in a label map.

    Parameters
    ----------
    name : str
        Of `needle_sim.volume.label_names.COLUMN`.
    centre_mm : (3,) array
        Of the thickest part: of a vertebra, its body.
    bodies_mm : (B, 3) array
        Centres of its bodies, from the top; one where the label is right.
    tall_mm : float
        Height of the inside of the body.
    cut : bool
        It reaches a face of the volume: what is labelled may not hold its body.
    """

    name: str
    centre_mm: Points
    bodies_mm: Points
    tall_mm: float
    cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumn:
    """The labelled bones of the spine, by their names from the head down."""

    bones: Mapping[str, LabelledBone]

    @classmethod
    def of(cls, labels: Volume) -> LabelColumn:
        """Read a label map in our numbers."""
        coarse = coarser(labels)
        boxes = ndimage.find_objects(coarse.array, max(COLUMN_NUMBERS.values()))
        found = {}
        for name in COLUMN:
            box = boxes[COLUMN_NUMBERS[name] - 1]
            if box is not None:
                found[name] = _bone(name, coarse, box)
        return cls(found)

    @property
    def pairs(self) -> Iterator[tuple[LabelledBone, LabelledBone]]:
        """Each whole vertebra with the next below it, S1, sacrum and coccyx left out."""
        free = [
            one for name, one in self.bones.items() if name not in _WITHOUT_BODY and not one.cut
        ]
        return pairwise(free)

    def usual_mm(self, upper: str, lower: str) -> float:
        """Between the bodies of two vertebrae of this spine, as many levels as their names say."""
        known = [
            (_apart_mm(*pair), STEP_MM[pair[1].name])
            for pair in self.pairs
            if are_neighbours(pair[0].name, pair[1].name)
        ]
        size = float(np.median([found / step for found, step in known])) if len(known) > 2 else 1.0
        return size * sum(STEP_MM[one] for one in (*_between(upper, lower), lower))


def check_column(column: LabelColumn) -> tuple[Note, ...]:
    """Notes on vertebrae that are not labelled between others.

    Raises
    ------
    InputError
        A label holds two vertebrae, one lies above the one that should be above it, or the numbers
        jump.
    """
    for bone in column.bones.values():
        _refuse_two_in_one(bone)
    # S1 may be a part of the sacrum; of a bone that is cut only a low process may be there
    whole = [one for name, one in column.bones.items() if name != "S1" and not one.cut]
    for upper, lower in pairwise(whole):
        _refuse_swapped(upper, lower)
    notes = [_checked_step(column, *pair) for pair in column.pairs]
    return tuple(note for note in notes if note is not None)


def coarser(volume: Volume) -> Volume:
    """Every so many voxels of a volume, about `COARSE_MM` apart."""
    steps = [max(1, round(COARSE_MM / float(step))) for step in volume.spacing_mm]
    if max(steps) == 1:
        return volume
    place = volume.patient_from_voxel
    matrix = place.matrix @ np.diag([*steps, 1.0])
    part = volume.array[:: steps[0], :: steps[1], :: steps[2]]
    moved = Transform(matrix, target=place.target, source=place.source)
    return Volume(np.ascontiguousarray(part), moved, volume.quantity)


def _bone(name: str, labels: Volume, box: tuple[slice, ...]) -> LabelledBone:
    mask = np.pad(labels.array[box] == COLUMN_NUMBERS[name], 1)
    depth = ndimage.distance_transform_edt(mask, sampling=labels.spacing_mm)
    core = depth >= _CORE * depth.max()
    parts, count = ndimage.label(core, np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    start = np.array([one.start - 1 for one in box])
    centres, tall = [], 0.0
    for number in range(count):
        if sizes[number] < _LEAST_PART * sizes.sum():
            continue
        at = labels.patient_from_voxel.apply(np.argwhere(parts == number + 1) + start)
        centres.append(at.mean(axis=0))
        tall = max(tall, float(np.ptp(at[:, 2])))
    bodies = np.array(sorted(centres, key=lambda one: -one[2]))
    ends = zip(box, labels.shape, strict=True)
    cut = any(one.start == 0 or one.stop == size for one, size in ends)
    every = labels.patient_from_voxel.apply(np.argwhere(core) + start)
    return LabelledBone(name, every.mean(axis=0), bodies, tall, cut)


def _apart_mm(upper: LabelledBone, lower: LabelledBone) -> float:
    return float(np.linalg.norm(upper.centre_mm - lower.centre_mm))


def _refuse_two_in_one(bone: LabelledBone) -> None:
    if bone.name in _WITHOUT_BODY:
        return
    along = bone.bodies_mm[0] - bone.bodies_mm[-1]
    if along[2] >= max(_APART_MM, np.hypot(along[0], along[1])):
        places = " and ".join(_said(one) for one in bone.bodies_mm[[0, -1]])
        raise InputError(
            f"the label of {bone.name} holds two vertebrae, with bodies at {places}: give each its "
            "own label"
        )
    if bone.tall_mm > TALL_MM:
        raise InputError(
            f"the label of {bone.name} holds two vertebrae: the inside of its body at "
            f"{_said(bone.centre_mm)} is {bone.tall_mm:.0f} mm high (at most {TALL_MM:.0f}): give "
            "each its own label, without the disc"
        )


def _refuse_swapped(upper: LabelledBone, lower: LabelledBone) -> None:
    if upper.centre_mm[2] > lower.centre_mm[2]:
        return
    raise InputError(
        f"the labels are out of order: {lower.name} at z {lower.centre_mm[2]:.0f} mm lies above "
        f"{upper.name} at z {upper.centre_mm[2]:.0f} mm; are they upside down, or of another "
        "scheme? Name it with scheme="
    )


def _checked_step(column: LabelColumn, upper: LabelledBone, lower: LabelledBone) -> Note | None:
    apart, usual = _apart_mm(upper, lower), column.usual_mm(upper.name, lower.name)
    said = f"{lower.name} lies {apart:.0f} mm below {upper.name}, about {usual:.0f} mm are usual"
    if are_neighbours(upper.name, lower.name):
        if apart <= _DOUBLE * usual:
            return None
        raise InputError(
            f"{said} here: a vertebra between them has no label, or the numbers below it are off "
            "by one; correct the labels"
        )
    between = _between(upper.name, lower.name)
    if apart < _SKIPPED * column.usual_mm(between[-1], lower.name):
        raise InputError(
            f"{said} with {', '.join(between)} between: the numbers skip a level; correct the "
            "labels"
        )
    value = f"{upper.name} and {lower.name}, {apart:.0f} mm apart"
    return Note("", "numbering", value, f"not labelled between others: {', '.join(between)}")


def _between(upper: str, lower: str) -> list[str]:
    names = COLUMN[COLUMN.index(upper) + 1 : COLUMN.index(lower)]
    return [one for one in names if one not in ("T13", "L6")]


def _said(point_mm: Points) -> str:
    return "({})".format(", ".join(f"{value:.0f}" for value in point_mm)) + " mm"
