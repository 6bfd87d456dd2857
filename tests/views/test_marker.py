"""Angles in words, and letters by direction."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.views.marker import angles_in_words, is_lateral, lead_marker


@pytest.mark.parametrize(
    ("orbital_deg", "tilt_deg", "words"),
    [
        (0.0, 0.0, "AP"),
        (0.0, 12.4, "AP, cranial 12°"),
        (-20.0, -25.0, "right oblique 20°, caudal 25°"),
        (35.0, 0.2, "left oblique 35°"),
        (-90.0, 0.0, "lateral, detector on the patient's right"),
        (90.0, -7.0, "lateral, detector on the patient's left, caudal 7°"),
    ],
)
def test_angles_are_said_as_an_operator_says_them(orbital_deg, tilt_deg, words):
    assert angles_in_words(orbital_deg, tilt_deg) == words


def test_a_mirrored_picture_carries_its_letter_on_the_other_side():
    posterior = np.array([0.0, 1.0, 0.0])
    right_is_right = lead_marker(np.array([-1.0, 0.0, 0.0]), towards_detector=posterior)
    right_is_left = lead_marker(np.array([1.0, 0.0, 0.0]), towards_detector=posterior)
    assert (right_is_right.letter, right_is_right.corner) == ("R", "upper right")
    assert (right_is_left.letter, right_is_left.corner) == ("R", "upper left")


def test_a_lateral_is_what_hardly_runs_from_side_to_side():
    for degrees, lateral in ((0, False), (70, False), (80, True), (90, True), (105.1, False)):
        turn = np.radians(degrees)
        assert is_lateral(np.array([np.cos(turn), np.sin(turn), 0.0])) is lateral
