from dataclasses import replace

import numpy as np
import pytest
import xraydb
from scipy import ndimage, special

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import energies_kev
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import (
    Detector,
    aperture,
    blurred,
    focal_variance,
    noisy,
    scatter_veil,
)

PANEL = Detector.preset("mobile_flat_panel")
CARM = CArm((0, 0, 0), shape=(256, 256), pixel_mm=1.0)


@pytest.mark.parametrize("variance", [0.02, 1 / 12, 0.3, 1.7])
def test_a_blur_has_exactly_its_variance_and_keeps_the_sum(variance):
    image = np.zeros((41, 41), np.float32)
    image[20, 20] = 1.0
    spread = blurred(image, variance).astype(float)
    at = np.arange(41) - 20
    assert spread.sum() == pytest.approx(1.0, rel=1e-5)
    assert (spread.sum(axis=1) @ at**2) == pytest.approx(variance, rel=1e-3)
    assert (spread.sum(axis=0) @ at**2) == pytest.approx(variance, rel=1e-3)


@pytest.mark.kernel
def test_a_blur_is_that_of_scipy_with_the_edge_going_on():
    image = np.random.default_rng(0).random((9, 12)).astype(np.float32)
    n = np.arange(-12, 13)
    taps = special.ive(np.abs(n), 0.4)
    expected = image.astype(float)
    for axis in (0, 1):
        expected = ndimage.correlate1d(expected, taps / taps.sum(), axis=axis, mode="nearest")
    assert blurred(image, 0.4) == pytest.approx(expected, abs=1e-6)


def test_blurs_add_up():
    image = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    twice, once = blurred(blurred(image, 0.2), 0.3), blurred(image, 0.5)
    assert twice[8:-8, 8:-8] == pytest.approx(once[8:-8, 8:-8], abs=1e-5)


def test_the_aperture_is_the_mean_of_a_parabola_over_a_pixel():
    x = np.arange(30, dtype=np.float32)
    parabola = np.broadcast_to(x**2, (30, 30)).astype(np.float32)
    assert aperture(parabola)[15, 5:25] == pytest.approx(x[5:25] ** 2 + 1 / 12, rel=1e-4)


def test_modulation_of_the_panel_at_one_line_pair_per_mm():
    # exp(-2 (pi sigma f)^2) = 0.6 at 1/mm, the middle of the usual 0.55-0.65
    assert np.exp(-2 * (np.pi * PANEL.blur_mm) ** 2) == pytest.approx(0.6, abs=0.01)


def test_the_focal_spot_blurs_by_the_magnification_less_one():
    wide = replace(CARM, source_isocentre_mm=500.0)  # magnification 2
    assert focal_variance(wide, PANEL) == pytest.approx(PANEL.focal_spot_mm**2 / 12)


def test_csi_stops_soft_photons_and_lets_hard_ones_through():
    stopped = np.interp([30, 60, 120], energies_kev(), PANEL.stopped)
    assert stopped[0] > 0.8
    assert (np.diff(stopped) < 0).all()
    # never more than all photons that meet the crystal at all
    meet = xraydb.material_mu("CsI", np.array([30e3, 60e3, 120e3]), density=4.51) * 0.06 * 0.8
    assert (stopped < 1 - np.exp(-meet)).all()
    assert stopped[1] > 0.9 * (1 - np.exp(-meet[1]))


def test_scatter_is_primary_times_its_ratio_behind_a_uniform_slab():
    signal = np.full(CARM.shape, 100.0, np.float32)
    mass = np.full(CARM.shape, 20.0, np.float32)
    veil = scatter_veil(signal, mass, CARM, PANEL)
    assert veil == pytest.approx(100 * PANEL.scatter_per_g_cm2 * 20.0, rel=1e-4)
    assert not scatter_veil(signal, mass, CARM, replace(PANEL, scatter_per_g_cm2=0.0)).any()


def test_scatter_is_a_smooth_veil_over_an_edge():
    signal = np.full(CARM.shape, 100.0, np.float32)
    signal[:, 128:] = 10.0
    veil = scatter_veil(signal, np.full(CARM.shape, 20.0, np.float32), CARM, PANEL)
    steps = np.abs(np.diff(veil, axis=1)).max()
    assert veil[:, 20].mean() > 3 * veil[:, 235].mean()
    assert steps < 0.02 * np.ptp(veil)


def test_noise_variance_is_proportional_to_signal():
    panel = replace(PANEL, blur_mm=0.0, electronic_kev=0.0)
    quantum = np.full(CARM.shape, 50.0, np.float32)
    found = []
    for level in (1e4, 4e4, 16e4):
        flat = np.full(CARM.shape, level, np.float32)
        image = noisy(flat, quantum, CARM, panel, np.random.default_rng(1))
        found.append(np.var(image.astype(float)) / level)
        assert image.mean() == pytest.approx(level, rel=2e-3)
    assert found == pytest.approx([50.0] * 3, rel=0.02)


def test_electronic_noise_is_added_after_the_blur():
    dark = np.zeros(CARM.shape, np.float32)
    image = noisy(dark, dark, CARM, PANEL, np.random.default_rng(0)).astype(float)
    assert image.std() == pytest.approx(PANEL.electronic_kev, rel=0.02)
    assert abs(np.mean(image[:, 1:] * image[:, :-1])) < 0.02 * image.var()


def test_an_impossible_detector_is_refused():
    with pytest.raises(InputError):
        replace(PANEL, packing=1.5)
    with pytest.raises(InputError):
        replace(PANEL, blur_mm=-0.1)
    with pytest.raises(InputError, match="did you mean"):
        Detector.preset("mobile_flat_panell")
