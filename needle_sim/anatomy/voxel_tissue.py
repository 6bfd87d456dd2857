"""Tissue of each voxel of a real CT, from HU and, where there is one, a label map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.skin import Mask
from needle_sim.anatomy.tissue import label
from needle_sim.volume.volume import Volume

FAT_HU = -30.0
"""Fat below, muscle above: between the teaching bands -50..-100 and 40..80 HU at 120 kV."""

BONE_HU = 180.0
"""Bone where nothing else is labelled; above muscle and plain organs (proposed)."""

RIM_HU = 100.0
"""A labelled bone's outermost voxels are bone above this only (proposed)."""

CORTICAL_HU = 400.0
"""Cortical bone above: the teaching band 400-1000 HU at 120 kV."""

SKIN_MM = 3.0
"""Skin of the back, 3-4 mm (proposed)."""

# Numbers of `needle_sim.volume.labels.LABEL_NAMES`
_ORGANS = range(1, 25)
_BONES = (*range(25, 51), *range(69, 79), 91, *range(92, 117))
_VESSELS = range(51, 69)
_CORD = (79,)
_MUSCLES = range(80, 90)


def tissues_of_ct(ct: Volume, labels: Volume | None, patient: Mask) -> Volume:
    """Label volume on the grid of ``ct`` that indexes `needle_sim.anatomy.tissue.tissues`.

    Air, 0, is exactly what lies outside the patient; gas inside (lung, bowel) counts as viscera.
    Unlabelled soft tissue counts as muscle, so that the tissue about a bone heats as muscle.

    Parameters
    ----------
    ct : Volume
        In HU.
    labels : Volume or None
        TotalSegmentator class numbers on the same grid.
    patient : (I, J, K) array of bool
        From `needle_sim.anatomy.skin.find_patient`.
    """
    kinds = _kind_of_label()
    reach = max(1, round(SKIN_MM / float(ct.spacing_mm[1:].mean())))
    out = np.zeros(ct.shape, dtype=np.uint16)
    for index, (hu, inside) in enumerate(zip(ct.array, patient, strict=True)):
        numbers = None if labels is None else labels.array[index]
        kind = np.zeros(hu.shape, np.uint8) if numbers is None else _kind(numbers, kinds)
        found = _by_kind(hu, kind)
        found[inside & ~_eroded(inside, reach)] = label("skin")
        out[index] = np.where(inside, found, 0)
    return ct.like(out, "label")


_NONE, _ORGAN, _BONE, _VESSEL, _NERVE, _MUSCLE = range(6)


def _kind_of_label() -> NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    groups = ((_ORGANS, _ORGAN), (_BONES, _BONE), (_VESSELS, _VESSEL), (_CORD, _NERVE))
    for numbers, kind in (*groups, (_MUSCLES, _MUSCLE)):
        table[list(numbers)] = kind
    return table


def _kind(numbers: NDArray[np.uint16], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Kind of each labelled voxel; numbers beyond the class list say nothing."""
    return table[np.where(numbers < len(table), numbers, 0)]


def _by_kind(hu: NDArray[np.generic], kind: NDArray[np.uint8]) -> NDArray[np.uint16]:
    value = np.asarray(hu, dtype=np.float32)
    soft = np.where(value < FAT_HU, label("fat"), label("muscle")).astype(np.uint16)
    found = np.where(value < -200.0, label("viscera"), soft)
    found[kind == _ORGAN] = label("viscera")
    found[kind == _VESSEL] = label("blood")
    found[kind == _NERVE] = label("nerve")
    bone = kind == _BONE
    rim = bone & ~_eroded(bone, 1)
    bone &= ~(rim & (value < RIM_HU))
    bone |= ((kind == _NONE) | (kind == _MUSCLE)) & (value >= BONE_HU)
    found[bone] = label("trabecular_bone")
    found[bone & (value >= CORTICAL_HU)] = label("cortical_bone")
    return found.astype(np.uint16)


def _eroded(mask: Mask, reach: int) -> Mask:
    """A mask less a rim of ``reach`` pixels; the edge of the picture is a rim too."""
    size, small = 2 * reach + 1, mask.astype(np.uint8)
    for axis in (0, 1):
        small = ndimage.minimum_filter1d(small, size, axis=axis, mode="constant", cval=0)
    return np.asarray(small > 0)
