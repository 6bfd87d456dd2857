"""A needle on its path: hub outside, active tip inside."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory

NEEDLE = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0, active_tip_mm=10.0)


def test_hub_and_tip_are_one_needle_length_apart():
    placed = PlacedNeedle(NEEDLE, Trajectory.straight([0, 90, 0], [0, 0, 0]))
    assert placed.hub_mm == pytest.approx([0, 150, 0])
    assert placed.active_mm == pytest.approx(np.array([[0, 10, 0], [0, 0, 0]]))
    assert placed.shaft_mm == pytest.approx(np.array([[0, 150, 0], [0, 90, 0], [0, 0, 0]]))


def test_a_needle_too_short_says_by_how_much():
    with pytest.raises(InputError, match=r"10\.0 mm too short"):
        PlacedNeedle(NEEDLE, Trajectory.straight([0, 160, 0], [0, 0, 0]))
