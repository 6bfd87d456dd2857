"""Which labelled vertebrae can be fitted: there, whole, and wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.skin import side_of
from needle_sim.errors import InputError
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Note, Volume

VERTEBRAE: Mapping[str, int] = {
    name: vertebra_label(name) for name in ("L1", "L2", "L3", "L4", "L5")
}
"""Those with a parametric model, from the top, and their label numbers."""

_BESIDE: Mapping[str, int] = {
    name: vertebra_label(name) for name in ("T12", *VERTEBRAE, "S1", "sacrum")
}

_BODY_SHARE = 0.4
"""A label is cut through its body where a face of the grid shows this much of its largest section;
less is the tip of a process (proposed)."""

NEAR_MM = 60.0
"""A point further than this from a labelled vertebra says nothing about it: two levels
(proposed)."""


def on_grid(labels: Volume, ct: Volume) -> Volume:
    """The label map on the grid of the CT; `InputError` when the two do not overlap."""
    if labels.quantity != "label":
        raise InputError(f"labels must be a label map, got a volume of {labels.quantity!r}")
    same = labels.shape == ct.shape and np.allclose(
        labels.patient_from_voxel.matrix, ct.patient_from_voxel.matrix, atol=1e-3
    )
    found = labels if same else labels.resample(ct, outside=0)
    if not found.array.any():
        here, there = ct.corners_mm(), labels.corners_mm()
        raise InputError(
            f"no label lies in the CT: the CT spans z {here[0][2]:.0f} to {here[1][2]:.0f} mm, the "
            f"label map {there[0][2]:.0f} to {there[1][2]:.0f} mm; give the labels of this scan"
        )
    return found


def in_reach(
    labels: Volume, wanted: Sequence[str] | None = None
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The vertebrae to fit, from the top, and notes on neighbours that are left out.

    Those wanted, and the ones above and below; by default every whole lumbar one.
    """
    cuts = _cuts(labels)
    whole = [name for name in VERTEBRAE if name in cuts and cuts[name] is None]
    if wanted is None and not whole:
        raise InputError(f"no whole lumbar vertebra is labelled: {_present(cuts)}")
    for name in wanted or ():
        _refuse_unusable(name, cuts)
    chosen, notes = set(wanted or whole), []
    for beside in _neighbours(chosen):
        if beside in whole:
            chosen.add(beside)
        elif beside in VERTEBRAE and beside in cuts:
            notes.append(_note(beside, f"is cut by the {cuts[beside]} edge of the volume"))
        elif beside in cuts or (beside == "S1" and "sacrum" in cuts):
            notes.append(_note(beside, "has no model to fit"))
        else:
            notes.append(_note(beside, "is not in the labels"))
    return tuple(name for name in VERTEBRAE if name in chosen), tuple(notes)


def near_point(labels: Volume, point_mm: ArrayLike) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The vertebrae to fit about a point (3,): the whole lumbar one nearest to it, and neighbours.

    None, and a note, where no whole one lies within `NEAR_MM`.
    """
    point = np.asarray(point_mm, dtype=np.float64)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise InputError(
            f"near_mm must be three finite numbers (patient LPS, mm), got {point_mm!r}"
        )
    cuts = _cuts(labels)
    away = {name: _away_mm(labels, VERTEBRAE[name], point) for name in VERTEBRAE if name in cuts}
    whole = {name: one for name, one in away.items() if cuts[name] is None}
    nearest = min(whole, key=lambda name: whole[name], default=None)
    if nearest is None or whole[nearest] > NEAR_MM:
        text = "no whole labelled lumbar vertebra lies near the point: nerves and dura are unknown"
        value = "there is none" if nearest is None else f"{nearest}, {whole[nearest]:.0f} mm away"
        return (), (Note("", "nearest", f"{value} (at most {NEAR_MM:.0f} mm)", text),)
    return in_reach(labels, [nearest])


def _away_mm(labels: Volume, number: int, point: NDArray[np.float64]) -> float:
    """Distance of a point from the nearest voxel centre of a label."""
    at = labels.patient_from_voxel.apply(np.argwhere(labels.array == number))
    return float(np.linalg.norm(at - point, axis=1).min())


def cut_edge(labels: Volume, number: int) -> str | None:
    """The edge of the volume that cuts through a label's body, such as ``"lower"``, or ``None``.

    A label that ends one voxel before the face counts as cut by it: resampling a label map drops
    the last slice.
    """
    boxes = ndimage.find_objects(labels.array, number)
    if len(boxes) < number or boxes[number - 1] is None:
        raise InputError(f"label {number} is not in the label map")
    return _cut_in(labels, number, boxes[number - 1])


def _cut_in(labels: Volume, number: int, box: tuple[slice, ...]) -> str | None:
    mask = labels.array[box] == number
    for axis in range(3):
        area = mask.sum(axis=tuple(k for k in range(3) if k != axis))
        ends = (box[axis].start <= 1, box[axis].stop >= labels.shape[axis] - 1)
        for high, (near, section) in enumerate(zip(ends, (area[0], area[-1]), strict=True)):
            if near and section >= _BODY_SHARE * area.max():
                return side_of(labels, axis, bool(high))
    return None


def _cuts(labels: Volume) -> dict[str, str | None]:
    """Each labelled vertebra (and the sacrum) with the edge that cuts it."""
    boxes = ndimage.find_objects(labels.array, max(_BESIDE.values()))
    return {
        name: _cut_in(labels, number, boxes[number - 1])
        for name, number in _BESIDE.items()
        if boxes[number - 1] is not None
    }


def _refuse_unusable(name: str, cuts: Mapping[str, str | None]) -> None:
    if name not in VERTEBRAE:
        raise InputError(
            f"vertebra {name} cannot be fitted: the parametric vertebrae are {', '.join(VERTEBRAE)}"
        )
    if name not in cuts:
        raise InputError(f"vertebra {name} is not in the labels: {_present(cuts)}")
    if cuts[name] is not None:
        raise InputError(
            f"{name} is cut by the {cuts[name]} edge of the volume; take a level that lies whole "
            f"in it ({_whole(cuts)}) or a CT that holds {name}"
        )


def _present(cuts: Mapping[str, str | None]) -> str:
    return f"they hold {', '.join(cuts) or 'no lumbar vertebra'}"


def _whole(cuts: Mapping[str, str | None]) -> str:
    return ", ".join(n for n in VERTEBRAE if n in cuts and cuts[n] is None) or "there is none"


def _neighbours(chosen: set[str]) -> Iterator[str]:
    column = ["T12", *VERTEBRAE, "S1"]
    beside = {column.index(name) + step for name in chosen for step in (-1, 1)}
    yield from (column[index] for index in sorted(beside) if column[index] not in chosen)


def _note(name: str, why: str) -> Note:
    return Note("", "", name, f"not fitted: {name} {why}; its bone is known from voxels only")
