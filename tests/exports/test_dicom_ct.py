from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813

from needle_sim.errors import InputError
from needle_sim.exports.dicom_ct import save_ct
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.volume.dicom import load_series
from needle_sim.volume.volume import Volume


def volume(lean=0.0, turn=0.2):
    """An oblique grid with its own value in every voxel."""
    c, s = np.cos(turn), np.sin(turn)
    axes = np.array([[0.0, s, c], [0.0, c, -s], [1.0, 0.0, 0.0]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * [2.5, 0.8, 0.6]
    matrix[1, 0] += lean
    matrix[:3, 3] = [-20.125, 33.0, -7.5]
    array = (np.arange(6 * 5 * 4).reshape(6, 5, 4) * 31 - 1024).astype(np.int16)
    return Volume(array, Transform(matrix, target=PATIENT, source=VOXEL))


@pytest.mark.parametrize("lean", [0.0, 0.02])
def test_our_reader_finds_the_same_volume_in_place(tmp_path, lean):
    wanted = volume(lean)
    save_ct(wanted, tmp_path)
    found = load_series(tmp_path)
    assert np.array_equal(found.array, wanted.array)
    assert found.patient_from_voxel.matrix == pytest.approx(wanted.patient_from_voxel.matrix)


def test_another_reader_finds_it_too(tmp_path):
    wanted = volume()
    files = save_ct(wanted, tmp_path)
    image = sitk.ReadImage([str(path) for path in files])
    assert np.array_equal(sitk.GetArrayFromImage(image), wanted.array)
    for ijk in ((0, 0, 0), (5, 4, 3), (2, 1, 3)):
        theirs = image.TransformIndexToPhysicalPoint([int(n) for n in reversed(ijk)])
        assert theirs == pytest.approx(wanted.patient_from_voxel.apply(ijk), abs=1e-6)


def test_a_file_says_that_it_is_no_patient(tmp_path):
    data = pydicom.dcmread(save_ct(volume(), tmp_path, name="needle_sim phantom x")[0])
    assert "NOT FOR CLINICAL USE" in data.ImageComments
    assert str(data.PatientName) == "Phantom^Simulated"
    assert data.SeriesDescription == "needle_sim phantom x"
    assert data.ImageType[0] == "DERIVED"


def test_the_same_volume_gives_the_same_bytes_and_another_other_uids(tmp_path):
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    for folder in (one, two, other):
        folder.mkdir()
    save_ct(volume(), one)
    save_ct(volume(), two)
    assert all(path.read_bytes() == (two / path.name).read_bytes() for path in one.iterdir())
    (first, *_) = save_ct(volume(turn=0.3), other)
    uids = [pydicom.dcmread(folder / first.name).SeriesInstanceUID for folder in (one, other)]
    assert uids[0] != uids[1]


def test_what_is_no_ct_is_refused(tmp_path):
    made = volume()
    with pytest.raises(InputError, match="a CT is in HU, this is a volume of 'label'"):
        save_ct(made.like(made.array.astype(np.uint16), "label"), tmp_path)
    matrix = made.patient_from_voxel.matrix.copy()
    matrix[0, 1] += 0.3
    leaning = replace(made, patient_from_voxel=Transform(matrix, target=PATIENT, source=VOXEL))
    with pytest.raises(InputError, match="not at right angles"):
        save_ct(leaning, tmp_path)
    hot = made.like(np.full(made.shape, 4e4, np.float32), "hu")
    with pytest.raises(InputError, match="do not fit 16 bits"):
        save_ct(hot, tmp_path)


@pytest.mark.tool("dciodvfy")
def test_dicom3tools_finds_no_error(tmp_path):
    import subprocess

    path = save_ct(volume(), tmp_path)[0]
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if line.startswith("Error")] == []
