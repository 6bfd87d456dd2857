from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.beam import energies_kev
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.scattering.groups import Group
from needle_sim.imaging.xray.scattering.passage import REACH, let_through, smoothed

PANEL = Detector.preset("mobile_flat_panel")


def at_60_kev():
    weights = (np.abs(energies_kev() - 60.5) < 0.1).astype(float)
    return [Group(60.5, 1.0, weights)]


def test_upright_photons_pass_as_the_primary_does_and_oblique_ones_hardly():
    (table,) = let_through(at_60_kev(), PANEL, 1.0)
    primary = float(np.interp(60.5, energies_kev(), PANEL.grid.primary))
    assert table[0, 0] == pytest.approx(primary)
    slope = REACH[0] * 29 / 3  # of entry 29 of 0 to 32, x / (x + reach)
    at = int(np.abs(energies_kev() - 60.5).argmin())
    grid = PANEL.grid
    across = grid.lets_through(slope, 0.0, grid.strip_per_cm()[at], grid.between_per_cm()[at])
    # what comes aslant leaves at most as much more as its way in the scintillator is longer
    assert across < table[29, 0] < across * np.sqrt(1 + slope**2)
    assert table[29, 0] < 0.1 * table[0, 6]  # along the strips they pass


def test_without_a_grid_slanted_photons_leave_more_in_the_scintillator():
    (table,) = let_through(at_60_kev(), replace(PANEL, grid=None), 1.0)
    assert table[0, 0] == pytest.approx(1.0)
    assert (np.diff(table[:, 0]) >= 0).all()
    assert 1.1 < table[-1, -1] < 1.5  # all of it, over what stops upright ones


def test_means_over_a_width_keep_constants_and_blunt_peaks():
    narrow, wide = smoothed(0.0), smoothed(0.2)
    assert narrow == pytest.approx(np.eye(len(narrow)), abs=1e-9)
    assert wide @ np.ones(len(wide)) == pytest.approx(1.0)
    peak = np.exp(-np.arange(len(wide)))
    assert (wide @ peak)[0] < 0.7
