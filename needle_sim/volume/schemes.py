"""`Scheme`: whose numbers a label map holds, told from the numbers and where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.presets import nearest
from needle_sim.volume.label_names import (
    COLUMN,
    COLUMN_NUMBERS,
    LABEL_NAMES,
    NUMBERS,
)
from needle_sim.volume.volume import Note

_NAMED = {number: name for name, number in COLUMN_NUMBERS.items()}
_COARSE_MM = 2.0
_TOUCH_MM = 6.0
"""Of a vertebra that the volume cuts, a process alone may lie a little low (proposed)."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A numbering of structures.

    Parameters
    ----------
    name : str
        What ``scheme=`` takes.
    numbers : mapping of int to int
        Their number to ours (`needle_sim.volume.label_names.LABEL_NAMES`).
    source : str
        Where the numbering is written down.
    """

    name: str
    numbers: Mapping[int, int]
    source: str

    def unknown(self, values: Iterable[int]) -> list[int]:
        """Those of some values that mean nothing here."""
        return sorted(set(values) - set(self.numbers) - {0})

    def ours(self, array: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """An array of their numbers in ours; what means nothing becomes 0."""
        table = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.uint16)
        for theirs, number in self.numbers.items():
            table[theirs] = number
        return np.asarray(table[array])


TOTALSEGMENTATOR = Scheme(
    "totalsegmentator",
    MappingProxyType({number: number for number in LABEL_NAMES}),
    "TotalSegmentator 2, task total, map_to_binary.py; 201 L6, 202 T13, 203 coccyx are our own",
)
VERSE = Scheme(
    "verse",
    MappingProxyType(
        {
            **{n: NUMBERS[f"vertebrae_C{n}"] for n in range(1, 8)},
            **{n + 7: NUMBERS[f"vertebrae_T{n}"] for n in range(1, 13)},
            **{n + 19: NUMBERS[f"vertebrae_L{n}"] for n in range(1, 7)},
            **{26: NUMBERS["sacrum"], 27: NUMBERS["coccyx"], 28: NUMBERS["vertebrae_T13"]},
        }
    ),
    "VerSe 2020, https://osf.io/4skx2/wiki: 1-7 C, 8-19 T, 20-25 L, 26 sacrum, 27 coccyx, 28 T13",
)
SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {one.name: one for one in (TOTALSEGMENTATOR, VERSE)}
)
"""The numberings that are known."""


def scheme_named(name: str) -> Scheme:
    """A numbering by name; `InputError` names those there are."""
    if name not in SCHEMES:
        raise InputError(f"no label scheme is called {name!r}{nearest(name, SCHEMES)}")
    return SCHEMES[name]


def recognised(
    array: NDArray[Any], patient_from_index: NDArray[np.float64], name: str
) -> tuple[Scheme, tuple[Note, ...]]:
    """Whose numbers a label map holds.

    Of the numberings in which the vertebrae lie in order, from head to feet, the one with the most
    neighbours side by side; then the one with the fewest numbers that mean nothing.

    Parameters
    ----------
    array : (A, B, C) array of whole numbers
        In any axis order.
    patient_from_index : (4, 4) array
        To patient LPS, mm.
    name : str
        What the map is called in messages.

    Raises
    ------
    InputError
        It fits none; lists the numbers that were seen.
    """
    heights = _heights(array, patient_from_index)
    found = [
        one for one in (_Reading.of(scheme, heights) for scheme in SCHEMES.values()) if one.fits
    ]
    if not found:
        raise _unknown(name, heights)
    found.sort(key=lambda one: (-one.neighbours, len(one.unknown)))
    best = found[0]
    if best.unknown and best.neighbours == 0:
        raise _unknown(name, heights)
    notes = []
    if len(found) > 1 and found[1].neighbours == best.neighbours and not found[1].unknown:
        text = (
            f"the label numbers are read as {best.scheme.name}; {found[1].scheme.name} would fit "
            "as well: say which with scheme="
        )
        notes.append(Note(name, "", listed(heights), text))
    return best.scheme, tuple(notes)


def check_said(
    scheme: Scheme, array: NDArray[Any], patient_from_index: NDArray[np.float64], name: str
) -> None:
    """Refuse a scheme that was said where the map is no spine in it and is one in another.

    Arguments as for `recognised`.
    """
    heights = _heights(array, patient_from_index)
    said = _Reading.of(scheme, heights)
    others = [_Reading.of(one, heights) for one in SCHEMES.values() if one is not scheme]
    better = [one for one in others if one.fits and one.neighbours and not one.unknown]
    if said.fits or not better:
        return
    what = "no vertebra" if said.swapped is None else f"{said.swapped[1]} above {said.swapped[0]}"
    raise InputError(
        f"read as {scheme.name}, {name} has {what}; as {better[0].scheme.name} it holds "
        f"{', '.join(better[0].column)}: give scheme={better[0].scheme.name!r}, or none"
    )


def applied(
    array: NDArray[np.uint16], scheme: Scheme, name: str
) -> tuple[NDArray[np.uint16], tuple[Note, ...]]:
    """A label map in our numbers, and a note on numbers that mean nothing.

    ``array`` is (A, B, C); so is what is returned.
    """
    values = _values(array)
    if not set(values) & set(scheme.numbers):
        raise InputError(
            f"{name} holds the numbers {listed(values)}, none of which {scheme.name} knows "
            f"({scheme.source})"
        )
    strange = scheme.unknown(values)
    notes = []
    if scheme is not TOTALSEGMENTATOR:
        names = ", ".join(
            LABEL_NAMES[scheme.numbers[v]].removeprefix("vertebrae_")
            for v in values
            if v in scheme.numbers
        )
        notes.append(Note(name, "", names, f"numbers of {scheme.name} read as vertebrae"))
    if strange:
        text = f"label numbers that {scheme.name} does not know are left out"
        notes.append(Note(name, "", listed(strange), text))
    same = scheme is TOTALSEGMENTATOR and not strange
    return array if same else scheme.ours(array), tuple(notes)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a label map would be in one scheme."""

    scheme: Scheme
    column: tuple[str, ...]  # what there is of the spine, from the head
    swapped: tuple[str, str] | None  # two of it that lie in the wrong order
    neighbours: int
    unknown: tuple[int, ...]

    @classmethod
    def of(cls, scheme: Scheme, heights: Mapping[int, float]) -> _Reading:
        places = {
            _NAMED[scheme.numbers[value]]: z
            for value, z in heights.items()
            if scheme.numbers.get(value) in _NAMED
        }
        column = tuple(one for one in COLUMN if one in places)
        wrong = [p for p in pairwise(column) if places[p[0]] <= places[p[1]] - _TOUCH_MM]
        side_by_side = sum(
            are_neighbours(*p) and places[p[0]] > places[p[1]] + _TOUCH_MM for p in pairwise(column)
        )
        unknown = tuple(scheme.unknown(heights))
        return cls(scheme, column, wrong[0] if wrong else None, side_by_side, unknown)

    @property
    def fits(self) -> bool:
        return bool(self.column) and self.swapped is None


def are_neighbours(upper: str, lower: str) -> bool:
    """Whether two of `COLUMN` lie side by side; T13, L6 and a sacrum without S1 may be skipped."""
    between = COLUMN[COLUMN.index(upper) + 1 : COLUMN.index(lower)]
    return all(one in ("T13", "L6", "S1") for one in between)


def _unknown(name: str, heights: Mapping[int, float]) -> InputError:
    why = []
    for one in (_Reading.of(scheme, heights) for scheme in SCHEMES.values()):
        if one.swapped is not None:
            why.append(f"as {one.scheme.name} {one.swapped[1]} would lie above {one.swapped[0]}")
        elif not one.column:
            why.append(f"as {one.scheme.name} there is no vertebra")
        else:
            why.append(f"{one.scheme.name} does not know {listed(one.unknown)}")
    return InputError(
        f"the numbers of {name} fit no label scheme that is known: {'; '.join(why)}. Seen: "
        f"{listed(heights)}. Give scheme= ({', '.join(SCHEMES)}), or labels in one of them"
    )


def listed(values: Iterable[int]) -> str:
    """Numbers in words, runs joined: ``"1-7, 26"``; the first twelve runs."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    said = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    return ", ".join(said[:12]) + (f" and {len(said) - 12} more" if len(said) > 12 else "")


def _values(array: NDArray[np.uint16]) -> list[int]:
    """The numbers in use but 0."""
    there = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
    for part in array:
        there[part.ravel()] = True
    there[0] = False
    return [int(value) for value in np.flatnonzero(there)]


def _heights(array: NDArray[Any], patient_from_index: NDArray[np.float64]) -> dict[int, float]:
    """Mean height of each number, mm, on every voxel or, where they are fine, some of them."""
    spacing = np.linalg.norm(patient_from_index[:3, :3], axis=0)
    steps = [max(1, round(_COARSE_MM / float(one))) for one in spacing]
    picked = array[tuple(slice(None, None, step) for step in steps)]
    if not picked.any():
        picked, steps = array, [1, 1, 1]
    index = np.nonzero(picked)
    values = picked[index].astype(np.intp)
    up = patient_from_index[2]
    z = sum(step * up[axis] * index[axis] for axis, step in enumerate(steps)) + up[3]
    count = np.bincount(values)
    total = np.bincount(values, weights=np.asarray(z, dtype=np.float64))
    return {int(v): float(total[v] / count[v]) for v in np.flatnonzero(count)}
