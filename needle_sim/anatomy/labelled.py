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

VERTEBRAE: Mapping[str, tuple[int, ...]] = {
    **{name: (vertebra_label(name),) for name in ("L1", "L2", "L3", "L4", "L5")},
    "S1": (vertebra_label("S1"), vertebra_label("sacrum")),
}
"""Those with a parametric model, from the top, and their label numbers; S1 may be labelled by
itself, as part of the sacrum, or both."""

LABELLED: Mapping[str, tuple[int, ...]] = {"T12": (vertebra_label("T12"),), **VERTEBRAE}
"""Those and the one above them."""

SACRUM_MM = 60.0
"""S1 is whole where its label reaches so far below its highest point: from the tip of the articular
process to the disc below S1 it is about 45 mm, more on a steep sacrum (proposed)."""

_L6 = vertebra_label("L6")
_TIP_SHARE = 0.05  # of the largest section, on the upper face: more than the tip of a process
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
    if "L6" in cuts and "S1" in (wanted or ()):
        _refuse_below_l6(cuts)
    whole = [name for name in VERTEBRAE if name in cuts and cuts[name] is None]
    if wanted is None and not whole:
        raise InputError(f"no whole lumbar vertebra is labelled: {_present(cuts)}")
    for name in wanted or ():
        _refuse_unusable(name, cuts)
    if "S1" in whole and "L5" not in cuts:
        whole.remove("S1")
    chosen, notes = set(wanted or whole), []
    for beside in _neighbours(chosen):
        if beside in whole:
            chosen.add(beside)
        elif beside in VERTEBRAE and cuts.get(beside) is not None:
            notes.append(_note(beside, f"is cut by the {cuts[beside]} edge of the volume"))
        elif beside == "S1" and "L6" in cuts:
            notes.append(_note(beside, "lies below L6, which has no model to fit"))
        elif beside in cuts:
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


def _away_mm(labels: Volume, numbers: tuple[int, ...], point: NDArray[np.float64]) -> float:
    """Distance of a point from the nearest voxel centre of a label; of a sacrum, of its S1."""
    at = labels.patient_from_voxel.apply(np.argwhere(np.isin(labels.array, numbers)))
    at = at[at[:, 2] > at[:, 2].max() - SACRUM_MM]
    return float(np.linalg.norm(at - point, axis=1).min())


def is_labelled(labels: Volume, name: str) -> bool:
    """True where a vertebra of `LABELLED` has voxels of its own."""
    return any(bool((labels.array == number).any()) for number in LABELLED[name])


def cut_edge(labels: Volume, *numbers: int) -> str | None:
    """The edge of the volume that cuts through a label's body, such as ``"lower"``, or ``None``.

    A label that ends one voxel before the face counts as cut by it: resampling a label map drops
    the last slice. Of several numbers, that of all of them together.
    """
    box = box_of(ndimage.find_objects(labels.array, max(numbers)), numbers)
    if box is None:
        raise InputError(f"label {' or '.join(map(str, numbers))} is not in the label map")
    return _cut_in(labels, numbers, box)


_Box = tuple[slice, ...]


def box_of(boxes: Sequence[_Box | None], numbers: tuple[int, ...]) -> _Box | None:
    """The box about all of these numbers, ``None`` where there is none of them."""
    found = [boxes[n - 1] for n in numbers if n <= len(boxes)]
    there = [box for box in found if box is not None]
    if not there:
        return None
    axes = zip(*there, strict=True)
    return tuple(slice(min(s.start for s in a), max(s.stop for s in a)) for a in axes)


def _cut_in(labels: Volume, numbers: tuple[int, ...], box: _Box) -> str | None:
    mask = np.isin(labels.array[box], numbers)
    for axis in range(3):
        area = mask.sum(axis=tuple(k for k in range(3) if k != axis))
        ends = (box[axis].start <= 1, box[axis].stop >= labels.shape[axis] - 1)
        for high, (near, section) in enumerate(zip(ends, (area[0], area[-1]), strict=True)):
            side = side_of(labels, axis, bool(high))
            if near and _cuts_body(numbers, side, section / area.max(), mask, labels):
                return side
    return None


def _cuts_body(
    numbers: tuple[int, ...], side: str, share: float, mask: NDArray[np.bool_], labels: Volume
) -> bool:
    """Whether a face that shows this share of the largest section takes from the body."""
    if numbers != VERTEBRAE["S1"]:
        return share >= _BODY_SHARE
    if side == "upper":  # its articular processes are on top
        return share >= _TIP_SHARE
    if side == "lower":  # the rest of the sacrum may lie outside
        axis = int(np.argmax(np.abs(labels.patient_from_voxel.matrix[2, :3])))
        return bool(mask.shape[axis] * labels.spacing_mm[axis] < SACRUM_MM)
    return share >= _BODY_SHARE


def _cuts(labels: Volume) -> dict[str, str | None]:
    """Each labelled vertebra (S1 where the sacrum is labelled) with the edge that cuts it.

    Where there is a sixth lumbar one, S1 is left out: its place is found below L5.
    """
    boxes = ndimage.find_objects(labels.array, max(_L6, *(max(n) for n in LABELLED.values())))
    found = {name: box_of(boxes, numbers) for name, numbers in LABELLED.items()}
    cuts = {
        name: _cut_in(labels, LABELLED[name], box) for name, box in found.items() if box is not None
    }
    if box_of(boxes, (_L6,)) is not None:
        cuts.pop("S1", None)
        cuts["L6"] = None
    return cuts


class UnfitError(InputError):
    """A vertebra that the labels do not hold whole.

    ``fault`` says so without a way out, ``name`` is the vertebra, ``whole`` are those that are.
    """

    def __init__(self, fault: str, name: str, whole: tuple[str, ...], way_out: str = "") -> None:
        super().__init__(f"{fault}{way_out}")
        self.fault, self.name, self.whole = fault, name, whole


def _refuse_below_l6(cuts: Mapping[str, str | None]) -> None:
    fits = tuple(name for name in VERTEBRAE if name in cuts and cuts[name] is None)
    fault = (
        "S1 cannot be fitted: L6 lies on the sacrum, and there is no model of a sixth lumbar one"
    )
    raise UnfitError(fault, "S1", fits, f"; take a level above it ({', '.join(fits) or 'none'})")


def _refuse_unusable(name: str, cuts: Mapping[str, str | None]) -> None:
    if name not in VERTEBRAE:
        raise InputError(
            f"vertebra {name} cannot be fitted: the parametric vertebrae are {', '.join(VERTEBRAE)}"
        )
    fits = tuple(
        n for n in VERTEBRAE if n in cuts and cuts[n] is None and (n != "S1" or "L5" in cuts)
    )
    said = ", ".join(fits) or "there is none"
    take = f"take a level that lies whole in it ({said}) or a CT that holds {name}"
    if name not in cuts:
        fault = f"vertebra {name} is not in the labels: {_present(cuts)}"
        ends = _ends_before(name, cuts)
        raise UnfitError(f"{fault}{ends}", name, fits, f": {take}" if ends else "")
    if cuts[name] is not None:
        fault = f"{name} is cut by the {cuts[name]} edge of the volume"
        raise UnfitError(fault, name, fits, f"; {take}")
    if name == "S1" and "L5" not in cuts:
        fault = "S1 cannot be fitted: its endplate is found below L5, which is not in the labels"
        raise UnfitError(fault, name, fits, f"; {_present(cuts)}")


def _present(cuts: Mapping[str, str | None]) -> str:
    return f"they hold {', '.join(cuts) or 'no lumbar vertebra'}"


def _ends_before(name: str, cuts: Mapping[str, str | None]) -> str:
    """Words on a volume that ends in another vertebra before it comes to this one."""
    column = list(LABELLED)
    for other, edge in cuts.items():
        if other in column and edge == (
            "lower" if column.index(other) < column.index(name) else "upper"
        ):
            return f"; the volume ends in {other}, which its {edge} edge cuts, before {name}"
    return ""


def _neighbours(chosen: set[str]) -> Iterator[str]:
    column = ["T12", *VERTEBRAE]
    beside = {column.index(name) + step for name in chosen for step in (-1, 1)}
    here = (column[index] for index in sorted(beside) if index < len(column))
    yield from (name for name in here if name not in chosen)


def _note(name: str, why: str) -> Note:
    return Note("", "", name, f"not fitted: {name} {why}; its bone is known from voxels only")
