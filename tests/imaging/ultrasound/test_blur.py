import numpy as np
import pytest

from benchmarks.reference.sonogram import numpy_wave
from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.blur import blur_of, detected
from needle_sim.imaging.ultrasound.probe import Probe

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


def envelope(echo, blur, lines, rng=None):
    return 10 ** (detected(echo.astype(np.float32), blur, lines, rng).astype(np.float64) / 20)


def width(profile, step):
    top = int(profile.argmax())
    half = 0.5 * profile[top]
    left = np.interp(half, profile[: top + 1], np.arange(top + 1))
    right = np.interp(-half, -profile[top:], np.arange(top, len(profile)))
    return (right - left) * step


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
@pytest.mark.parametrize("lines", [128, 256])
def test_a_point_is_as_wide_as_the_point_spread_says(probe, lines):
    samples = 1024
    blur = blur_of(probe, probe.depth_mm, lines, samples)
    step = probe.depth_mm / samples
    for s in (250, 600, 900):
        echo = np.zeros((2, lines * blur.stride + 2 * blur.pad, samples))
        middle = blur.pad + (lines // 2) * blur.stride + blur.stride // 2
        echo[0, middle, s] = 1.0

        seen = envelope(echo, blur, lines)

        across = seen[:, s] * np.ones(1)
        pitch = float(probe.spacing_mm(lines, np.array((s + 0.5) * step)))
        assert width(across, pitch) == pytest.approx(blur.spread.lateral_mm[s], rel=0.06)
        assert width(seen[lines // 2], step) == pytest.approx(blur.spread.axial_mm, rel=0.03)


def test_an_even_mirror_keeps_its_amplitude():
    blur = blur_of(CURVED, 110.0, 64, 512)
    echo = np.zeros((2, 64 * blur.stride + 2 * blur.pad, 512))
    echo[0, :, 300] = 0.25

    np.testing.assert_allclose(envelope(echo, blur, 64)[:, 300], 0.25, rtol=1e-4)


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
def test_the_gain_keeps_the_power_of_white_noise(probe):
    blur = blur_of(probe, probe.depth_mm, 256, 1024)
    noise = np.random.default_rng(1).standard_normal((2, 256 * blur.stride + 2 * blur.pad, 1024))
    power = (blur.weights[0] ** 2 + 2 * (blur.weights[1:] ** 2).sum(axis=0)).astype(np.float64)
    taps = blur.taps.astype(np.float64)
    white = 1 / np.sqrt(power * (taps[0] ** 2 + 2 * (taps[1:] ** 2).sum()))

    seen = envelope(noise * white, blur, 256)

    assert (seen[:, 20:-20] ** 2).mean() == pytest.approx(2, rel=0.03)
    # scatterers share cubes, so their noise is not white and is turned down a little further
    assert ((blur.gain < white) & (blur.gain > 0.5 * white)).all()


def test_the_receivers_noise_comes_with_a_generator_alone():
    blur = blur_of(CURVED, 110.0, 64, 512)
    echo = np.zeros((2, 64 * blur.stride + 2 * blur.pad, 512))

    quiet, loud = envelope(echo, blur, 64), envelope(echo, blur, 64, np.random.default_rng(2))

    assert (quiet == quiet[0, 0]).all()
    assert 20 * np.log10(np.sqrt((loud**2).mean())) == pytest.approx(-120, abs=0.1)


@pytest.mark.kernel
def test_the_kernel_does_what_numpy_does():
    rng = np.random.default_rng(3)
    echo = rng.standard_normal((2, 11, 12)).astype(np.float32)
    weights = rng.uniform(0.1, 1, (3, 12)).astype(np.float32)
    taps = np.array([1.0, 0.5, 0.2], dtype=np.float32)
    out, row = np.empty((2, 7, 12), np.float32), np.zeros(12 + 6, np.float32)

    _kernels.blur(echo, weights, np.array([2, 2, 2]), taps, 1, 2, 0, 7, row, out)

    blur = type("Blur", (), {"weights": weights, "taps": taps, "pad": 2, "stride": 1})
    expected = np.abs(numpy_wave(echo, blur, 7))
    np.testing.assert_allclose(np.hypot(out[0], out[1]), expected, rtol=1e-5)
