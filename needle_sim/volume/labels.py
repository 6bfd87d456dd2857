"""Label maps from NIfTI, NRRD and DICOM SEG, on their own grid or a CT's, in our numbers."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.volume.label_names import LABEL_NAMES, vertebra_label
from needle_sim.volume.nifti import Nifti, read_nifti
from needle_sim.volume.nrrd import read_nrrd
from needle_sim.volume.schemes import applied, check_said, recognised, scheme_named
from needle_sim.volume.seg import is_dicom, read_seg
from needle_sim.volume.segments import Segment, counted, numbers_of
from needle_sim.volume.volume import Note, Volume

__all__ = ["LABEL_NAMES", "load_labels", "renumbered", "vertebra_label"]

SAME_GRID_VOXELS = 0.05
"""Grids whose corners agree to this share of a voxel are one grid (float32 affines; proposed)."""


def load_labels(
    path: str | os.PathLike[str], *, grid: Volume | None = None, scheme: str | None = None
) -> Volume:
    """Read a label map.

    Parameters
    ----------
    path : path
        NIfTI with whole numbers from 0 to 65535; a segmentation of 3D Slicer (``.seg.nrrd``); or a
        DICOM segmentation (SEG), binary, fractional or label map. Segments are known by their
        names, those of a SEG by their SNOMED codes too.
    grid : Volume, optional
        Bring the labels onto this grid: by turning axes where it is the same grid, else by the
        nearest voxel, with a note.
    scheme : str, optional
        Whose numbers a map without named segments holds, ``"totalsegmentator"`` or ``"verse"``;
        recognised from the numbers and where they lie unless it is given.

    Returns
    -------
    Volume
        (I, J, K) uint16 in the numbers of `LABEL_NAMES`. Without ``grid``, ``i`` runs to the head,
        ``j`` posterior and ``k`` left, as near as the file's axes do.

    Raises
    ------
    InputError
        The file is missing, no label map, empty, of a scheme that is not known, or does not overlap
        the grid.
    DicomError
        A SEG that cannot be read; names the tag.
    """
    image, notes = _numbered(path, scheme)
    return _onto(image, grid, notes)


def renumbered(labels: Volume, scheme: str | None = None) -> Volume:
    """A label map in our numbers, from those of a scheme, which is recognised unless given."""
    matrix = labels.patient_from_voxel.matrix
    image = Nifti("the label map", labels.array, matrix)
    image, notes = _in_our_numbers(replace(image, array=_whole(image)), scheme)
    if not notes:
        return labels
    found = Volume(image.array, labels.patient_from_voxel, "label", notes=labels.notes)
    return replace(found, notes=(*labels.notes, *notes))


def _numbered(path: str | os.PathLike[str], scheme: str | None) -> tuple[Nifti, tuple[Note, ...]]:
    """A file's map in our numbers."""
    if scheme is not None:
        scheme_named(scheme)
    if is_dicom(path):
        image, segments, notes = read_seg(path)
        image, more = _by_segment(replace(image, array=_whole(image)), segments)
        return image, (*notes, *more)
    if str(path).endswith(".nrrd"):
        image, named = read_nrrd(path)
        image = replace(image, array=_whole(image))
        if named:
            return _by_segment(image, [Segment(*one) for one in named.items()])
    else:
        image = read_nifti(path)
        image = replace(image, array=_whole(image))
    return _in_our_numbers(image, scheme)


def _by_segment(
    image: Nifti, segments: list[Segment] | tuple[Segment, ...]
) -> tuple[Nifti, tuple[Note, ...]]:
    """Segments by what they are called, as far as they are known; the others keep no number."""
    numbers, notes = numbers_of(segments, counted(image.array), image.name)
    table = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.uint16)
    for value, number in numbers.items():
        table[value] = number
    return replace(image, array=table[image.array]), notes


def _in_our_numbers(image: Nifti, scheme: str | None) -> tuple[Nifti, tuple[Note, ...]]:
    notes: tuple[Note, ...] = ()
    if scheme is None:
        known, notes = recognised(image.array, image.patient_from_index, image.name)
    else:
        known = scheme_named(scheme)
        check_said(known, image.array, image.patient_from_index, image.name)
    array, more = applied(image.array, known, image.name)
    return replace(image, array=array), (*notes, *more)


def _onto(image: Nifti, grid: Volume | None, notes: tuple[Note, ...]) -> Volume:
    """On a grid, or upright on its own."""
    if grid is None:
        found = image.aligned().volume("label")
        return replace(found, notes=(*found.notes, *notes))
    _refuse_other_frame(image, grid)
    image = image.aligned(unit(grid.patient_from_voxel.matrix[:3, :3].T).T)
    labels = image.volume("label")
    if _same_grid(labels, grid):
        found = grid.like(labels.array, "label")
    else:
        found = _resampled(image, labels, grid)
    return replace(found, notes=(*found.notes, *notes))


def _refuse_other_frame(image: Nifti, grid: Volume) -> None:
    theirs = grid.patient_from_voxel.target.frame_of_reference_uid
    if None not in (image.uid, theirs) and image.uid != theirs:
        raise InputError(
            f"{image.name} lies in the frame of reference {image.uid}, the CT in {theirs}: their "
            "coordinates cannot be compared; give the segmentation of this series, or export it as "
            "NIfTI if they are known to agree"
        )


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
    return array.astype(np.uint16, copy=False)


def _same_grid(labels: Volume, grid: Volume) -> bool:
    if labels.shape != grid.shape:
        return False
    corners = np.indices((2, 2, 2)).reshape(3, -1).T * (np.array(grid.shape) - 1)
    there = grid.voxels(labels.patient_from_voxel.apply(corners))
    return bool(np.abs(there - corners).max() <= SAME_GRID_VOXELS)


def _same_steps(labels: Volume, grid: Volume) -> bool:
    """Whether every voxel of the labels is one of the grid: a part of it, as SEG store it."""
    corners = np.indices((2, 2, 2)).reshape(3, -1).T * (np.array(labels.shape) - 1)
    there = grid.voxels(labels.patient_from_voxel.apply(corners))
    whole = np.rint(there)
    spans = np.array_equal(whole[-1] - whole[0], corners[-1])
    return spans and bool(np.abs(there - whole).max() <= SAME_GRID_VOXELS)


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
    if _same_steps(labels, grid) and inside >= 0.99 * there:
        return found
    text = f"labels brought from a grid {labels.shape} onto {grid.shape} by the nearest voxel"
    if inside < 0.99 * there:
        text += f"; about {100 * (1 - inside / there):.0f} % of the labelled volume lies outside"
    return replace(found, notes=(*found.notes, Note(image.name, "", "", text)))
