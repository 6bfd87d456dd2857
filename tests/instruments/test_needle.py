"""Needles from presets, and those that cannot be."""

from __future__ import annotations

import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.instruments.needle import Needle


@pytest.mark.parametrize(
    ("name", "outer_mm"), [("rf_16g_10mm", 1.651), ("rf_18g_10mm", 1.270), ("rf_20g_10mm", 0.908)]
)
def test_gauges_have_the_diameters_of_the_published_chart(name, outer_mm):
    """ISO 9626 regular wall."""
    assert Needle.preset(name).outer_mm == outer_mm
    assert Needle.preset(name).active_tip_mm == 10.0


def test_every_shipped_needle_can_be_read():
    for name in presets.names("needles"):
        assert Needle.preset(name).length_mm > 0


def test_an_unknown_needle_suggests_the_nearest():
    with pytest.raises(PresetError, match="did you mean 'rf_18g_10mm'"):
        Needle.preset("rf_18g_1mm")


@pytest.mark.parametrize(
    "change",
    [
        {"inner_mm": 1.3},
        {"outer_mm": 9.0},
        {"active_tip_mm": 151.0},
        {"length_mm": -1.0},
        {"bevel_deg": 2.0},
    ],
)
def test_a_needle_that_cannot_be_is_refused(change):
    good = {"gauge": 18, "outer_mm": 1.27, "inner_mm": 0.838, "length_mm": 150.0}
    with pytest.raises(InputError, match=next(iter(change)).split("_")[0]):
        Needle(**{**good, **change})
