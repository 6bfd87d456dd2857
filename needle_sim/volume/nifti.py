"""`Nifti`: the picture of a NIfTI file in patient LPS, checked before memory is taken."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Frame, Transform
from needle_sim.volume.volume import AIR_HU, Note, Volume

MOST_VOXELS = 2**30
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_UPRIGHT = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Columns: i to the head, j posterior, k left."""


@dataclass(frozen=True, slots=True, eq=False)
class Nifti:
    """A grid of numbers as a file holds it.

    Parameters
    ----------
    name : str
        File name.
    array : (A, B, C) array
        In any axis order.
    patient_from_index : (4, 4) array
        From (a, b, c) to patient LPS, mm.
    uid : str or None
        DICOM's Frame of Reference UID, where there is one.
    """

    name: str
    array: NDArray[Any]
    patient_from_index: NDArray[np.float64]
    uid: str | None = None

    def aligned(self, axes: NDArray[np.float64] = _UPRIGHT) -> Nifti:
        """The same voxels with axes permuted and reversed to run nearest to ``axes`` (columns)."""
        steps = self.patient_from_index[:3, :3]
        along = axes.T @ (steps / np.linalg.norm(steps, axis=0))
        order = max(
            permutations(range(3)), key=lambda p: sum(abs(along[n, p[n]]) for n in range(3))
        )
        back = np.zeros((4, 4))
        back[3, 3] = 1.0
        array = self.array.transpose(order)
        for new, old in enumerate(order):
            back[old, new] = 1.0 if along[new, old] >= 0 else -1.0
            if back[old, new] < 0:
                back[old, 3] = self.array.shape[old] - 1
                array = np.flip(array, new)
        return Nifti(self.name, array, self.patient_from_index @ back, self.uid)

    def volume(self, quantity: Any) -> Volume:
        """This grid as a volume; the array must already be of a volume's type."""
        target = PATIENT if self.uid is None else Frame(PATIENT.name, self.uid)
        place = Transform(self.patient_from_index, target=target, source=VOXEL)
        return Volume(np.ascontiguousarray(self.array), place, quantity)


def read_nifti(path: str | os.PathLike[str]) -> Nifti:
    """Read a 3-D NIfTI file (``.nii``, ``.nii.gz``); `InputError` says what is wrong with it."""
    place = Path(path)
    if not place.is_file():
        why = "is a folder" if place.is_dir() else "does not exist"
        raise InputError(f"{place} {why}; give a NIfTI file (.nii or .nii.gz)")
    try:
        image: Any = nibabel.load(place)
    except Exception as error:  # whatever nibabel meets in a stranger's file
        raise _not_nifti(place) from error
    if not isinstance(image, nibabel.Nifti1Pair):
        raise _not_nifti(place)
    _check_header(image, place)
    try:
        array = np.asanyarray(image.dataobj)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"{place.name} is truncated or damaged; fetch it again") from error
    while array.ndim > 3:
        array = array[..., 0]
    return Nifti(place.name, array, _LPS_FROM_RAS @ image.affine)


def load_nifti_ct(path: str | os.PathLike[str]) -> Volume:
    """A CT in HU from NIfTI: int16 where whole numbers in range, else float32.

    ``i`` runs to the head, ``j`` posterior and ``k`` left, as near as the file's axes do.
    """
    image = read_nifti(path).aligned()
    values = image.array
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(f"{image.name} holds HU that are not finite")
    notes: tuple[Note, ...] = ()
    below = int(np.count_nonzero(values < AIR_HU))
    if below:
        text = f"{below} voxels lighter than air became {AIR_HU} HU"
        notes = (Note(image.name, "", f"{float(values.min()):g}", text),)
        values = np.maximum(values, AIR_HU)
    whole = values.dtype.kind in "iu" or bool((values == np.rint(values)).all())
    fits = whole and float(values.max()) <= np.iinfo(np.int16).max
    typed = values.astype(np.int16 if fits else np.float32)
    place = Transform(image.patient_from_index, target=PATIENT, source=VOXEL)
    return Volume(np.ascontiguousarray(typed), place, "hu", notes=notes)


def _not_nifti(place: Path) -> InputError:
    return InputError(f"{place.name} is not a NIfTI file; give .nii or .nii.gz")


def _check_header(image: Any, place: Path) -> None:
    shape = tuple(int(size) for size in image.shape)
    if len(shape) < 3 or min(shape) < 1 or any(size != 1 for size in shape[3:]):
        raise InputError(f"{place.name} has shape {shape}; a volume of 3 dimensions is needed")
    if np.prod(shape, dtype=np.float64) > MOST_VOXELS:
        raise InputError(f"{place.name} has {shape} voxels; at most {MOST_VOXELS} are read")
    kind = image.get_data_dtype()
    if kind.kind not in "iuf":
        raise InputError(f"{place.name} holds {kind}; whole or real numbers are needed")
    header = image.header
    size = place.stat().st_size
    needed = int(np.prod(shape)) * kind.itemsize + int(image.dataobj.offset)
    if isinstance(image, nibabel.Nifti1Image) and place.suffix == ".nii" and size < needed:
        raise InputError(f"{place.name} has {size} bytes where {needed} are needed; fetch it again")
    if not (int(header["sform_code"]) or int(header["qform_code"])):
        raise InputError(f"{place.name} has no sform or qform, so its place is unknown; set one")
    unit_code = int(header["xyzt_units"]) & 7
    if unit_code not in (0, 2):  # unknown, millimetres
        raise InputError(f"{place.name} has unit code {unit_code}; 2, millimetres, is needed")
    affine = np.asarray(image.affine, dtype=np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise InputError(f"{place.name} has an affine that cannot be inverted; correct its sform")
