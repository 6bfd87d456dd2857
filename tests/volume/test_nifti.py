"""NIfTI files are read where the patient is, and refused in one line where that is not known."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from needle_sim.errors import InputError
from needle_sim.volume.nifti import load_nifti_ct, read_nifti
from needle_sim.volume.volume import AIR_HU
from tests.volume.ct_files import ramp

AFFINE = np.diag([-0.7, 0.8, 2.5, 1.0])
AFFINE[:3, :3] = Rotation.from_euler("x", 5, degrees=True).as_matrix() @ AFFINE[:3, :3]
AFFINE[:3, 3] = 90.0, -50.0, -300.0


def saved(path, array, affine=AFFINE, **header):
    image = nibabel.Nifti1Image(array, affine)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def test_a_ct_has_the_hu_and_the_places_of_simple_itk(tmp_path):
    hu = ramp((7, 8, 9))
    path = saved(tmp_path / "ct.nii.gz", hu)
    peer = SimpleITK.ReadImage(str(path))
    volume = load_nifti_ct(path)
    assert volume.array.dtype == np.int16
    assert volume.patient_from_voxel.turn([1, 0, 0])[2] > 0  # i to the head
    for index in ((0, 0, 0), (6, 0, 8), (3, 7, 1)):
        there = np.array(peer.TransformIndexToPhysicalPoint(index))
        ijk = volume.voxels(there)
        assert np.allclose(ijk, np.rint(ijk), atol=1e-4)
        assert volume.array[tuple(np.rint(ijk).astype(int))] == peer.GetPixel(index) == hu[index]


def test_hu_that_are_not_whole_or_too_large_are_float32(tmp_path):
    for extra, kind in ((0.5, np.float32), (0.0, np.int16), (40000.0, np.float32)):
        path = saved(tmp_path / "ct.nii", ramp() + np.float32(extra))
        assert load_nifti_ct(path).array.dtype == kind


def test_hu_below_air_become_air_with_a_note(tmp_path):
    hu = ramp()
    hu[0, 0] = -3000
    volume = load_nifti_ct(saved(tmp_path / "ct.nii", hu))
    assert volume.array.min() == AIR_HU
    assert "14 voxels lighter than air" in volume.warnings[0]


def test_hu_that_are_not_finite_are_refused(tmp_path):
    hu = ramp().astype(np.float32)
    hu[0, 0, 0] = np.inf
    with pytest.raises(InputError, match="not finite"):
        load_nifti_ct(saved(tmp_path / "ct.nii", hu))


def test_a_fourth_axis_of_one_is_dropped_and_of_two_refused(tmp_path):
    assert read_nifti(saved(tmp_path / "a.nii", ramp()[..., None])).array.shape == (6, 10, 14)
    with pytest.raises(InputError, match=r"shape \(6, 10, 14, 2\)"):
        read_nifti(saved(tmp_path / "b.nii", np.stack([ramp(), ramp()], axis=-1)))


def test_what_is_not_there_or_not_nifti_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none.nii does not exist; give a NIfTI"):
        read_nifti(tmp_path / "none.nii")
    with pytest.raises(InputError, match="is a folder; give a NIfTI"):
        read_nifti(tmp_path)
    for name, data in (("a.nii", b"words"), ("b.nii.gz", b"words"), ("c.txt", b"words")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name} is not a NIfTI file; give"):
            read_nifti(tmp_path / name)


@pytest.mark.parametrize("name", ["cut.nii", "cut.nii.gz"])
def test_a_truncated_file_is_refused(tmp_path, name):
    path = saved(tmp_path / name, np.random.default_rng(0).integers(0, 9, (9, 9, 9)).astype("i2"))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"cut.nii(\.gz)? (has|is truncated).*fetch it again"):
        read_nifti(path)


def test_a_header_that_promises_too_much_is_refused_before_memory(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), AFFINE)
    image.header["dim"][1:4] = 30000
    (tmp_path / "huge.nii").write_bytes(image.header.binaryblock + bytes(20))
    (tmp_path / "huge.nii.gz").write_bytes(gzip.compress(image.header.binaryblock + bytes(20)))
    for name in ("huge.nii", "huge.nii.gz"):
        with pytest.raises(InputError, match=r"has \(30000, 30000, 30000\) voxels; at most"):
            read_nifti(tmp_path / name)


def test_an_unknown_place_is_refused(tmp_path):
    path = saved(tmp_path / "a.nii", ramp())
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code, sform_code
    path.write_bytes(data)
    with pytest.raises(InputError, match="no sform or qform"):
        read_nifti(path)
    with pytest.raises(InputError, match="unit code 1; 2, millimetres, is needed"):
        read_nifti(saved(tmp_path / "b.nii", ramp(), xyzt_units=1))
    path = saved(tmp_path / "c.nii", ramp())
    data = bytearray(path.read_bytes())
    data[280:296] = bytes(16)  # srow_x
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be inverted"):
        read_nifti(path)


def test_colours_are_refused(tmp_path):
    colours = np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(InputError, match="whole or real numbers are needed"):
        read_nifti(saved(tmp_path / "a.nii", colours))
