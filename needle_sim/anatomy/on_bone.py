"""Whether labelled vertebrae lie on bone in the CT: labels of another scan, or shifted, do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from needle_sim.anatomy.label_cuts import box_of
from needle_sim.anatomy.labelled import VERTEBRAE
from needle_sim.errors import InputError
from needle_sim.volume.label_names import BONES
from needle_sim.volume.volume import Note, Volume

BRIGHT_HU = 150.0
"""Counts as bright: above muscle, fat, discs and fatty marrow, below most of a young vertebra."""

LEAST_SHARE, GOOD_SHARE = 0.2, 0.4
"""Bright share of a label: refused below the first unless its border is sharp, noted below the
second. 44 to 71 % in two CTs, 0 to 28 % with the labels 60 mm off (measured, proposed)."""

LEAST_FALL, GOOD_FALL = 0.5, 0.75
"""Share of the border's mean HU that is lost 3 to 6 mm outside: refused below the first, noted
below the second. 0.91 to 1.2 in two CTs, 0.0 to 0.4 with the labels 10 mm off (measured)."""

LEAST_CONTRAST_HU, SHARP_HU = 60.0, 100.0
"""Border less surroundings: refused below the first; above the second a vertebra with dark marrow,
as in osteoporosis, is taken for one (proposed)."""

_RIM_MM, _BEYOND_MM = 3.0, 6.0


@dataclass(frozen=True, slots=True)
class OnBone:
    """What the CT shows under one label.

    Parameters
    ----------
    share : float
        Of the label's voxels, those above `BRIGHT_HU`.
    rim_hu, around_hu : float
        Mean HU of the label's border, 3 mm deep, and of unlabelled tissue 3 to 6 mm outside.
    """

    share: float
    rim_hu: float
    around_hu: float

    @property
    def contrast_hu(self) -> float:
        """Border less surroundings."""
        return self.rim_hu - self.around_hu

    @property
    def refused(self) -> bool:
        """The label does not lie on bone."""
        if self.contrast_hu < max(LEAST_CONTRAST_HU, LEAST_FALL * self.rim_hu):
            return True
        return self.share < LEAST_SHARE and self.contrast_hu < SHARP_HU

    @property
    def doubtful(self) -> bool:
        """It may be shifted by some millimetres, or the bone is thin."""
        return self.share < GOOD_SHARE or self.contrast_hu < GOOD_FALL * self.rim_hu


def on_bone(ct: Volume, labels: Volume, *numbers: int) -> OnBone:
    """Measure what the CT (HU) shows under a label, or several taken together, on one grid."""
    box = box_of(ndimage.find_objects(labels.array, max(numbers)), numbers)
    if box is None:
        raise InputError(f"label {' or '.join(map(str, numbers))} is not in the label map")
    margin = np.ceil(_BEYOND_MM / ct.spacing_mm).astype(int) + 1
    part = tuple(
        slice(max(0, one.start - more), one.stop + more)
        for one, more in zip(box, margin, strict=True)
    )
    near, hu = labels.array[part], ct.array[part].astype(np.float32)
    mask = np.isin(near, numbers)
    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=ct.spacing_mm)[
        1:-1, 1:-1, 1:-1
    ]
    away = ndimage.distance_transform_edt(~mask, sampling=ct.spacing_mm)
    rim = mask & (depth <= max(_RIM_MM, float(ct.spacing_mm.max())))
    around = (away > _RIM_MM) & (away <= _BEYOND_MM) & ~np.isin(near, list(BONES))
    beyond = float(hu[around].mean()) if around.any() else 0.0
    return OnBone(float((hu[mask] > BRIGHT_HU).mean()), float(hu[rim].mean()), beyond)


def check_on_bone(ct: Volume, labels: Volume, vertebrae: Iterable[str]) -> tuple[Note, ...]:
    """Notes on doubtful labels; `InputError` where a vertebra's label does not lie on bone."""
    notes = []
    for name in vertebrae:
        found = on_bone(ct, labels, *VERTEBRAE[name])
        if found.refused:
            raise InputError(_refusal(name, found))
        if found.doubtful:
            text = f"the label of {name} fits the bone in the CT loosely: shifted, or thin bone"
            value = (
                f"{found.share:.0%} above {BRIGHT_HU:.0f} HU, usually {GOOD_SHARE:.0%} or more; "
                f"border {found.rim_hu:.0f} HU, {found.around_hu:.0f} HU around it"
            )
            notes.append(Note("", name, value, text))
    return tuple(notes)


def _refusal(name: str, found: OnBone) -> str:
    least = max(LEAST_CONTRAST_HU, LEAST_FALL * found.rim_hu)
    return (
        f"the labels do not lie on bone in this CT: of {name}'s label {found.share:.0%} is above "
        f"{BRIGHT_HU:.0f} HU (at least {LEAST_SHARE:.0%}), and its border is "
        f"{found.contrast_hu:.0f} HU brighter than 3 to 6 mm outside (at least {least:.0f}); "
        f"are they of this scan? Give the labels made from this series"
    )
