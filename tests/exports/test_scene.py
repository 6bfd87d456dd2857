"""What 3D Slicer gets of a run lies where the run says."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from needle_sim.exports.markups import load_markups
from needle_sim.exports.scene import save_slicer
from needle_sim.volume.nrrd import read_nrrd


@pytest.fixture(scope="module")
def folder(injection, tmp_path_factory):
    path = tmp_path_factory.mktemp("slicer")
    written = save_slicer(injection, path)
    assert all(one.is_file() for one in written)
    return path


def test_needle_target_and_landmarks_are_those_of_the_run(injection, folder):
    line = load_markups(folder / "needle.mrk.json").lines["needle"]
    assert line.points_mm == pytest.approx(injection.placed.trajectory.points_mm)
    target = load_markups(folder / "target.mrk.json").points["target"]
    assert target == pytest.approx(injection.target.centre_mm)
    landmarks = load_markups(folder / "landmarks.mrk.json").points
    assert set(landmarks) == set(injection.anatomy.landmarks_mm)


def test_labels_and_ct_lie_on_one_grid(injection, folder):
    labels, names = read_nrrd(folder / "labels.seg.nrrd")
    assert np.array_equal(labels.array, injection.anatomy.labels.array)
    assert "skin" in names.values()
    ct = nibabel.load(folder / "ct.nii.gz")
    ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    assert ras @ ct.affine == pytest.approx(labels.patient_from_index, abs=1e-4)


def test_bones_nerves_and_the_needle_are_meshes(injection, folder):
    names = {path.stem for path in (folder / "meshes").iterdir()}
    assert {"L1", "L2", "L1_right_root", "dura", "needle"} <= names
    assert "lesion_60c" not in names  # an injection heats nothing
