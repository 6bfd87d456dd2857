"""`Anchor`: what the numbers of labelled vertebrae are counted from, and whether counts agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from needle_sim.anatomy.label_column import coarser
from needle_sim.volume.label_names import COLUMN, COLUMN_NUMBERS, NUMBERS
from needle_sim.volume.volume import Note, Volume

Points = NDArray[np.float64]

ON_SACRUM_MM = 12.0
"""A vertebra lies on the sacrum where their labels come so near; one level higher they are 25 mm
and more apart (proposed)."""

AT_RIB_MM = 12.0
"""A rib is joined to a vertebra where their labels come so near (proposed)."""

USUAL_LUMBAR = 5
_SACRAL = ("S1", "sacrum", "coccyx")
_LAST_RIB = 12
_LEAST_VOXELS = 5


@dataclass(frozen=True, slots=True)
class Anchor:
    """What vertebrae are counted from.

    Parameters
    ----------
    on_sacrum : str or None
        The labelled vertebra that lies on the sacrum.
    last_rib : int or None
        Number of the lowest rib that is joined to a vertebra.
    rib_vertebra : str or None
        The vertebra that bears it.
    lumbar : int or None
        Labelled vertebrae between that one and the sacrum, where both ends are there.
    """

    on_sacrum: str | None = None
    last_rib: int | None = None
    rib_vertebra: str | None = None
    lumbar: int | None = None

    @property
    def from_sacrum(self) -> bool:
        """Whether the sacrum is in the field."""
        return self.on_sacrum is not None

    @property
    def from_ribs(self) -> bool:
        """Whether the twelfth ribs, or the end of the ribs, are in the field."""
        return self.last_rib == _LAST_RIB or self.rib_vertebra in ("T12", "T13", "L1")

    def notes(self) -> tuple[Note, ...]:
        """What the numbers rest on, and warnings where they rest on nothing or counts disagree."""
        said = [
            *([f"{self.on_sacrum} lies on the sacrum"] if self.on_sacrum else []),
            *([f"rib {self.last_rib} joins {self.rib_vertebra}"] if self.rib_vertebra else []),
            *([f"{self.lumbar} lumbar vertebrae"] if self.lumbar is not None else []),
        ]
        found = [Note("", "numbering", "; ".join(said), self._rests_on())]
        if doubts := self.doubts():
            text = (
                "the counts disagree: a transitional vertebra is possible (4 or 6 lumbar, T13, a "
                "rib at L1); confirm the level on pictures of the whole spine"
            )
            found.append(Note("", "numbering", "; ".join(doubts), text))
        return tuple(found)

    def _rests_on(self) -> str:
        if self.from_sacrum and self.from_ribs:
            return "levels are counted from the sacrum and from the lowest ribs"
        if self.from_sacrum:
            return "levels are counted from the sacrum; the lowest ribs are not labelled here"
        if self.from_ribs:
            return "levels are counted from the lowest ribs; the sacrum is not labelled here"
        return (
            "neither the sacrum nor the ribs of T12 are labelled here: the levels rest on the "
            "label map alone and may be off by one; count them on a picture that shows an end"
        )

    def doubts(self) -> list[str]:
        """In which counts differ from 12 pairs of ribs and 5 lumbar vertebrae."""
        found = []
        if self.on_sacrum not in (None, "L5"):
            found.append(f"{self.on_sacrum} lies on the sacrum, not L5")
        if self.last_rib is not None and self.rib_vertebra != f"T{self.last_rib}":
            found.append(f"rib {self.last_rib} joins {self.rib_vertebra}")
        if self.lumbar is not None and self.lumbar != USUAL_LUMBAR:
            found.append(f"{self.lumbar} vertebrae lie between the lowest ribs and the sacrum")
        return found


def anchor_of(labels: Volume) -> Anchor:
    """What the vertebrae of a label map, in our numbers, are counted from."""
    coarse = coarser(labels)
    spine = {
        name: points
        for name, number in COLUMN_NUMBERS.items()
        if len(points := _points(coarse, number)) >= _LEAST_VOXELS
    }
    free = [name for name in spine if name not in _SACRAL]
    sacral = [spine[name] for name in _SACRAL[:2] if name in spine]
    on_sacrum = None
    if sacral and free:
        last = free[-1]
        away, _ = cKDTree(np.concatenate(sacral)).query(spine[last])
        on_sacrum = last if away.min() <= ON_SACRUM_MM else None
    last_rib, bearer = _lowest_rib(coarse, {name: spine[name] for name in free})
    lumbar = None
    if on_sacrum is not None and bearer is not None and _whole_end(last_rib, bearer, free):
        lumbar = free.index(on_sacrum) - free.index(bearer)
    return Anchor(on_sacrum, last_rib, bearer, lumbar)


def _whole_end(last_rib: int | None, bearer: str, free: list[str]) -> bool:
    """Whether no lower vertebra could bear a rib that is merely not labelled."""
    here = free.index(bearer)
    gaps = [
        one for one in COLUMN[COLUMN.index(bearer) + 1 : COLUMN.index(free[-1])] if one[0] == "L"
    ]
    labelled = set(free[here + 1 :])
    return last_rib == _LAST_RIB and set(gaps) - {"L6"} <= labelled


def _points(labels: Volume, *numbers: int) -> Points:
    return labels.patient_from_voxel.apply(np.argwhere(np.isin(labels.array, numbers)))


def _lowest_rib(labels: Volume, spine: Mapping[str, Points]) -> tuple[int | None, str | None]:
    """The lowest rib that comes near a vertebra, and the vertebra that it comes nearest to."""
    if not spine:
        return None, None
    names = [name for name, points in spine.items() for _ in points]
    tree = cKDTree(np.concatenate(list(spine.values())))
    for rib in range(_LAST_RIB, 0, -1):
        points = _points(labels, NUMBERS[f"rib_left_{rib}"], NUMBERS[f"rib_right_{rib}"])
        if len(points) < _LEAST_VOXELS:
            continue
        away, nearest = tree.query(points)
        if away.min() <= AT_RIB_MM:
            near = away <= away.min() + 3.0
            bearers, counts = np.unique([names[n] for n in nearest[near]], return_counts=True)
            return rib, str(bearers[counts.argmax()])
    return None, None
