"""Arteries from a labelled aorta, and roots that pass before the process below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.past_below import from_aorta, past_below
from needle_sim.anatomy.phantom.course import OUTSIDE, root_path
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.vertebra_fit import VertebraFit, average
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import PATIENT, Frame, Transform

_BODY = Frame("body")


def at(vertebra: str, y_mm: float, z_mm: float) -> VertebraFit:
    """A mean vertebra, upright."""
    matrix = np.eye(4)
    matrix[1:3, 3] = y_mm, z_mm
    place = Transform(matrix, target=PATIENT, source=_BODY)
    spec = average(vertebra)[0]
    return VertebraFit(spec, place, vertebra_shape(spec).moved(place), 0.0)


@pytest.mark.parametrize("behind_mm", [0.0, 4.0, 8.0])
def test_a_root_lies_no_further_back_than_the_body_below_lets_it(behind_mm):
    own, below = at("T12", behind_mm, 32.0), at("L1", 0.0, 0.0)
    root = root_path(own.spec, "right")
    moved = past_below(root.moved(own.patient_from_body), own, below)
    before = root.points_mm[:, 1] - own.spec.back_mm
    after = moved.points_mm[:, 1] - below.spec.back_mm
    assert (after[OUTSIDE + 1 :] <= before[OUTSIDE + 1 :] + 1e-9).all()
    inside = root.moved(own.patient_from_body).points_mm[:OUTSIDE]
    assert moved.points_mm[:OUTSIDE] == pytest.approx(inside)  # in the foramen it is its own


AORTA = Structure(
    "aorta",
    "vessel",
    (Tube(np.array([[0.0, -30.0, -40.0], [0.0, -30.0, 40.0]]), np.array([9.0, 9.0])),),
    "measured",
)
ARTERY = Structure(
    "L2 left lumbar artery",
    "vessel",
    (Tube(np.array([[4.0, -16.0, 0.0], [15.0, -10.0, 0.0], [20.0, 5.0, 0.0]]), np.full(3, 1.1)),),
    "inferred",
)


def test_an_artery_starts_at_the_wall_of_the_aorta_and_ends_where_it_did():
    found = from_aorta(ARTERY, AORTA)
    assert abs(AORTA.distance_mm(found.tubes[0].points_mm[:1])[0]) < 0.1
    assert found.tubes[0].points_mm[-1] == pytest.approx(ARTERY.tubes[0].points_mm[-1])
    assert found.provenance == "inferred"


def test_an_artery_far_over_the_end_of_the_label_is_left_alone():
    high = Tube(ARTERY.tubes[0].points_mm + np.array([0.0, 0.0, 60.0]), ARTERY.tubes[0].radius_mm)
    alone = replace(ARTERY, tubes=(high,))
    assert from_aorta(alone, AORTA) is alone
