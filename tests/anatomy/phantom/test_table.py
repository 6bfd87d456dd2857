"""The scanner's table: under the patient, and gone again when a CT is loaded."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.phantom.table import on_table
from needle_sim.anatomy.skin import find_patient
from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform


@pytest.fixture(scope="module")
def patient():
    return build_phantom(voxel_mm=2.0)


@pytest.mark.parametrize("prone", [False, True])
def test_the_patient_keeps_its_voxels_and_its_place(patient, prone):
    ct = on_table(patient.ct, prone=prone)
    body = np.argwhere(patient.ct.array > -300)[::500]  # the mat reaches into voxels of the rim
    places = patient.ct.patient_from_voxel.apply(body)

    np.testing.assert_allclose(ct.sample(places), patient.ct.sample(places), atol=1e-6)


@pytest.mark.parametrize("prone", [False, True])
def test_the_table_lies_on_the_side_that_gravity_says_and_touches_the_skin(patient, prone):
    ct = on_table(patient.ct, prone=prone)
    dense = ct.array > -300
    mask, notes = find_patient(ct)
    rows = np.argwhere((dense & ~mask).any(axis=(0, 2)))[:, 0]
    body = np.argwhere((dense & mask).any(axis=(0, 2)))[:, 0]

    assert any("table" in note.text for note in notes)
    gap_mm = 2.0 * ((body.min() - rows.max()) if prone else (rows.min() - body.max()))
    assert gap_mm < 14.0  # a mat between; the arc rises beside the body
    assert (rows.mean() < body.mean()) == prone


def test_the_shell_weighs_what_its_thickness_says(patient):
    ct = on_table(patient.ct)
    middle = ct.shape[2] // 2
    skin = np.flatnonzero((patient.ct.array[:, :, middle] > -300).any(axis=0)).max()
    under = ct.array[:, skin + 3 :, middle].astype(float) + 1000.0

    # two shells of 2 mm at 160 HU, cover 0.4 mm at -200, mat 8.6 at -965, core 26 at -945
    expected = 4.0 * 1160 + 0.4 * 800 + 8.6 * 35 + 26.0 * 55
    assert 2.0 * under.sum(axis=1).mean() == pytest.approx(expected, rel=0.05)


def test_air_under_the_table_is_noisy_and_drawn_by_the_seed(patient):
    first, again, other = (on_table(patient.ct, seed=seed).array for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert 1.0 < first[:, -3:].std() < 20.0
    assert first.min() >= -1024


def test_a_turned_ct_is_refused(patient):
    turn = np.diag([-1.0, 1.0, -1.0, 1.0])
    turned = Transform(turn @ patient.ct.patient_from_voxel.matrix, target=PATIENT, source=VOXEL)

    with pytest.raises(InputError, match="resample the volume"):
        on_table(dataclasses.replace(patient.ct, patient_from_voxel=turned))
    with pytest.raises(InputError, match="in HU"):
        on_table(patient.labels)
