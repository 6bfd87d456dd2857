"""A part of the validation, with its bounds; what it stands on."""

from __future__ import annotations

import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.phantom.pathology.facet_reading import face_deg
from needle_sim.volume.schemes import VERSE
from validation.label_fits import (
    COUNT,
    CURVED,
    MEAN_MM,
    MOST_MM,
    STRAIGHT,
    Row,
    by_name,
    row,
    sliced,
)

TENTH = [(0, STRAIGHT), (4, CURVED), (13, STRAIGHT)]
SIDE_DEG, TROPISM_DEG = 7.0, 6.0


@pytest.mark.long
@pytest.mark.parametrize(("seed", "name"), TENTH)
def test_landmarks_of_a_random_spine_are_found_again_from_its_labels(seed, name):
    """A tenth of the validation with its bounds: the first straight and the first curved spine, and
    one whose last inferior processes reach farther down than usual."""
    found = row(seed, name=name)

    assert len(TENTH) == COUNT // 10
    assert len(found.away_mm) > 9 * 40
    assert found.mean_mm <= MEAN_MM
    assert found.worst[1] <= MOST_MM, found.worst
    assert found.holds
    assert max(found.rms_mm.values()) < 1.0


@pytest.mark.long
def test_each_side_of_a_level_with_tropism_faces_its_own_way_again():
    truth = build_phantom("facet_tropism", **{"S1_tropism_deg": -14.0})
    found = anatomy_from_ct(*sliced(truth), vertebrae=["L5"])

    for level, tropism in (("L4-L5", 20.0), ("L5-S1", -14.0)):
        faces = {side: face_deg(found, level, side) for side in ("left", "right")}
        for side, face in faces.items():
            assert abs(face - face_deg(truth, level, side)) <= SIDE_DEG, (level, side)
        assert abs(faces["left"] - faces["right"] - tropism) <= TROPISM_DEG, level


@pytest.mark.long
@pytest.mark.parametrize(("name", "last"), [("six_lumbar", "L6"), ("four_lumbar", "L4")])
def test_spines_of_six_and_four_lumbar_vertebrae_keep_their_numbers_and_landmarks(name, last):
    """Through the numbers of VerSe, which knows an L6; what lies on the sacrum is named so. Fitted
    here are the last vertebra and its neighbours, which take their names from all that are there.
    """
    truth = build_phantom(name, seed=1)
    ct, labels = sliced(truth)
    theirs = np.zeros(labels.shape, np.uint16)
    for value, number in VERSE.numbers.items():
        theirs[labels.array == number] = value
    found = ns.load_anatomy(ct, labels.like(theirs, "label"), scheme="verse", vertebrae=[last])

    assert tuple(found.bodies) == tuple(truth.bodies)[-len(found.bodies) :]
    assert any(f"{last} lies on the sacrum" in str(note) for note in found.notes)
    away = [np.linalg.norm(truth.landmark(one) - at) for one, at in found.landmarks_mm.items()]
    assert len(away) > 2 * 40
    assert np.mean(away) <= MEAN_MM
    assert max(away) <= MOST_MM


def test_a_landmark_that_is_too_far_off_would_be_found():
    good = {"L4 left sap_tip": 0.4, "L4 right sap_tip": 0.6}
    assert Row(0, "a", good, {"L4": 0.5}, 1.0).holds
    far = Row(1, "a", {**good, "L5 left tp_tip": MOST_MM + 0.1}, {"L4": 0.5}, 1.0)
    assert far.worst == ("L5 left tp_tip", MOST_MM + 0.1)
    assert not far.holds
    assert not Row(2, "a", dict.fromkeys(good, MEAN_MM + 0.1), {"L4": 0.5}, 1.0).holds
    names, away = by_name([far])[-1]
    assert names == "sap_tip"
    np.testing.assert_allclose(np.sort(away), [0.4, 0.6])
