"""Volumes as NIfTI-1 files that other software places rightly."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from needle_sim.volume.volume import Volume

# NIfTI's world is RAS: +x right, +y anterior, +z head (nifti1.h, "qform and sform").
_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def save_nifti(volume: Volume, path: Path) -> Path:
    """Write a volume as ``.nii.gz`` with sform and qform, millimetres; same bytes each time.

    A sheared volume has no qform (a rotation and steps); its sform alone is set.
    """
    affine = _RAS_FROM_LPS @ volume.patient_from_voxel.matrix
    image = nibabel.nifti1.Nifti1Image(np.asarray(volume.array), affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"needle_sim {volume.quantity}, not for clinical use".encode()[:79]
    steps = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    square = np.allclose(steps.T @ steps, np.eye(3), atol=1e-6)
    image.set_sform(affine, code=1)
    image.set_qform(affine if square else None, code=1 if square else 0)
    # gzip stores a time and a name: nibabel writes both as zero
    nibabel.save(image, path)
    return path
