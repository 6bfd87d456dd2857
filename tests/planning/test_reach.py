"""A needle is planned to go to its hub's reserve and no deeper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim import presets
from needle_sim.instruments.needle import Needle
from needle_sim.planning.reach import hub_reserve_mm, reach_mm

TUOHY = Needle.preset("tuohy_18g_90mm")


def test_the_reserve_is_a_sourced_number_and_is_taken_off_the_length():
    number = presets.numbers(presets.table("planning", "needle"))["hub_reserve_mm"]
    assert number.mark == "proposed"
    assert hub_reserve_mm() == number.value == 5.0
    assert reach_mm(TUOHY) == pytest.approx(85.0)


def test_a_needle_shorter_than_the_reserve_reaches_nothing():
    assert reach_mm(replace(TUOHY, length_mm=3.0)) == 0.0
