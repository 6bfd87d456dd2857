"""Small patients on disk: a block of muscle as a DICOM series, with a label map of vertebrae."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from tests.volume.ct_files import CtFiles

SHAPE = (24, 40, 40)
SPACING_MM = (5.0, 4.0, 4.0)


def write_ct(folder: Path, *, plate: bool = False, **tags: object) -> CtFiles:
    """A 120 x 160 x 160 mm block of muscle in air, with a plate of bone behind where asked."""
    hu = np.full(SHAPE, -1000, dtype=np.int16)
    hu[:, 4:36, 4:36] = 55
    if plate:
        hu[:, 28:31, 4:36] = 1000
    files = CtFiles(hu, spacing_mm=SPACING_MM).with_tags(**tags)
    files.write(folder)
    return files


def write_labels(
    files: CtFiles, path: Path, labels: dict[int, tuple[int, int]], shift_mm=0.0
) -> Path:
    """Blocks of labels over ranges of slices, as RAS NIfTI beside the CT."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    for label, (low, high) in labels.items():
        array[low:high, 15:25, 15:25] = label
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ files.patient_from_voxel
    affine[2, 3] += shift_mm
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return path
