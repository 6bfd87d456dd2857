"""`Segment`: one named part of a segmentation, and the label number that it stands for.

References
----------
DICOM PS3.3 C.8.20.4 Segment Description; PS3.16 CID 7603 Vertebra; SNOMED CT codes as in
TotalSegmentator's ``totalsegmentator_snomed_mapping.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from needle_sim.errors import InputError
from needle_sim.volume.label_names import COLUMN_NUMBERS, LABEL_NAMES, NUMBERS, number_of
from needle_sim.volume.volume import Note

_SPINE = (
    "14806007 39976000 113205007 5329002 36978003 36054005 87391001 "  # C1 to C7
    "64864005 53733008 1626008 73071006 56401006 45296009 "  # T1 to T6
    "62487009 11068009 82687006 7610001 12989004 23215003 "  # T7 to T12
    "66794005 14293000 36470004 11994002 49668003 65985001"  # L1 to L5, S1
)
_LEVELS = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
    "S1",
)
_SINGLE = {
    "54735007": "sacrum",
    "64688005": "coccyx",
    "78961009": "spleen",
    "28231008": "gallbladder",
    "10200004": "liver",
    "69695003": "stomach",
    "15776009": "pancreas",
    "32849002": "esophagus",
    "44567001": "trachea",
    "69748006": "thyroid_gland",
    "30315005": "small_bowel",
    "38848004": "duodenum",
    "71854001": "colon",
    "89837001": "urinary_bladder",
    "41216001": "prostate",
    "80891009": "heart",
    "15825003": "aorta",
    "7832008": "aorta",
    "64131007": "inferior_vena_cava",
    "48345005": "superior_vena_cava",
    "2748008": "spinal_cord",
    "12738006": "brain",
    "89546000": "skull",
    "56873002": "sternum",
    "72481006": "lung_middle_lobe_right",
}
_PAIRED = {
    "64033007": "kidney",
    "23451007": "adrenal_gland",
    "45653009": "lung_upper_lobe",
    "90572001": "lung_lower_lobe",
    "73634005": "iliac_artery",
    "46027005": "iliac_vena",
    "29836001": "hip",
    "71341001": "femur",
    "85050009": "humerus",
    "79601000": "scapula",
    "51299004": "clavicula",
    "181674001": "gluteus_maximus",
    "78333006": "gluteus_medius",
    "75297007": "gluteus_minimus",
    "244849004": "autochthon",
    "68455001": "iliopsoas",
}
_RIBS = (
    "48535007 78247007 25888004 25523003 15339008 59558009 24915002 5953002 22565002 77644006 "
    "58830002 43993008"
)
_SIDES = {"7771000": "left", "24028007": "right"}


def _codes() -> dict[tuple[str, str], int]:
    """Number by SNOMED CT code and side ("" where there is none)."""
    found = {
        (code, ""): NUMBERS[f"vertebrae_{level}"]
        for code, level in zip(_SPINE.split(), _LEVELS, strict=True)
    }
    found |= {(code, ""): NUMBERS[name] for code, name in _SINGLE.items()}
    for side in _SIDES.values():
        found |= {(code, side): NUMBERS[f"{name}_{side}"] for code, name in _PAIRED.items()}
        for n, code in enumerate(_RIBS.split(), start=1):
            found[code, side] = NUMBERS[f"rib_{side}_{n}"]
    return found


_BY_CODE: Mapping[tuple[str, str], int] = MappingProxyType(_codes())
CODES: frozenset[str] = frozenset(code for code, _ in _BY_CODE) | frozenset(_SIDES)
"""SNOMED CT codes that are known, sides among them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A named part of a segmentation.

    Parameters
    ----------
    value : int
        Its number in the file.
    name : str
        What the file calls it.
    code, side : str
        SNOMED CT code of what it is and of its side, ``""`` where there is none.
    """

    value: int
    name: str
    code: str = ""
    side: str = ""

    @property
    def number(self) -> int | None:
        """The label number by name and by code; ``None`` where neither is known.

        Raises
        ------
        InputError
            Name and code mean two structures.
        """
        by_name = number_of(self.name)
        by_code = _BY_CODE.get((self.code, _SIDES.get(self.side, "")))
        if by_name is not None and by_code is not None and by_name != by_code:
            raise InputError(
                f"segment {self.value} is called {self.name!r} but its code {self.code} means "
                f"{LABEL_NAMES[by_code]}: correct one of them"
            )
        return by_code if by_name is None else by_name


def numbers_of(
    segments: Sequence[Segment], seen: Mapping[int, int], file: str
) -> tuple[dict[int, int], tuple[Note, ...]]:
    """The label number of each segment that is known and has voxels.

    Parameters
    ----------
    segments : sequence of Segment
    seen : mapping of int to int
        Voxels of each value.
    file : str
        For messages.

    Raises
    ------
    InputError
        No segment is known, or two are the same bone of the spine.
    """
    numbers: dict[int, int] = {}
    strange, empty = [], []
    for one in segments:
        number = one.number
        if number is None:
            strange.append(one.name or str(one.value))
        elif not seen.get(one.value):
            empty.append(LABEL_NAMES[number])
        else:
            _refuse_twice(one, number, numbers, segments, file)
            numbers[one.value] = number
    listed = {one.value for one in segments}
    strange += [str(value) for value in seen if value and value not in listed]
    if not numbers:
        known = f", and {', '.join(empty[:3])} without a voxel" if empty else ""
        raise InputError(
            f"{file} has no segment that is known; names like vertebrae_L4 are "
            f"(it has {', '.join(strange[:5]) or 'none'}{known})"
        )
    notes = []
    if strange:
        text = f"segments left out, their names are not known: {', '.join(strange[:8])}"
        notes.append(Note(file, "", str(len(strange)), text))
    if empty:
        text = f"segments without a voxel: {', '.join(empty[:8])}"
        notes.append(Note(file, "", str(len(empty)), text))
    return numbers, tuple(notes)


def _refuse_twice(
    one: Segment, number: int, numbers: Mapping[int, int], segments: Sequence[Segment], file: str
) -> None:
    """A bone of the spine is one segment; of other structures, several are joined."""
    twin = next((value for value, other in numbers.items() if other == number), None)
    if twin is None or number not in COLUMN_NUMBERS.values():
        return
    names = {s.value: s.name for s in segments}
    raise InputError(
        f"{file}: segments {twin} ({names[twin]}) and {one.value} ({one.name}) are both "
        f"{LABEL_NAMES[number]}: give each vertebra its own name"
    )


def counted(array: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> dict[int, int]:
    """Voxels of each value of an array (A, B, C)."""
    total = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.int64)
    for part in array:
        total += np.bincount(part.ravel(), minlength=len(total))
    return {int(value): int(total[value]) for value in np.flatnonzero(total)}
