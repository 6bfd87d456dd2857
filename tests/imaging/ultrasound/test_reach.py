"""How deep probes hear, and words on what a picture does not reach."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import rigid
from needle_sim.imaging.ultrasound.acoustics import MUSCLE_DB, acoustic_of
from needle_sim.imaging.ultrasound.blur import NOISE_DB
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.reach import (
    beyond_hearing,
    beyond_the_picture,
    bone_reach_mm,
    depth_mm,
    depths_mm,
    penetration_mm,
)

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
def test_muscle_is_lost_where_two_ways_of_loss_have_eaten_what_is_above_the_noise(probe):
    alpha = acoustic_of(label("muscle")).attenuation_db_cm_mhz
    lost_db = 2.0 * alpha * probe.frequency_mhz * penetration_mm(probe) / 10.0
    assert MUSCLE_DB - lost_db == pytest.approx(NOISE_DB)
    assert bone_reach_mm(probe) > penetration_mm(probe)


def test_depth_is_taken_along_the_line_that_meets_the_point():
    seat = rigid(np.eye(3), [10.0, 20.0, 30.0], source=PROBE)
    for angle in np.radians([-30.0, 0.0, 20.0]):
        way = CURVED.radius_mm + 70.0
        point = [way * np.sin(angle), 0.0, way * np.cos(angle) - CURVED.radius_mm]
        assert depth_mm(CURVED, seat, seat.apply(point)) == pytest.approx(70.0)
    assert depth_mm(LINEAR, seat, seat.apply([12.0, 3.0, 44.0])) == pytest.approx(44.0)
    named = {"canal": seat.apply([0.0, 0.0, 50.0])}
    assert depths_mm(LINEAR, seat, named) == {"canal": pytest.approx(50.0)}


def test_a_picture_that_ends_above_says_how_deep_it_lies_and_which_probe_or_depth_would_do():
    said = beyond_the_picture(LINEAR, 50.0, {"L4 process": 62.0, "L3 process": 40.0}, bony=True)
    assert said is not None
    for words in (
        "the L4 process lies 62 mm deep",
        "the picture ends at 50 mm",
        "--probe curved_3p5mhz",
        "--depth-cm 8",
    ):
        assert words in said
    assert "L3" not in said


def test_a_depth_alone_helps_a_probe_that_hears_so_deep():
    said = beyond_the_picture(CURVED, 40.0, {"canal": 55.0}, bony=False)
    assert said is not None
    assert said.endswith("add --depth-cm 7")


def test_nothing_is_said_where_all_is_in_the_picture_and_in_hearing():
    for far in (20.0, 60.0, 104.0):
        assert beyond_the_picture(CURVED, 110.0, {"canal": far}, bony=False) is None
        assert beyond_hearing(CURVED, {"canal": far}, bony=False) is None
    assert beyond_the_picture(CURVED, 110.0, {"canal": 106.0}, bony=False) is not None


def test_tissue_below_the_noise_is_named_though_the_picture_is_deep_enough():
    said = beyond_hearing(LINEAR, {"canal": 59.0}, bony=False)
    assert said is not None
    assert "below about 51 mm; take --probe curved_3p5mhz" in said
    assert beyond_hearing(LINEAR, {"process": 59.0}, bony=True) is None


def test_what_no_shipped_probe_hears_is_said_so():
    for said in (
        beyond_hearing(CURVED, {"canal": 250.0}, bony=False),
        beyond_the_picture(CURVED, 110.0, {"canal": 250.0}, bony=True),
    ):
        assert said is not None
        assert said.endswith("no shipped probe hears so deep")
