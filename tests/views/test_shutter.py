"""Blades are black on the screen, and what lies between them is drawn as if they were open."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.views.display import Display
from needle_sim.views.screen import Screen
from needle_sim.views.shutter import brightness, measured_field

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((0.0, 0.0, 0.0), shape=(160, 160), pixel_mm=1.0)


@pytest.fixture(scope="module")
def paths():
    row, column = np.mgrid[0:160, 0:160]
    bone = 1.0 + np.sin(row / 6.0) * np.exp(-(((column - 80) / 30.0) ** 2))
    masses = {"soft": np.full(CARM.shape, 19.0), "bone": bone}
    return PathLengths(CARM, {name: mass.astype(np.float32) for name, mass in masses.items()})


def test_what_is_open_is_measured_and_goes_on_under_the_blades(paths):
    whole, narrow = (
        expose(paths, BEAM, collimation=field) for field in (None, Collimation(60, 50))
    )
    signal, trusted = measured_field(whole)
    assert trusted.all()
    assert (brightness(whole) == 1).all()
    signal, trusted = measured_field(narrow)
    inside = narrow.truth["open"] >= 0.9
    assert np.array_equal(trusted, inside)
    assert signal[inside] == pytest.approx(narrow.array[inside])
    assert signal.min() >= narrow.array[inside].min()  # nothing of the blades is left
    assert brightness(narrow)[0, 0] < 0.01


def test_a_collimated_picture_is_black_outside_and_as_bright_within(paths):
    whole, narrow = (
        expose(paths, BEAM, collimation=field) for field in (None, Collimation(70, 60))
    )
    drawn = [Display.for_prone(one).apply(one).astype(float) for one in (whole, narrow)]
    blades = Display.for_prone(narrow).turned(np.asarray(narrow.truth["open"])) < 0.01
    assert drawn[1][blades].max() == 0
    middle = (slice(50, 110), slice(50, 110))
    assert drawn[1][middle].mean() == pytest.approx(drawn[0][middle].mean(), abs=20)
    assert np.corrcoef(drawn[0][middle].ravel(), drawn[1][middle].ravel())[0, 1] > 0.97


def test_the_round_field_of_an_intensifier_is_black_outside_and_not_measured():
    carm = CArm((0.0, 0.0, 0.0), shape=(128, 128), pixel_mm=1.8)
    paths = PathLengths(carm, {"soft": np.full(carm.shape, 19.0, np.float32)})
    shot = expose(paths, BEAM, detector=Detector.preset("image_intensifier"))
    signal, trusted = measured_field(shot)
    beside = np.hypot(*(np.indices(carm.shape) - 63.5)) * 1.8
    assert not trusted[beside > 120].any()
    assert trusted[beside < 100].all()
    assert signal.min() > 0.5 * np.median(signal)  # no rim that a window would see
    drawn = Display.for_prone(shot).apply(shot)
    assert drawn[beside > 120].max() == 0


def test_a_screen_draws_blades_as_the_display_does(paths):
    narrow = expose(paths, BEAM, collimation=Collimation(70, 60, across_mm=8.0, turn_deg=15.0))
    seen = Screen.of(narrow).apply(narrow).astype(int)
    assert np.abs(seen - Display.for_prone(narrow).apply(narrow)).max() <= 1
