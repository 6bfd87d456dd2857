"""Length of nerve inside a lesion: a ball's chord, and parallel beats perpendicular."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.geometry.transform import angle_deg
from needle_sim.instruments.needle import Needle
from needle_sim.studies import patients
from needle_sim.studies.coverage import TASK, Bed, RoundLesion, _covered, coverage_of, placement
from needle_sim.studies.design import Design, Samples
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.medium import BENCH

NEEDLE = Needle.preset("rf_18g_10mm")
ALONG, AWAY = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
LINE = np.linspace([0.0, 0.0, -20.0], [0.0, 0.0, 20.0], 401)
BED = Bed(LINE, np.abs(LINE[:-1, 2] + 0.05) < 5.0, np.zeros(3), ALONG, AWAY)


def ball(radius_mm: float) -> RoundLesion:
    """A lesion that is a ball about the tip."""
    grid = BENCH.grid(Electrode.of(NEEDLE))
    r, _, z = grid.centres
    margin = radius_mm - np.sqrt(r[:, None, None] ** 2 + z**2)
    return RoundLesion(grid, margin, NEEDLE)


@pytest.mark.parametrize("off_mm", [0.0, 2.0, 3.9])
@pytest.mark.parametrize("tilt_deg", [0.0, 30.0, 90.0])
def test_a_ball_covers_its_chord_from_any_direction(off_mm, tilt_deg):
    tip = np.array([[off_mm, 0.0, 1.0]])
    _, axis = placement(BED, NEEDLE, angle_deg=tilt_deg)
    [[covered, share]] = _covered(BED, ball(4.0), tip, axis)

    chord = 2 * np.sqrt(4.0**2 - off_mm**2)
    assert covered == pytest.approx(chord, abs=0.12)
    inside = min(5.0, 1.0 + chord / 2) - max(-5.0, 1.0 - chord / 2)
    assert share == pytest.approx(inside / 10.0, abs=0.02)


@pytest.mark.parametrize("asked_deg", [0.0, 20.0, 45.0, 90.0])
def test_an_electrode_stands_at_its_angle_with_its_bare_length_over_the_middle(asked_deg):
    tip, axis = placement(BED, NEEDLE, angle_deg=asked_deg)

    assert angle_deg(axis, ALONG) == pytest.approx(asked_deg, abs=1e-9)
    middle = tip - 0.5 * NEEDLE.active_tip_mm * axis
    assert middle @ ALONG == pytest.approx(0.0, abs=1e-9)
    assert tip @ AWAY == pytest.approx(NEEDLE.outer_mm / 2)
    assert axis @ AWAY <= 1e-12  # it comes from off the bone


@pytest.fixture(scope="module")
def found():
    patients.forget()
    design = Design({"angle_deg": [0, 90], "error_mm": [0.0, 2.0]}, seeds=150, seed=1)
    _, settings = TASK.checked(design.parameters, {})
    whole = coverage_of(Samples(design, 0, 600), settings)
    cuts = [(0, 1), (1, 150), (150, 307), (307, 600)]
    parts = [coverage_of(Samples(design, *cut), settings) for cut in cuts]
    patients.forget()
    return whole, {n: np.concatenate([part[n] for part in parts]) for n in whole}


def test_parallel_beats_perpendicular_with_and_without_error(found):
    covered = found[0]["covered_mm"].reshape(2, 2, 150).mean(axis=2)

    assert (covered[0] > 2 * covered[1]).all()
    assert (covered[:, 0] > covered[:, 1]).all()  # being off costs
    assert covered[0, 0] > NEEDLE.active_tip_mm  # a lesion is longer than the bare length


def test_rows_are_the_same_to_the_bit_however_they_are_cut(found):
    whole, cut = found

    assert {n: v.tobytes() for n, v in whole.items()} == {n: v.tobytes() for n, v in cut.items()}
