"""Quantum noise: the spectrum of its kernel, its size, and how it follows the body."""

import numpy as np
import pytest
from scipy import fft

from needle_sim.anatomy.phantom.blocks import Grid
from needle_sim.anatomy.phantom.noise import (
    WATER_PER_MM,
    Scan,
    noise_on,
    noise_sd_hu,
    quantum_tiles,
)
from needle_sim.errors import InputError

VOXEL_MM = 0.5  # holds every frequency below the kernel's end


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    return np.concatenate(
        [quantum_tiles(Scan(), VOXEL_MM, np.random.default_rng(n)) for n in range(6)]
    ).astype(np.float64)


def radial(tiles: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Noise power in rings of frequency, of area one in all."""
    f = fft.fftfreq(tiles.shape[1], VOXEL_MM)
    radius = np.hypot(f[:, None], f[None, :]).ravel()
    power = np.mean(np.abs(fft.fft2(tiles)) ** 2, axis=0).ravel()
    ring = np.digitize(radius, edges)
    found = np.array([power[ring == n].mean() for n in range(1, len(edges))])
    return found / found.sum()


def test_the_measured_spectrum_is_that_of_the_kernel(tiles):
    edges = np.arange(0.02, 0.84, 0.04)
    middle = 0.5 * (edges[1:] + edges[:-1])
    stated = Scan().power(middle)

    found = radial(tiles, edges)
    assert np.abs(found - stated / stated.sum()).max() < 0.06 * found.max()
    # f cos(pi f / 2c)^4 is greatest where u tan u = 1/4, u = 0.480: 0.245 /mm with c = 0.8
    assert middle[found.argmax()] == pytest.approx(0.245, abs=0.045)


def test_there_is_no_power_beyond_the_kernel_and_little_at_zero(tiles):
    power = radial(tiles, np.array([0.0, 0.03, 0.3, 0.78, 0.82, 1.0]))

    assert power[-1] < 1e-10
    assert power[0] < 0.2 * power[1]


def test_noise_of_lateral_rays_makes_streaks_along_rows(tiles):
    f = fft.fftfreq(tiles.shape[1], VOXEL_MM)
    along_rows = np.abs(f)[None, :] > np.abs(f)[:, None]
    for tile, upright in zip(tiles, [False, True] * 6, strict=True):
        power = np.abs(fft.fft2(tile)) ** 2
        share = power[along_rows].sum() / power.sum()

        # cos^2 over a quarter of the circle and its opposite: (pi/4 + 1/2) / (pi/2)
        expected = 0.5 + 1.0 / np.pi if upright else 0.5 - 1.0 / np.pi
        assert share == pytest.approx(expected, abs=0.02)


def test_tiles_have_unit_variance_and_differ_by_seed(tiles):
    assert tiles.std(axis=(1, 2)) == pytest.approx(1.0, abs=1e-5)
    assert abs(np.corrcoef(tiles[0].ravel(), tiles[2].ravel())[0, 1]) < 0.05


def cylinder(half_x: float, half_y: float) -> np.ndarray:
    x, y = np.arange(-200.0, 200.0, 4.0), np.arange(-160.0, 160.0, 4.0)
    inside = (x[None, :] / half_x) ** 2 + (y[:, None] / half_y) ** 2 < 1
    return np.repeat(np.where(inside, 0.0, -1000.0)[None], 9, axis=0).astype(np.float32)


def test_the_stated_noise_is_that_behind_the_stated_water():
    water = np.zeros((1, 65, 65), dtype=np.float32)  # 260 mm of water along every ray
    lateral, upright = noise_sd_hu(water, 4.0, Scan(noise_hu=10.0))

    both = np.hypot(lateral[0, 32], upright[0, 32])
    assert both == pytest.approx(10.0 / np.sqrt(4.0), rel=1e-6)  # slices as thick as voxels


def test_noise_grows_with_the_water_path_and_towards_the_middle():
    lateral, upright = noise_sd_hu(cylinder(170.0, 110.0), 4.0, Scan())
    middle = lateral[4, 40], upright[4, 50]

    # root of the root of the attenuation of 120 mm more water
    ratio = np.exp(0.25 * WATER_PER_MM * 120.0)
    assert middle[0] / middle[1] == pytest.approx(ratio, rel=0.03)
    assert lateral[4, 0] < 0.35 * middle[0]  # beside the body only air
    total = np.hypot(lateral[4][:, None], upright[4][None, :])
    assert total[40, 50] == pytest.approx(total.max(), rel=0.01)
    assert total[40, 50] > 1.4 * total[2, 2]


def test_slices_between_those_looked_at_are_interpolated():
    body = cylinder(150.0, 100.0)
    body[5:] = -1000.0
    lateral, _ = noise_sd_hu(body, 4.0, Scan())

    assert lateral[4, 40] > lateral[5, 40] > lateral[8, 40]


@pytest.mark.parametrize("setting", [{"noise_hu": -1.0}, {"cutoff_per_mm": 0.0}])
def test_odd_settings_are_refused(setting):
    with pytest.raises(InputError, match="noise_hu of 0 to 200"):
        Scan(**setting)


def test_finer_voxels_within_a_body_have_its_noise_by_their_size():
    """SD of a thinner slice goes with one over the root of its thickness."""
    whole = Grid(np.array([-40.0, -40.0, -8.0]), (8, 40, 40), 2.0)
    hu = np.zeros(whole.shape, dtype=np.float32)
    lateral, upright = noise_sd_hu(hu, whole.voxel_mm, Scan())
    part = Grid(np.array([-10.0, -10.0, -4.0]), (8, 40, 40), 0.5)
    rows, columns = noise_on(part, hu, whole, Scan())

    assert rows.shape == (8, 40)
    np.testing.assert_allclose(rows, 2.0 * lateral[4, 20], rtol=1e-6)  # a slab has one way through
    np.testing.assert_allclose(columns, 2.0 * upright[4, 20], rtol=1e-6)
