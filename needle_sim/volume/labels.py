"""Label maps from NIfTI and NRRD, on their own grid or a CT's, and the names of their numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.presets import nearest
from needle_sim.volume.nifti import Nifti, read_nifti
from needle_sim.volume.nrrd import read_nrrd
from needle_sim.volume.volume import Note, Volume

SAME_GRID_VOXELS = 0.05
"""Grids whose corners agree to this share of a voxel are one grid (float32 affines; proposed)."""

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
LABEL_NAMES: Mapping[int, str] = MappingProxyType(
    dict(
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
    )
)
"""Names of the numbers of TotalSegmentator version 2, task *total* (its ``map_to_binary.py``)."""


def vertebra_label(name: str) -> int:
    """The number of a vertebra, ``"L5"`` -> 27; ``"sacrum"`` is 25."""
    for wanted in (f"vertebrae_{name}", name if name == "sacrum" else ""):
        for number, known in LABEL_NAMES.items():
            if known == wanted:
                return number
    raise InputError(f"no vertebra is called {name!r}{nearest(name, (*_VERTEBRAE, 'sacrum'))}")


def load_labels(path: str | os.PathLike[str], *, grid: Volume | None = None) -> Volume:
    """Read a label map.

    Parameters
    ----------
    path : path
        NIfTI with whole numbers from 0 to 65535, or a segmentation of 3D Slicer (``.seg.nrrd``):
        segments that are named as in `LABEL_NAMES` get those numbers.
    grid : Volume, optional
        Bring the labels onto this grid: by turning axes where it is the same grid, else by the
        nearest voxel, with a note.

    Returns
    -------
    Volume
        (I, J, K) uint16. Without ``grid``, ``i`` runs to the head, ``j`` posterior and ``k`` left,
        as near as the file's axes do.

    Raises
    ------
    InputError
        The file is missing, not NIfTI, not a label map, empty, or does not overlap the grid.
    """
    notes: tuple[Note, ...] = ()
    if str(path).endswith(".nrrd"):
        image, named = read_nrrd(path)
        image, notes = _renumbered(replace(image, array=_whole(image)), named)
    else:
        image = read_nifti(path)
        image = replace(image, array=_whole(image))
    return _onto(image, grid, notes)


def _renumbered(image: Nifti, named: Mapping[int, str]) -> tuple[Nifti, tuple[Note, ...]]:
    """Segments by their names, as far as they are known; the others keep no number."""
    if not named:
        return image, ()
    numbers = {name: number for number, name in LABEL_NAMES.items()}
    table = np.zeros(int(image.array.max()) + 1, dtype=np.uint16)
    strange = []
    for value in np.unique(image.array):
        name = named.get(int(value), "")
        table[value] = numbers.get(name, 0)
        if value and name not in numbers:
            strange.append(name or str(value))
    if not table.any():
        raise InputError(
            f"{image.name} has no segment that is known; names like vertebrae_L4 are "
            f"(it has {', '.join(strange[:5])})"
        )
    notes: tuple[Note, ...] = ()
    if strange:
        text = f"segments left out, their names are not known: {', '.join(strange[:8])}"
        notes = (Note(image.name, "", str(len(strange)), text),)
    return replace(image, array=table[image.array]), notes


def _onto(image: Nifti, grid: Volume | None, notes: tuple[Note, ...]) -> Volume:
    """On a grid, or upright on its own."""
    if grid is None:
        found = image.aligned().volume("label")
        return replace(found, notes=(*found.notes, *notes))
    image = image.aligned(unit(grid.patient_from_voxel.matrix[:3, :3].T).T)
    labels = image.volume("label")
    if _same_grid(labels, grid):
        found = grid.like(labels.array, "label")
    else:
        found = _resampled(image, labels, grid)
    return replace(found, notes=(*found.notes, *notes))


def _whole(image: Nifti) -> NDArray[np.uint16]:
    """The array as uint16, refused where that would change a value."""
    array: NDArray[Any] = image.array
    if array.dtype.kind == "f":
        odd = ~np.isfinite(array) | (array != np.rint(array))
        if odd.any():
            raise InputError(f"{image.name} holds {array[odd][0]}; labels must be whole numbers")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > np.iinfo(np.uint16).max:
        raise InputError(f"{image.name} holds labels {low} to {high}; 0 to 65535 are possible")
    if high == 0:
        raise InputError(f"{image.name} holds no label but 0; give a label map of this patient")
    return array.astype(np.uint16)


def _same_grid(labels: Volume, grid: Volume) -> bool:
    if labels.shape != grid.shape:
        return False
    corners = np.indices((2, 2, 2)).reshape(3, -1).T * (np.array(grid.shape) - 1)
    there = grid.voxels(labels.patient_from_voxel.apply(corners))
    return bool(np.abs(there - corners).max() <= SAME_GRID_VOXELS)


def _resampled(image: Nifti, labels: Volume, grid: Volume) -> Volume:
    found = labels.resample(grid, outside=0)
    inside = np.count_nonzero(found.array) * float(np.prod(grid.spacing_mm))
    there = np.count_nonzero(labels.array) * float(np.prod(labels.spacing_mm))
    if inside == 0:
        ours = ", ".join(f"{x:.0f}" for x in labels.centre_mm)
        theirs = ", ".join(f"{x:.0f}" for x in grid.centre_mm)
        raise InputError(
            f"no label of {image.name} lies in the CT: its centre is at {ours} mm, the CT's at "
            f"{theirs} mm (patient LPS); give the labels of this CT"
        )
    text = f"labels brought from a grid {labels.shape} onto {grid.shape} by the nearest voxel"
    if inside < 0.99 * there:
        text += f"; about {100 * (1 - inside / there):.0f} % of the labelled volume lies outside"
    return replace(found, notes=(*found.notes, Note(image.name, "", "", text)))
