"""Names of label numbers: TotalSegmentator's, and three of our own; how segments are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from needle_sim.errors import InputError
from needle_sim.presets import nearest

_VERTEBRAE = (
    *("S1", "L5", "L4", "L3", "L2", "L1"),
    *(f"T{level}" for level in range(12, 0, -1)),
    *(f"C{level}" for level in range(7, 0, -1)),
)
_SOFT = (
    "spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right "
    "adrenal_gland_left lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right "
    "lung_middle_lobe_right lung_lower_lobe_right esophagus trachea thyroid_gland small_bowel "
    "duodenum colon urinary_bladder prostate kidney_cyst_left kidney_cyst_right sacrum"
)
_REST = (
    "heart aorta pulmonary_vein brachiocephalic_trunk subclavian_artery_right "
    "subclavian_artery_left common_carotid_artery_right common_carotid_artery_left "
    "brachiocephalic_vein_left brachiocephalic_vein_right atrial_appendage_left "
    "superior_vena_cava inferior_vena_cava portal_vein_and_splenic_vein iliac_artery_left "
    "iliac_artery_right iliac_vena_left iliac_vena_right humerus_left humerus_right scapula_left "
    "scapula_right clavicula_left clavicula_right femur_left femur_right hip_left hip_right "
    "spinal_cord gluteus_maximus_left gluteus_maximus_right gluteus_medius_left "
    "gluteus_medius_right gluteus_minimus_left gluteus_minimus_right autochthon_left "
    "autochthon_right iliopsoas_left iliopsoas_right brain skull"
)
OWN_NAMES: Mapping[int, str] = MappingProxyType(
    {201: "vertebrae_L6", 202: "vertebrae_T13", 203: "coccyx"}
)
"""Numbers of our own, for what TotalSegmentator has none for."""

LABEL_NAMES: Mapping[int, str] = MappingProxyType(
    {
        **dict(
            enumerate(
                (
                    *_SOFT.split(),
                    *(f"vertebrae_{level}" for level in _VERTEBRAE),
                    *_REST.split(),
                    *(f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13)),
                    *("sternum", "costal_cartilages"),
                ),
                start=1,
            )
        ),
        **OWN_NAMES,
    }
)
"""Names of the numbers of TotalSegmentator version 2, task *total* (its ``map_to_binary.py``), and
of `OWN_NAMES`."""

NUMBERS: Mapping[str, int] = MappingProxyType({name: n for n, name in LABEL_NAMES.items()})
"""The number of each name."""

COLUMN: tuple[str, ...] = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 7)),
    *("S1", "sacrum", "coccyx"),
)
"""What a spine can have, from the head: T13 and L6 are rare, S1 may be a part of the sacrum."""


def vertebra_label(name: str) -> int:
    """The number of a vertebra, ``"L5"`` -> 27; ``"sacrum"`` is 25."""
    found = NUMBERS.get(f"vertebrae_{name}", NUMBERS.get(name) if name in COLUMN else None)
    if found is None:
        raise InputError(f"no vertebra is called {name!r}{nearest(name, COLUMN)}")
    return found


COLUMN_NUMBERS: Mapping[str, int] = MappingProxyType({one: vertebra_label(one) for one in COLUMN})
"""The numbers of `COLUMN`."""

BONES: frozenset[int] = frozenset(
    (
        *COLUMN_NUMBERS.values(),
        *(
            number
            for number, name in LABEL_NAMES.items()
            if name.startswith(("humerus", "scapula", "clavicula", "femur", "hip_", "rib_"))
            or name in ("skull", "sternum")
        ),
    )
)
"""Numbers of bones; costal cartilages are none."""


def number_of(name: str) -> int | None:
    """The number that a segment's name stands for, ``None`` where it is not known.

    Case, order and joints of the words do not matter: ``"vertebrae_L4"``, ``"L4 vertebra"``,
    ``"L4"`` and ``"Fourth lumbar vertebra"`` are one, so are ``"Left Kidney"``, ``"kidney_left"``.
    """
    return _BY_WORDS.get(_words(name))


_REGIONS = {"cervical": "c", "thoracic": "t", "lumbar": "l", "sacral": "s"}
_ORDINALS = dict(
    zip(
        (
            *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
            *("ninth", "tenth", "eleventh", "twelfth", "thirteenth"),
        ),
        map(str, range(1, 14)),
        strict=True,
    )
)
_SAME = {"vein": "vena", "clavicle": "clavicula", **_ORDINALS}
_IDLE = {"vertebra", "vertebrae", "bone", "muscle", "structure", "of", "the"}


def _words(name: str) -> frozenset[str]:
    """What a name says, without order and idle words."""
    words = [_SAME.get(one, one) for one in re.split(r"[^a-z0-9]+", name.lower()) if one]
    region = next((_REGIONS[one] for one in words if one in _REGIONS), None)
    count = next((one for one in words if one.isdigit()), None)
    if region is not None and count is not None:
        words = [one for one in words if one not in _REGIONS and one != count]
        words.append(region + count)
    return frozenset(one for one in words if one not in _IDLE) - {"urinary"}


_BY_WORDS: Mapping[frozenset[str], int] = MappingProxyType(
    {_words(name): number for number, name in LABEL_NAMES.items()}
)
