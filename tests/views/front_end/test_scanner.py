"""The ultrasound machine: views of the level, a hand that moves the probe, a needle in plane."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg
from needle_sim.imaging.ultrasound.in_plane import in_plane_pose
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.views.front_end.scanner import MOVES, Scanner
from tests.rehearsal.driving import RFA, begun, inserted


def on(made, **given):
    scanner = Scanner(made)
    act, values = scanner.act(given or {"view": "transverse_process"})
    made.do(act, **values)
    return scanner


def test_every_view_of_the_level_can_be_taken():
    made = begun(RFA)
    scanner = Scanner(made)
    assert {one["name"]: one["level"] for one in scanner.views()} == {
        "paramedian_sagittal_oblique": "L4-L5",
        "transverse_interlaminar": "L4-L5",
        "transverse_process": "L4-L5",
        "transverse_sap_tp": "L5",
    }
    for one in scanner.views():
        act, values = scanner.act({"view": one["name"]})
        assert act == "probe"
        made.do(act, **values)
    with pytest.raises(InputError, match="no view 'sideways'"):
        scanner.act({"view": "sideways"})


def test_a_tilt_turns_the_beam_and_a_slide_moves_the_face():
    made = begun(RFA)
    scanner = on(made)
    before = np.array(made.probe[1])
    tilted = _move(made, scanner, tilt_deg=10.0)
    assert angle_deg(before[:3, 2], tilted[:3, 2]) == pytest.approx(10.0, abs=0.1)
    assert tilted[:3, 0] == pytest.approx(before[:3, 0], abs=1e-6)
    slid = _move(made, scanner, slide_mm=8.0)
    moved = (slid - tilted)[:3, 3] @ tilted[:3, 1]
    assert moved == pytest.approx(8.0, abs=0.5)
    turned = _move(made, scanner, rotate_deg=30.0)
    assert angle_deg(slid[:3, 0], turned[:3, 0]) == pytest.approx(30.0, abs=0.1)


def _move(made, scanner, **moves):
    act, values = scanner.act(moves)
    made.do(act, **values)
    return np.array(made.probe[1])


def test_there_must_be_a_probe_to_move():
    with pytest.raises(InputError, match="choose a view"):
        Scanner(begun(RFA)).act({"tilt_deg": 3.0})
    assert "slide_mm" in MOVES


def test_the_needle_is_seen_where_the_beam_meets_it():
    made = inserted(RFA)
    made.advance(40.0)
    scanner = on(made)
    placed = made.hand.placed()
    seat = in_plane_pose(made.anatomy, placed, probe=Probe.preset(scanner.probe))
    made.do("probe", name=scanner.probe, matrix=seat.matrix.tolist())
    seen = scanner.picture()
    assert seen.head["needle_in_plane"]
    assert seen.pixels.shape[0] == 560
    made.withdraw(60.0)
    bare = scanner.picture()
    assert not bare.head["needle_in_plane"]
    brighter = seen.pixels.astype(int) - bare.pixels
    assert (brighter > 60).sum() > 50


def test_settings_stay_within_the_machine():
    scanner = Scanner(begun(RFA))
    scanner.set({"depth_mm": 900.0, "gain_db": -99.0})
    assert (scanner.depth_mm, scanner.gain_db) == (200.0, -30.0)
    scanner.set({"probe": "linear_9mhz"})
    assert (scanner.probe, scanner.depth_mm) == ("linear_9mhz", 50.0)
