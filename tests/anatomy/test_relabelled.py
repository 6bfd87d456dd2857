from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.label_checks import check_labels
from needle_sim.anatomy.relabelled import label_map
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.volume.label_names import LABEL_NAMES
from tests.anatomy.small_patient import AORTA_RADIUS_MM, CENTRES_MM, RADIUS_MM, small_patient


@pytest.fixture(scope="module")
def labels():
    return label_map(small_patient())


def volume_ml(labels, number):
    return (labels.array == number).sum() * np.prod(labels.spacing_mm) * 1e-3


def test_bones_and_vessels_have_the_volume_and_place_of_their_surfaces(labels):
    for name, number in (("L4", 28), ("L5", 27)):
        assert volume_ml(labels, number) == pytest.approx(4 / 3e3 * np.pi * RADIUS_MM**3, rel=0.02)
        at = labels.patient_from_voxel.apply(np.argwhere(labels.array == number)).mean(axis=0)
        assert at == pytest.approx(CENTRES_MM[name], abs=0.2)
    assert volume_ml(labels, 52) == pytest.approx(0.1 * np.pi * AORTA_RADIUS_MM**2, rel=0.15)


def test_pairs_lie_on_their_side_and_other_tissues_are_not_labelled(labels):
    there = {LABEL_NAMES[int(n)] for n in np.unique(labels.array) if n}
    assert there == {"vertebrae_L4", "vertebrae_L5", "aorta", "kidney_left", "kidney_right"}
    left = labels.patient_from_voxel.apply(np.argwhere(labels.array == 3))
    assert left[:, 0].min() > 30.0


def test_muscles_of_the_back_are_called_as_the_network_calls_them():
    made = small_patient()
    tissue = made.labels.array.copy()
    tissue[:, 50:, :20], tissue[:, 50:, 40:] = label("multifidus"), label("psoas")
    found = label_map(replace(made, labels=made.labels.like(tissue, "label")))
    there = {LABEL_NAMES[int(n)] for n in np.unique(found.array[:, 55]) if n}
    assert there == {"autochthon_right", "iliopsoas_left"}


def test_the_map_stands_the_checks_of_labels(labels):
    notes = check_labels(small_patient().ct, labels)
    assert len(notes) == 1  # what levels are counted from


def test_the_sacrum_and_hips_of_a_phantom_have_their_numbers():
    made = small_patient()
    bones = {"L5": made.bones["L4"], "S1": made.bones["L5"]}
    found = np.unique(label_map(replace(made, bones=bones)).array)
    assert {25, 27} <= set(found.tolist())
    aside = replace(made, bones={"left ilium": made.bones["L4"], "L5": made.bones["L5"]})
    assert {77, 27} <= set(np.unique(label_map(aside).array).tolist())


def test_a_map_without_bones_is_refused():
    with pytest.raises(InputError, match="small has no bones with a surface"):
        label_map(replace(small_patient(), bones={}))
