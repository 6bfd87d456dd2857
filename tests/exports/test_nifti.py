"""Other software places our files where we do."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from needle_sim.exports.nifti import save_nifti
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.volume.volume import Volume


def oblique() -> Volume:
    matrix = np.eye(4)
    turn = Rotation.from_euler("xyz", [20, -15, 40], degrees=True).as_matrix()
    matrix[:3, :3] = turn @ np.diag([2.5, -0.7, 0.9])
    matrix[:3, 3] = [11.0, -22.0, 33.0]
    array = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)
    return Volume(array, Transform(matrix, target=PATIENT, source=VOXEL), "label")


def test_nibabel_and_simpleitk_find_each_voxel_where_it_is(tmp_path):
    volume = oblique()
    path = save_nifti(volume, tmp_path / "label.nii.gz")
    index = np.array([3, 1, 4])
    place_lps = volume.patient_from_voxel.apply(index)

    by_nibabel = nibabel.load(path)
    assert nibabel.affines.apply_affine(by_nibabel.affine, index) * [-1, -1, 1] == pytest.approx(
        place_lps, abs=1e-4
    )
    assert np.allclose(by_nibabel.get_qform(), by_nibabel.get_sform(), atol=1e-4)
    by_itk = SimpleITK.ReadImage(str(path))
    assert by_itk.TransformIndexToPhysicalPoint(index.tolist()) == pytest.approx(
        tuple(place_lps), abs=1e-4
    )
    assert by_itk[index.tolist()] == volume.array[3, 1, 4]


def test_the_same_volume_gives_the_same_bytes(tmp_path):
    one = save_nifti(oblique(), tmp_path / "a.nii.gz").read_bytes()
    assert one == save_nifti(oblique(), tmp_path / "b.nii.gz").read_bytes()
