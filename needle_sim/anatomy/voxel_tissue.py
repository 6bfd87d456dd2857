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

BONE_HU, COARSE_BONE_HU = 180.0, 130.0
"""Bone where nothing else is labelled, in pixels up to 1 mm and from 2 mm on, where a thin cortex
keeps half of its HU; above muscle and plain organs (proposed)."""

RIM_HU = 60.0
"""A labelled bone's outermost voxels are bone above this only: fatty marrow (proposed)."""

CORTICAL_HU = 250.0
"""Cortical bone above: marrow of the young is below, a cortex thinner than a voxel above it."""

SEED_HU, MARROW_HU = 400.0, 50.0
"""Unlabelled: a part that nowhere reaches the first is a bright organ or vessel and is not filled;
a hole darker than the second is the spinal canal or a foramen, not marrow (proposed)."""

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
    A bone label is bone throughout, except for a soft outermost voxel. What is not labelled is bone
    by HU, and so is marrow that such bone encloses in a slice.

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
    pixel = float(ct.spacing_mm[1:].mean())
    reach = max(1, round(SKIN_MM / pixel))
    out = np.zeros(ct.shape, dtype=np.uint16)
    for index, (hu, inside) in enumerate(zip(ct.array, patient, strict=True)):
        numbers = None if labels is None else labels.array[index]
        kind = np.zeros(hu.shape, np.uint8) if numbers is None else _kind(numbers, kinds)
        found = _by_kind(hu, kind, inside, pixel)
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


def _by_kind(
    hu: NDArray[np.generic], kind: NDArray[np.uint8], inside: Mask, pixel_mm: float
) -> NDArray[np.uint16]:
    value = np.asarray(hu, dtype=np.float32)
    soft = np.where(value < FAT_HU, label("fat"), label("muscle")).astype(np.uint16)
    found = np.where(value < -200.0, label("viscera"), soft)
    found[kind == _ORGAN] = label("viscera")
    found[kind == _VESSEL] = label("blood")
    found[kind == _NERVE] = label("nerve")
    bone = kind == _BONE
    rim = bone & ~_eroded(bone, 1)
    bone &= ~(rim & (value < RIM_HU))
    free = ((kind == _NONE) | (kind == _MUSCLE)) & inside
    bone |= _unlabelled_bone(value, free, kind == _BONE, pixel_mm)
    found[bone] = label("trabecular_bone")
    found[bone & (value >= CORTICAL_HU)] = label("cortical_bone")
    return found.astype(np.uint16)


def _unlabelled_bone(
    value: NDArray[np.float32], free: Mask, labelled: Mask, pixel_mm: float
) -> Mask:
    """Bone of one slice among the ``free`` pixels: by HU, and the marrow that it encloses."""
    coarse = float(np.clip(pixel_mm - 1.0, 0.0, 1.0))
    bright = free & (value >= BONE_HU + coarse * (COARSE_BONE_HU - BONE_HU))
    parts, count = ndimage.label(bright, _BESIDE)
    if count == 0:
        return bright
    seed = np.zeros(count + 1, dtype=bool)
    seed[parts[bright & (value >= SEED_HU)]] = True
    seed[parts[_dilated(labelled, 1)]] = False
    seed[0] = False
    if not seed.any():
        return bright
    gap = max(1, round(_GAP_MM / pixel_mm))
    (box,) = ndimage.find_objects(seed[parts].astype(np.uint8))
    part = tuple(slice(max(0, one.start - gap), one.stop + gap) for one in box)
    bright[part] |= free[part] & _enclosed(value[part], seed[parts[part]], gap)
    return bright


def _enclosed(value: NDArray[np.float32], wall: Mask, gap: int) -> Mask:
    """Marrow in the holes of a wall, and bone in its gaps of up to ``2 * gap`` pixels."""
    shut = _dilated(np.pad(wall, gap + 1), gap)
    shut = _eroded(shut, gap)[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
    outer = np.pad(~shut, 1, constant_values=True)
    parts, count = ndimage.label(outer)
    parts = parts[1:-1, 1:-1]  # part 1 holds the corner, so it is what lies outside
    flat = parts.ravel()
    size = np.bincount(flat, minlength=count + 1)
    marrow = np.bincount(flat, value.ravel(), count + 1) > MARROW_HU * size
    marrow[:2] = False
    return np.asarray(marrow[parts] | (shut & (value > RIM_HU)))


_BESIDE = np.ones((3, 3), dtype=bool)
_GAP_MM = 2.0


def _eroded(mask: Mask, reach: int) -> Mask:
    """A mask less a rim of ``reach`` pixels; the edge of the picture is a rim too."""
    size, small = 2 * reach + 1, mask.astype(np.uint8)
    for axis in (0, 1):
        small = ndimage.minimum_filter1d(small, size, axis=axis, mode="constant", cval=0)
    return np.asarray(small > 0)


def _dilated(mask: Mask, reach: int) -> Mask:
    """A mask with a rim of ``reach`` pixels added, corners as well."""
    size, large = 2 * reach + 1, mask.astype(np.uint8)
    for axis in (0, 1):
        large = ndimage.maximum_filter1d(large, size, axis=axis, mode="constant", cval=0)
    return np.asarray(large > 0)
