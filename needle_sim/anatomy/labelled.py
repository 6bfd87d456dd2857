"""Which labelled vertebrae can be fitted: there, whole, and wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.anchor import anchor_of
from needle_sim.anatomy.label_cuts import SACRAL, SACRUM_MM, box_of, cut_in
from needle_sim.errors import InputError
from needle_sim.volume.label_names import COLUMN_NUMBERS
from needle_sim.volume.volume import Note, Volume

MODELS: Mapping[str, str] = {
    **{name: name for name in ("T10", "T11", "T12")},
    "T13": "T12",
    **{name: name for name in ("L1", "L2", "L3", "L4", "L5")},
    "L6": "L5",
    "S1": "S1",
}
"""Vertebrae that can be fitted, from the top, and whose mean of the phantom they start from."""

VERTEBRAE: Mapping[str, tuple[int, ...]] = {
    name: SACRAL if name == "S1" else (COLUMN_NUMBERS[name],) for name in MODELS
}
"""Their label numbers."""

LABELLED: Mapping[str, tuple[int, ...]] = {"T9": (COLUMN_NUMBERS["T9"],), **VERTEBRAE}
"""Those and the one above them."""

NEARLY = 0.8
"""A vertebra that an edge cuts is fitted where so much of a whole neighbour's volume is there: it
lacks at most an endplate and the tips of its processes (proposed)."""

NEAR_MM = 60.0
"""A point further than this from a labelled vertebra says nothing about it: two levels
(proposed)."""

_RARE = ("T13", "L6")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSpine:
    """The vertebrae of a label map that can be fitted, and those beside them.

    Parameters
    ----------
    labels : Volume
        The label map, in our numbers.
    cuts : mapping of str to str or None
        The labelled ones of `LABELLED` from the top, and the edge that cuts each.
    nearly : mapping of str to float
        Of those that an edge cuts, those of which so little is lacking that they can be fitted, and
        their volume over that of a whole neighbour.
    last : str
        The lumbar vertebra on the sacrum: L5, or what the labels show in its place.
    """

    labels: Volume
    cuts: Mapping[str, str | None]
    nearly: Mapping[str, float]
    last: str = "L5"

    @classmethod
    def of(cls, labels: Volume) -> LabelledSpine:
        """Read a label map in our numbers."""
        boxes = ndimage.find_objects(labels.array, max(max(n) for n in LABELLED.values()))
        found = {name: box_of(boxes, numbers) for name, numbers in LABELLED.items()}
        there = {name: box for name, box in found.items() if box is not None}
        cuts = {name: cut_in(labels, LABELLED[name], box) for name, box in there.items()}
        sizes = {
            name: int(np.isin(labels.array[box], LABELLED[name]).sum())
            for name, box in there.items()
            if name != "S1"
        }
        return cls(labels, cuts, _nearly(cuts, sizes), _last(labels, list(cuts)))

    @property
    def column(self) -> tuple[str, ...]:
        """The vertebrae of this spine from the top, whether they are labelled or not."""
        lumbar = [name for name in LABELLED if name[0] == "L"]
        beyond = lumbar[lumbar.index(self.last) + 1 :]
        rare = [name for name in _RARE if name not in self.cuts]
        return tuple(name for name in LABELLED if name not in (*beyond, *rare))

    @property
    def fit(self) -> tuple[str, ...]:
        """Those that can be fitted: whole or nearly so; S1 where the one above it is labelled."""
        whole = [
            name
            for name in self.column
            if name in MODELS and name in self.cuts and (self.cuts[name] is None or self.near(name))
        ]
        return tuple(name for name in whole if name != "S1" or self.last in self.cuts)

    def near(self, name: str) -> bool:
        """Whether a vertebra is cut, but lacks little."""
        return name in self.nearly

    def model(self, name: str) -> str:
        """The vertebra of the phantom that one is like: on the sacrum lies one like L5."""
        if name == self.last:
            return "L5"
        return "L4" if name == "L5" else MODELS[name]

    def beside(self, chosen: set[str]) -> Iterator[str]:
        """Neighbours of those chosen that are not chosen themselves, from the top."""
        column = self.column
        near = {column.index(name) + step for name in chosen for step in (-1, 1)}
        here = (column[index] for index in sorted(near) if 0 <= index < len(column))
        yield from (name for name in here if name not in chosen)

    def present(self) -> str:
        """What the labels hold, in words."""
        return f"they hold {', '.join(self.cuts) or 'none of T10 to S1'}"


def _nearly(cuts: Mapping[str, str | None], sizes: Mapping[str, int]) -> dict[str, float]:
    """Volume over that of a whole neighbour, of those that are cut and lack little."""
    names, found = list(sizes), {}
    for n, name in enumerate(names):
        if cuts[name] not in ("upper", "lower"):
            continue
        beside = [one for one in names[max(0, n - 1) : n + 2] if cuts[one] is None]
        shares = [sizes[name] / sizes[one] for one in beside]
        if shares and min(shares) >= NEARLY:
            found[name] = min(shares)
    return found


def _last(labels: Volume, labelled: Sequence[str]) -> str:
    """The lumbar vertebra on the sacrum."""
    if "L6" in labelled or "L5" in labelled or "S1" not in labelled:
        return "L6" if "L6" in labelled else "L5"
    found = anchor_of(labels).on_sacrum
    return found if found is not None and found in ("L3", "L4") else "L5"


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
    spine: LabelledSpine, wanted: Sequence[str] | None = None
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The vertebrae to fit, from the top, and notes on neighbours that are left out.

    Those wanted, and the ones above and below; by default every one from T10 to S1 that is whole
    or lacks little.
    """
    whole = spine.fit
    if wanted is None and not whole:
        raise InputError(f"no whole vertebra from T10 to S1 is labelled: {spine.present()}")
    for name in wanted or ():
        _refuse_unusable(name, spine)
    chosen = set(whole if wanted is None else wanted)
    notes = []
    for beside in spine.beside(chosen):
        if beside in whole:
            chosen.add(beside)
        else:
            notes.append(_note(beside, _why_not(beside, spine)))
    notes += [_note_nearly(name, spine) for name in spine.nearly if name in chosen]
    return tuple(name for name in MODELS if name in chosen), tuple(notes)


def near_point(
    spine: LabelledSpine, point_mm: ArrayLike
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """The vertebrae to fit about a point (3,): the one nearest to it that can be, and neighbours.

    None, and a note, where none lies within `NEAR_MM`.
    """
    point = np.asarray(point_mm, dtype=np.float64)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise InputError(
            f"near_mm must be three finite numbers (patient LPS, mm), got {point_mm!r}"
        )
    away = {name: _away_mm(spine.labels, VERTEBRAE[name], point) for name in spine.fit}
    nearest = min(away, key=lambda name: away[name], default=None)
    if nearest is None or away[nearest] > NEAR_MM:
        text = "no whole labelled vertebra lies near the point: nerves and dura are unknown"
        value = "there is none" if nearest is None else f"{nearest}, {away[nearest]:.0f} mm away"
        return (), (Note("", "nearest", f"{value} (at most {NEAR_MM:.0f} mm)", text),)
    return in_reach(spine, [nearest])


def _away_mm(labels: Volume, numbers: tuple[int, ...], point: NDArray[np.float64]) -> float:
    """Distance of a point from the nearest voxel centre of a label; of a sacrum, of its S1."""
    at = labels.patient_from_voxel.apply(np.argwhere(np.isin(labels.array, numbers)))
    at = at[at[:, 2] > at[:, 2].max() - SACRUM_MM]
    return float(np.linalg.norm(at - point, axis=1).min())


class UnfitError(InputError):
    """A vertebra that the labels do not hold whole.

    ``fault`` says so without a way out, ``name`` is the vertebra, ``whole`` are those that can be
    fitted.
    """

    def __init__(self, fault: str, name: str, whole: tuple[str, ...], way_out: str = "") -> None:
        super().__init__(f"{fault}{way_out}")
        self.fault, self.name, self.whole = fault, name, whole


def _refuse_unusable(name: str, spine: LabelledSpine) -> None:
    if name not in MODELS:
        raise InputError(
            f"vertebra {name} cannot be fitted: the parametric vertebrae are {', '.join(MODELS)}"
        )
    if name in spine.fit:
        return
    said = ", ".join(spine.fit) or "there is none"
    take = f"take a level that lies whole in it ({said}) or a CT that holds {name}"
    if name not in spine.cuts:
        fault = f"vertebra {name} is not in the labels: {spine.present()}"
        ends = _ends_before(name, spine.cuts)
        raise UnfitError(f"{fault}{ends}", name, spine.fit, f": {take}" if ends else "")
    if spine.cuts[name] is not None:
        fault = f"{name} is cut by the {spine.cuts[name]} edge of the volume"
        raise UnfitError(fault, name, spine.fit, f"; {take}")
    fault = (
        f"S1 cannot be fitted: its endplate is found below {spine.last}, which is not in the labels"
    )
    raise UnfitError(fault, name, spine.fit, f"; {spine.present()}")


def _ends_before(name: str, cuts: Mapping[str, str | None]) -> str:
    """Words on a volume that ends in another vertebra before it comes to this one."""
    column = list(LABELLED)
    for other, edge in cuts.items():
        if edge == ("lower" if column.index(other) < column.index(name) else "upper"):
            return f"; the volume ends in {other}, which its {edge} edge cuts, before {name}"
    return ""


def _why_not(name: str, spine: LabelledSpine) -> str:
    if name not in spine.cuts:
        return "is not in the labels"
    if spine.cuts[name] is not None:
        return f"is cut by the {spine.cuts[name]} edge of the volume"
    return "has no model to fit"


def _note(name: str, why: str) -> Note:
    return Note("", "", name, f"not fitted: {name} {why}; its bone is known from voxels only")


def _note_nearly(name: str, spine: LabelledSpine) -> Note:
    share = f"{name}, {spine.nearly[name]:.0%} of a whole neighbour's volume"
    text = f"the {spine.cuts[name]} edge of the volume cuts it: what lies beyond is as on average"
    return Note("", "", share, text)
