"""How a face lies on a flat back: gaps by geometry, pressing only where it helps."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.seating import on_skin, sweep
from needle_sim.imaging.ultrasound.touch import (
    CONTACT_MM,
    MOST_PRESS_MM,
    coupling,
    gaps_mm,
    pressed,
    pressed_mm,
)
from tests.imaging.ultrasound.bodies import block

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")
DOWN, LEFT = np.array([[0.0, -1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
SKIN_MM = 61.0  # of the block


def gaps(face_mm: float, probe: Probe):
    return gaps_mm(block(), np.array([[0.0, face_mm, 0.0]]), DOWN, LEFT, probe)[0]


def test_gaps_of_a_curved_face_on_a_flat_back_are_those_of_its_arc():
    """A line ``a`` off the middle starts R (1 - cos a) behind it and meets the skin aslant."""
    off = (0.5 - (np.arange(15) + 0.5) / 15) * np.radians(CURVED.field_deg)
    exact = CURVED.radius_mm * (1.0 / np.cos(off) - 1.0)
    assert gaps(SKIN_MM, CURVED) == pytest.approx(exact, abs=0.8)


def test_a_straight_face_touches_all_along_or_not_at_all():
    assert gaps(SKIN_MM - 0.1, LINEAR).tolist() == [0.0] * 15
    assert (gaps(SKIN_MM + CONTACT_MM + 2.0, LINEAR) == np.inf).all()


def test_gel_couples_a_few_millimetres_whole_and_a_wide_gap_not_at_all():
    assert coupling(np.array([0.0, CONTACT_MM / 2])).tolist() == [1.0, 1.0]
    assert coupling(np.array([CONTACT_MM, np.inf])).tolist() == [0.0, 0.0]
    falling = coupling(np.linspace(CONTACT_MM / 2, CONTACT_MM, 9))
    assert (np.diff(falling) < 0).all()


def test_a_curved_probe_is_pressed_until_its_ends_touch_and_a_straight_one_is_not():
    patient = block()
    for probe, least, most in ((CURVED, 2.0, MOST_PRESS_MM), (LINEAR, 0.0, 0.0)):
        seat = on_skin(patient, [0.0, 20.0, 0.0], DOWN[0], LEFT[0])
        held = pressed(patient, seat, probe)
        far = seat.matrix[1, 3] - held.matrix[1, 3]
        assert least <= far <= most
        assert held.matrix[:3, :3] == pytest.approx(seat.matrix[:3, :3])
        assert coupling(gaps(held.matrix[1, 3], probe)).min() > 0.95


def test_pressing_wins_contact_or_is_not_done():
    """Over a wider gap than any hand closes, nothing is won by a millimetre."""
    faces = np.array([[0.0, SKIN_MM, 0.0], [0.0, SKIN_MM + 60.0, 0.0]])
    far, share = pressed_mm(block(), faces, np.repeat(DOWN, 2, 0), np.repeat(LEFT, 2, 0), CURVED)
    assert far[0] > 0.0
    assert share[0] > 0.97
    assert (far[1], share[1]) == (0.0, 0.0)


def test_each_place_of_a_slide_is_pressed_alike_on_a_flat_back():
    patient = block()
    seat = pressed(patient, on_skin(patient, [0.0, 20.0, 0.0], DOWN[0], LEFT[0]), CURVED)
    poses = sweep(patient, seat, 3, mm=20.0, probe=CURVED)
    assert [one.matrix[1, 3] for one in poses] == pytest.approx([seat.matrix[1, 3]] * 3, abs=0.06)
