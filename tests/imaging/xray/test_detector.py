from dataclasses import replace

import numpy as np
import pytest
import xraydb

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import (
    Detector,
    aperture,
    blur,
    electronic_kev,
    noisy,
)
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.receptor.sharpness import variance_share

DEVICES = ("mobile_flat_panel", "mobile_cmos", "fixed_room", "image_intensifier")
PANEL = Detector.preset("mobile_flat_panel")
CARM = CArm((0, 0, 0), shape=(256, 256), pixel_mm=1.0)
BEAM = replace(Beam.preset("lumbar_ap"), anode_side="none")


def slanted_edge(picture, pixel_mm, slope, per_mm):
    """Presampled modulation at frequencies ``per_mm``: an edge ``x = middle + slope y``.

    Every pixel is put at its distance from the edge, so that the edge is sampled finely; the
    derivative of the edge spread is the line spread (as in IEC 62220-1).
    """
    rows, columns = np.indices(picture.shape) - 0.5 * (np.array(picture.shape)[:, None, None] - 1)
    away = (columns - slope * rows) * np.cos(np.arctan(slope)) * pixel_mm
    step = pixel_mm / 8
    edges = np.arange(-5.0, 5.0, step)
    where = np.digitize(away.ravel(), edges) - 1
    inside = (where >= 0) & (where < len(edges) - 1)
    count = np.bincount(where[inside], minlength=len(edges) - 1)
    total = np.bincount(where[inside], picture.ravel()[inside], minlength=len(edges) - 1)
    assert (count > 0).all()
    line = np.diff(total / count)
    at = edges[1:-1]
    found = np.abs(np.exp(-2j * np.pi * np.outer(per_mm, at)) @ line) / abs(line.sum())
    # the bins of the edge spread and its difference are apertures of their own
    return found / np.sinc(step * np.asarray(per_mm)) ** 2


@pytest.mark.parametrize("name", DEVICES)
def test_a_slanted_edge_measures_the_modulation_that_is_stated(name):
    device = Detector.preset(name)
    own = device.pixel_mm
    if device.intensifier is not None:
        # veiling glare is not part of what is stated; the optics are
        device = replace(device, intensifier=replace(device.intensifier, glare_share=0.0))
    still = replace(device, scatter=False, focal_spot_mm=0.0)
    carm = CArm((0, 0, 0), shape=(180, 180), pixel_mm=own)
    rows, columns = np.indices(carm.shape) - 89.5
    half = np.where(columns - 0.05 * rows > 0, 0.02, 0.0).astype(np.float32)
    paths = PathLengths(carm, {"soft": np.full(carm.shape, 10.0, np.float32), "bone": half})
    picture = expose(paths, BEAM, detector=still).array.astype(float)
    open_field = PathLengths(carm, {"soft": paths.mass_g_cm2["soft"]})
    picture /= expose(open_field, BEAM, detector=still).array
    found = slanted_edge(picture, own, 0.05, np.array([1.0, 2.0]))
    assert found == pytest.approx(device.mtf, rel=0.03)


def test_a_wider_pixel_adds_its_own_aperture_and_the_focal_spot_its_own():
    still = replace(PANEL, scatter=False)
    carm = CArm((0, 0, 0), shape=(160, 160), pixel_mm=0.4)
    rows, columns = np.indices(carm.shape) - 79.5
    half = np.where(columns - 0.05 * rows > 0, 0.02, 0.0).astype(np.float32)
    soft = np.full(carm.shape, 10.0, np.float32)
    for spot in (0.0, 0.6):
        seen = replace(still, focal_spot_mm=spot)
        both = [
            expose(PathLengths(carm, m), BEAM, detector=seen).array.astype(float)
            for m in ({"soft": soft, "bone": half}, {"soft": soft})
        ]
        at = np.array([0.5, 0.8])
        found = slanted_edge(both[0] / both[1], 0.4, 0.05, at)
        # the spot is magnified by 400 / 600 on the detector
        expected = PANEL.sharpness.transfer(at) * np.sinc(0.4 * at) * np.sinc(spot * at / 1.5)
        assert found == pytest.approx(expected, rel=0.03)


def test_the_aperture_is_the_mean_of_a_parabola_over_a_pixel():
    x = np.arange(30, dtype=np.float32)
    parabola = np.broadcast_to(x**2, (30, 30)).astype(np.float32)
    assert aperture(parabola)[15, 5:25] == pytest.approx(x[5:25] ** 2 + 1 / 12, rel=2e-3)


def test_the_focal_spot_blurs_by_the_magnification_less_one():
    near = replace(CARM, source_isocentre_mm=500.0, pixel_mm=0.2)  # magnification 2
    sharp = replace(PANEL, mtf=None)
    ((_, taps),) = blur(near, sharp)
    at = np.arange(len(taps)) - len(taps) // 2
    # a square's variance is its side squared over 12
    assert taps @ at**2 == pytest.approx((PANEL.focal_spot_mm / 0.2) ** 2 / 12, rel=0.01)


def test_csi_stops_soft_photons_and_lets_hard_ones_through():
    stopped = np.interp([30, 60, 120], energies_kev(), PANEL.stopped)
    assert stopped[0] > 0.8
    assert (np.diff(stopped) < 0).all()
    # never more than all photons that meet the crystal at all
    meet = xraydb.material_mu("CsI", np.array([30e3, 60e3, 120e3]), density=4.51) * 0.06 * 0.8
    assert (stopped < 1 - np.exp(-meet)).all()
    # all but what a K photon takes away: 19 % of the absorbed lose 30 of 60 keV
    assert stopped[1] == pytest.approx((1 - np.exp(-meet[1])) * (1 - 0.19 / 2), rel=0.06)


def test_detective_quantum_efficiency_is_that_of_a_measured_panel():
    """0.7 at no frequency: Spahn et al., Invest Radiol 35:260 (2000), abstract."""
    radiographic = Beam(70.0, 1.0, 10.0, {"aluminium": 23.5})  # RQA5
    assert PANEL.quantum_efficiency(radiographic) == pytest.approx(0.70, abs=0.07)


@pytest.mark.parametrize("mas", [0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
def test_the_variance_of_a_pixel_is_that_of_its_quanta_at_every_dose(mas):
    """Six exposures: quanta of every keV, their light uneven and spread, then electronics."""
    carm = CArm((0, 0, 0), shape=(300, 300), pixel_mm=0.5)
    beam = replace(BEAM, mas=mas)
    depth = 18.0
    paths = PathLengths(carm, {"soft": np.full(carm.shape, depth, np.float32)})
    plain = replace(PANEL, scatter=False, grid=None)
    still = expose(paths, beam, detector=plain).array.astype(float)
    image = expose(paths, beam, detector=plain, rng=np.random.default_rng(1)).array.astype(float)
    photons = spectrum(beam) * mas * 0.05**2 * np.exp(-depth * material("water").mu_rho)
    field = still / still[150, 150]
    quanta = photons @ PANEL.kept.square_kev2 * variance_share(PANEL.sharpness, 0.5)
    expected = (quanta * field + (116.0 * 0.5 / 0.194) ** 2).mean()
    assert np.mean((image - still) ** 2) == pytest.approx(expected, rel=0.03)


def test_the_noise_spectrum_follows_the_detector_and_the_dose():
    """Light is spread before pixels add it up, and what lies above their limit folds back."""
    carm = CArm((0, 0, 0), shape=(256, 256), pixel_mm=0.4)
    quiet = replace(PANEL, electronic_kev=0.0)
    flat = np.full(carm.shape, 1e5, np.float32)
    weighs = np.full(carm.shape, 50.0, np.float32)
    spectra = {}
    for dose in (1.0, 4.0):
        image = noisy(dose * flat, weighs, carm, quiet, np.random.default_rng(2)).astype(float)
        power = np.abs(np.fft.fft2(image - dose * 1e5)) ** 2 / image.size / (dose * 1e5 * 50.0)
        spectra[dose] = power
    f = np.fft.fftfreq(256, 0.4)
    radius = np.hypot(f[:, None], f)
    # relative to the dose it is the same
    for low, high in ((0.05, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.2)):
        ring = (radius > low) & (radius < high)
        assert spectra[4.0][ring].mean() == pytest.approx(spectra[1.0][ring].mean(), rel=0.02)
    # what folds back, summed in the plane: transfer squared times both apertures squared
    folded = np.zeros_like(radius)
    for a in range(-4, 5):
        for b in range(-4, 5):
            u, v = f[:, None] + a / 0.4, f + b / 0.4
            light = PANEL.sharpness.transfer(np.hypot(u, v))
            folded += (light * np.sinc(0.4 * u) * np.sinc(0.4 * v)) ** 2
    for low, high in ((0.05, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.2)):
        ring = (radius > low) & (radius < high)
        assert spectra[1.0][ring].mean() == pytest.approx(folded[ring].mean(), rel=0.04)


def test_without_blur_the_variance_is_the_quanta_alone():
    panel = replace(PANEL, mtf=None, electronic_kev=0.0)
    quantum = np.full(CARM.shape, 50.0, np.float32)
    found = []
    for level in (1e4, 4e4, 16e4):
        flat = np.full(CARM.shape, level, np.float32)
        image = noisy(flat, quantum, CARM, panel, np.random.default_rng(1))
        found.append(np.var(image.astype(float)) / level)
        assert image.mean() == pytest.approx(level, rel=2e-3)
    assert found == pytest.approx([50.0] * 3, rel=0.02)


def test_electronic_noise_is_white_and_adds_up_over_the_pixels_summed():
    dark = np.zeros(CARM.shape, np.float32)
    image = noisy(dark, dark, CARM, PANEL, np.random.default_rng(0)).astype(float)
    one = PANEL.electronic_kev
    # a pixel of 1 mm sums (1 / 0.194)^2 of the panel's own
    assert electronic_kev(CARM, PANEL) == pytest.approx(one / 0.194)
    assert image.std() == pytest.approx(one / 0.194, rel=0.02)
    assert abs(np.mean(image[:, 1:] * image[:, :-1])) < 0.02 * image.var()


@pytest.mark.parametrize("name", DEVICES)
def test_a_picture_covers_no_more_than_the_receptor_has(name):
    device, carm = Detector.preset(name), CArm.preset(name)
    for picture, own in zip(carm.shape, device.shape, strict=True):
        assert picture * carm.pixel_mm == pytest.approx(own * device.pixel_mm, rel=0.01)


def test_an_impossible_detector_is_refused():
    for change in (
        {"packing": 1.5}, {"mtf": (0.3, 0.6)}, {"mtf": (0.99, 0.9)}, {"swank": 0.2},
        {"electronic_kev": float("nan")}, {"pixel_mm": 0.0}, {"focal_spot_mm": -0.1},
    ):  # fmt: skip
        with pytest.raises(InputError):
            replace(PANEL, **change)
    with pytest.raises(InputError, match="did you mean"):
        Detector.preset("mobile_flat_panell")
