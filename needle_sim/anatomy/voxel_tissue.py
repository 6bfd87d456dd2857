"""Tissue of each voxel of a real CT, from HU and, where there is one, a label map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.skin import Mask
from needle_sim.anatomy.tissue import label
from needle_sim.volume.label_names import BONES, LABEL_NAMES
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

GAS_HU = -200.0
"""Gas below: halfway down from fat to gas, at fat's end (proposed)."""

SKIN_MM = 3.0
"""Skin of the back, 3-4 mm (proposed)."""

# Numbers of `needle_sim.volume.labels.LABEL_NAMES`
_ORGANS = range(1, 25)
_BONES = tuple(BONES)
_VESSELS = range(51, 69)
_CORD = (79,)
_MUSCLES = range(80, 90)
_CARTILAGE = (117,)

_OF_WORD = (  # the first word that a label's name begins with
    ("kidney", "kidney"),
    ("liver", "liver"),
    ("lung", "lung"),
    ("small_bowel", "bowel"),
    ("duodenum", "bowel"),
    ("colon", "bowel"),
    ("aorta", "aorta"),
    ("inferior_vena_cava", "ivc"),
    ("spinal_cord", "cord"),
    ("autochthon", "erector_spinae"),
    ("iliopsoas", "psoas"),
    ("costal_cartilages", "costal_cartilage"),
)
_OF_KIND = (
    "muscle",
    "viscera",
    "muscle",
    "blood",
    "nerve",
    "muscle",
    "cartilage",
)  # about a bone it is muscle
_HOLLOW = ("stomach", "esophagus", "duodenum", "small_bowel", "colon")


def tissues_of_ct(ct: Volume, labels: Volume | None, patient: Mask) -> Volume:
    """Label volume on the grid of ``ct`` that indexes `needle_sim.anatomy.tissue.tissues`.

    Air, 0, is exactly what lies outside the patient. Labelled organs, vessels and muscles keep
    their names (the muscles of the back are one label: erector spinae); gas in bowel and stomach is
    bowel gas, and unlabelled gas counts as viscera. Unlabelled soft tissue counts as muscle, so
    that the tissue about a bone heats as muscle.
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
    kinds, named = _kind_of_label(), _tissue_of_label()
    pixel = float(ct.spacing_mm[1:].mean())
    reach = max(1, round(SKIN_MM / pixel))
    out = np.zeros(ct.shape, dtype=np.uint16)
    for index, (hu, inside) in enumerate(zip(ct.array, patient, strict=True)):
        numbers = None if labels is None else labels.array[index]
        if numbers is None:
            numbers = np.zeros(hu.shape, np.uint16)
        known = np.where(numbers < len(kinds), numbers, 0)  # numbers beyond the list say nothing
        found = _by_kind(hu, kinds[known], named[:, known], inside, pixel)
        found[inside & ~_eroded(inside, reach)] = label("skin")
        out[index] = np.where(inside, found, 0)
    return ct.like(out, "label")


_NONE, _ORGAN, _BONE, _VESSEL, _NERVE, _MUSCLE, _SOFT_RIB = range(7)
_WHOLE = (_ORGAN, _VESSEL, _NERVE, _SOFT_RIB)  # labelled as they are, whatever their HU


def _kind_of_label() -> NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    groups = ((_ORGANS, _ORGAN), (_BONES, _BONE), (_VESSELS, _VESSEL), (_CORD, _NERVE))
    for numbers, kind in (*groups, (_MUSCLES, _MUSCLE), (_CARTILAGE, _SOFT_RIB)):
        table[list(numbers)] = kind
    return table


def _tissue_of_label() -> NDArray[np.uint16]:
    """Tissues (2, 256) of what is labelled and, in the second row, of gas there."""
    table = np.full((2, 256), label("viscera"), dtype=np.uint16)
    for number, kind in enumerate(_kind_of_label()):
        name = LABEL_NAMES.get(number, "")
        own = next((tissue for word, tissue in _OF_WORD if name.startswith(word)), _OF_KIND[kind])
        table[0, number] = label(own)
        if kind in _WHOLE:
            table[1, number] = label("bowel_gas" if name in _HOLLOW else own)
    return table


def _by_kind(
    hu: NDArray[np.generic],
    kind: NDArray[np.uint8],
    named: NDArray[np.uint16],
    inside: Mask,
    pixel_mm: float,
) -> NDArray[np.uint16]:
    """Tissues of a slice; ``named`` (2, J, K) as labelled, and for gas."""
    value = np.asarray(hu, dtype=np.float32)
    found = np.where((value < FAT_HU) & ~np.isin(kind, _WHOLE), label("fat"), named[0])
    found = np.where(value < GAS_HU, named[1], found)
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
