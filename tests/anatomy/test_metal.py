from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.metal import LEAST_ML, METAL_HU, metal_notes
from needle_sim.anatomy.skin import find_patient
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels
from tests.anatomy.block_spine import STEP_MM, column, labelled, scanned, spine

HEIGHTS = column(("L1", "L2", "L3", "L4"))


def screws(hu=3071, voxels=130):
    """A block of metal in the body of L3."""
    array = spine(HEIGHTS)
    ct = scanned(array)
    values = ct.array.copy()
    at = np.argwhere(array == 29)
    middle = at[np.argsort(np.abs(at - [round(HEIGHTS["L3"] / STEP_MM), 30, 44]).sum(axis=1))]
    values[tuple(middle[:voxels].T)] = hu
    return ct.like(values, "hu"), labelled(array)


def notes(ct, labels, patient=None):
    return metal_notes(ct, labels, np.ones(ct.shape, bool) if patient is None else patient)


def test_metal_is_told_with_its_volume_and_the_vertebrae_beside_it():
    (note,) = notes(*screws())
    volume = 130 * STEP_MM**3 * 1e-3
    assert note.value.startswith(f"{volume:.1f} mL above {METAL_HU:.0f} HU, {volume:.1f} mL of it")
    assert note.value.endswith("near L2, L3, L4") or note.value.endswith("near L3")
    assert "metal in the CT" in note.text


def test_metal_that_is_not_cut_off_does_not_say_so():
    (note,) = notes(*screws(hu=8000))
    assert "cut off" not in note.value


def test_a_clip_dense_bone_and_the_table_are_not_told():
    small = int(LEAST_ML / (STEP_MM**3 * 1e-3)) - 1
    assert notes(*screws(voxels=small)) == ()
    assert notes(*screws(hu=2400)) == ()
    ct, labels = screws()
    assert notes(ct, labels, np.zeros(ct.shape, bool)) == ()


def test_metal_without_labels_is_near_no_labelled_vertebra():
    ct, _ = screws()
    (note,) = notes(ct, None)
    assert note.value.endswith("near no labelled vertebra")


@pytest.mark.real
def test_the_hip_of_metal_in_the_lumbar_ct_is_told(lumbar):
    """Its left femur is a prosthesis, away from the spine."""
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    (note,) = metal_notes(ct, labels, find_patient(ct)[0])
    assert note.value.startswith("11.6 mL above 2500 HU, about (")
    assert note.value.endswith("near no labelled vertebra")
    told = np.array([float(one) for one in note.value.split("(")[1].split(")")[0].split(",")])
    metal = ct.array >= METAL_HU
    femur = labels.array[metal] == 75
    assert femur.mean() > 0.9
    thigh = ct.patient_from_voxel.apply(np.argwhere(labels.array == 75))
    assert (told > thigh.min(axis=0)).all()
    assert (told < thigh.max(axis=0)).all()
