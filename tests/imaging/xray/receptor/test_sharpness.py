import numpy as np
import pytest
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.receptor.sharpness import (
    PERFECT,
    Sharpness,
    aperture_taps,
    blur_taps,
    noise_taps,
    reach_px,
    spread,
    stated,
    variance_share,
)

STATED = [((0.6, 0.28), 0.194), ((0.62, 0.33), 0.151), ((0.6, 0.3), 0.154), ((0.37, 0.1), 0.225)]


def transfer(taps, f):
    """Of taps along one axis, at frequencies in cycles per pixel."""
    total = 0.0
    for weight, one in taps:
        n = np.arange(len(one)) - len(one) // 2
        total = total + weight * (np.cos(2 * np.pi * np.outer(f, n)) @ one.astype(float))
    return total


@pytest.mark.parametrize(("mtf", "pixel"), STATED)
def test_what_is_stated_is_the_transfer_times_the_aperture(mtf, pixel):
    found = stated(mtf, pixel)
    at = np.array([1.0, 2.0])
    assert found.transfer(at) * np.sinc(pixel * at) == pytest.approx(mtf, rel=5e-3)
    assert sum(found.weights) == pytest.approx(1.0)
    assert (np.diff(found.transfer(np.linspace(0, 5, 50))) < 0).all()


@pytest.mark.parametrize(("mtf", "pixel"), STATED)
@pytest.mark.parametrize("wider", [1, 2, 3])
def test_taps_have_the_transfer_of_the_gaussians(mtf, pixel, wider):
    found, f = stated(mtf, pixel), np.linspace(0, 0.4, 41)
    exact = found.transfer(f / (wider * pixel))
    assert transfer(blur_taps(found, wider * pixel), f) == pytest.approx(exact, abs=0.006)
    spot = transfer(blur_taps(found, wider * pixel, 0.4), f)
    assert spot == pytest.approx(exact * np.sinc(0.4 * f / (wider * pixel)), abs=0.012)


def test_the_aperture_is_a_sinc():
    f = np.linspace(0, 0.4, 41)
    assert transfer(aperture_taps(), f) == pytest.approx(np.sinc(f), rel=6e-3)


@pytest.mark.parametrize(("mtf", "pixel"), STATED)
@pytest.mark.parametrize("wider", [1.0, 2.5])
def test_noise_taps_give_the_variance_of_quanta_that_are_spread_and_counted(mtf, pixel, wider):
    found = stated(mtf, pixel)
    point = np.zeros((61, 61), np.float32)
    point[30, 30] = 1.0
    ours = (spread(point, noise_taps(found, wider * pixel)).astype(float) ** 2).sum()
    # brute: pixels of 8 x 8 fine cells, a quantum's light spread over the cells about it
    fine = 8 * np.array(found.sigmas_mm) / (wider * pixel)
    quantum = np.zeros((321, 321))
    quantum[160, 160] = 1.0
    light = sum(
        weight * ndimage.gaussian_filter(quantum, sigma, truncate=6.0)
        for weight, sigma in zip(found.weights, fine, strict=True)
    )
    read = ndimage.uniform_filter(light, 8) * 64.0
    # each cell sends quanta of variance 1 / 64 of a pixel's
    brute = (read**2).sum() / 64.0
    assert variance_share(found, wider * pixel) == pytest.approx(brute, rel=0.02)
    assert ours == pytest.approx(brute, rel=0.02)


def test_without_blur_nothing_is_spread():
    image = np.random.default_rng(0).random((5, 7)).astype(np.float32)
    for taps in (blur_taps(PERFECT, 0.3), noise_taps(PERFECT, 0.3)):
        assert reach_px(taps) == 0
        assert np.array_equal(spread(image, taps), image)
    assert variance_share(PERFECT, 0.3) == 1.0


@pytest.mark.kernel
def test_a_spread_is_the_sum_of_separable_ones_with_the_edge_going_on():
    image = np.random.default_rng(0).random((9, 12)).astype(np.float32)
    taps = blur_taps(Sharpness((0.7, 0.3), (0.1, 0.4)), 0.3)
    expected = np.zeros(image.shape)
    for weight, one in taps:
        part = image.astype(float)
        for axis in (0, 1):
            part = ndimage.correlate1d(part, one.astype(float), axis=axis, mode="nearest")
        expected += weight * part
    assert spread(image, taps) == pytest.approx(expected, abs=2e-6)
    assert spread(np.ones((9, 12), np.float32), taps) == pytest.approx(np.ones((9, 12)), abs=1e-5)


def test_modulation_that_cannot_be_is_refused():
    for mtf in ((0.28, 0.6), (0.99, 0.5), (0.5, -0.1), (float("nan"), 0.2)):
        with pytest.raises(InputError, match="mtf"):
            stated(mtf, 0.194)
