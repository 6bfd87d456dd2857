"""Whether left and right of the labels are those of the CT."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.label_column import coarser
from needle_sim.errors import InputError
from needle_sim.volume.label_names import BONES, COLUMN_NUMBERS, LABEL_NAMES
from needle_sim.volume.volume import Note, Volume

Points = NDArray[np.float64]

BRIGHT_HU = 150.0
"""Bone in a CT, as in `needle_sim.anatomy.on_bone`."""

BETTER = 0.05
"""Mirrored labels that lie on so much more bone are the right ones. As given they lie on 0.13 to
0.53 more than mirrored in two CTs, vertebrae alone on 0.15 to 0.45 more (measured)."""

_LEAST_VOXELS = 30
_MOST_POINTS = 60_000
_OF_SIDE = {  # +1 left of the spine, -1 right of it
    "liver": -1,
    "gallbladder": -1,
    "spleen": 1,
    "stomach": 1,
    "heart": 1,
}


def check_sides(ct: Volume, labels: Volume) -> tuple[Note, ...]:
    """Notes where sides are doubtful.

    Structures of both sides are asked first, then organs that lie on one, then the bone under the
    labels, as they are and mirrored.

    Parameters
    ----------
    ct, labels : Volume
        On one grid.

    Raises
    ------
    InputError
        Left and right are swapped.
    """
    centres = _centres(labels)
    right, wrong = _pairs(centres)
    if len(wrong) > len(right):
        raise InputError(
            f"left and right of the labels are swapped against the CT: {_few(wrong)} "
            f"{'lies' if len(wrong) == 1 else 'lie'} on the other side in patient coordinates; "
            "correct the names, or the affine of the label map"
        )
    notes = []
    if wrong:
        text = "labels on the other side of the patient than their names say"
        notes.append(Note("", "sides", _few(wrong), text))
    seated, astray = _organs(centres)
    if len(astray) > len(seated):
        said = f"{_few(astray)} on the other side of the spine"
        if not right:
            raise InputError(
                f"left and right of the labels are swapped against the CT: {said}; correct the "
                "affine of the label map (in situs inversus name the sides, as in kidney_left)"
            )
        notes.append(
            Note("", "sides", said, "organs lie mirrored: situs inversus, or wrong labels")
        )
    _refuse_mirrored(ct, labels)
    return tuple(notes)


def _centres(labels: Volume) -> dict[str, Points]:
    """Mean place (3,) of each named label."""
    coarse = coarser(labels)
    index = np.nonzero(coarse.array)
    values = coarse.array[index].astype(np.intp)
    at = coarse.patient_from_voxel.apply(np.stack(index, axis=1))
    count = np.bincount(values)
    sums = [np.bincount(values, weights=at[:, axis]) for axis in range(3)]
    there = [n for n in LABEL_NAMES if n < len(count) and count[n] >= _LEAST_VOXELS]
    return {LABEL_NAMES[n]: np.array([one[n] / count[n] for one in sums]) for n in there}


def _pairs(centres: Mapping[str, Points]) -> tuple[list[str], list[str]]:
    """Structures of both sides whose left one lies left of the right one, and those where not."""
    right: list[str] = []
    wrong: list[str] = []
    for name, at in centres.items():
        other = name.replace("left", "right")
        if other != name and other in centres:
            (right if at[0] > centres[other][0] else wrong).append(name)
    return right, wrong


def _organs(centres: Mapping[str, Points]) -> tuple[list[str], list[str]]:
    """Organs that lie on their side of the spine, and those that do not; aorta against cava."""
    spine = [
        centres[LABEL_NAMES[n]][0] for n in COLUMN_NUMBERS.values() if LABEL_NAMES[n] in centres
    ]
    seated: list[str] = []
    astray: list[str] = []
    for name, sign in _OF_SIDE.items():
        if spine and name in centres:
            away = sign * (centres[name][0] - float(np.median(spine)))
            (seated if away > 0 else astray).append(name)
    aorta, cava = centres.get("aorta"), centres.get("inferior_vena_cava")
    if aorta is not None and cava is not None:
        (seated if aorta[0] > cava[0] else astray).append("aorta")
    return seated, astray


def _refuse_mirrored(ct: Volume, labels: Volume) -> None:
    """Refuse labels that lie on more bone when they are mirrored, in the CT or about x = 0."""
    there = _bone_points(labels)
    if len(there) < _LEAST_VOXELS:
        return
    given = _on_bone(ct, there)
    for plane in (float(ct.centre_mm[0]), 0.0):
        turned = there * [-1.0, 1.0, 1.0] + [2.0 * plane, 0.0, 0.0]
        mirrored = _on_bone(ct, turned)
        if mirrored > given + BETTER:
            raise InputError(
                f"left and right of the labels are swapped against the CT: {given:.0%} of the "
                f"labelled bone lies on bone, {mirrored:.0%} of it when the labels are mirrored "
                f"about x = {plane:.0f} mm; correct the affine of the label map"
            )


def _bone_points(labels: Volume) -> Points:
    coarse = coarser(labels)
    index = np.argwhere(np.isin(coarse.array, list(BONES)))
    step = max(1, len(index) // _MOST_POINTS)
    return coarse.patient_from_voxel.apply(index[::step])


def _on_bone(ct: Volume, points_mm: Points) -> float:
    """Share of points (P, 3) with bone in the CT."""
    return float((ct.sample(points_mm, order=0) > BRIGHT_HU).mean())


def _few(names: list[str]) -> str:
    """Some names in words."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more
