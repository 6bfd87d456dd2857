import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfc

from needle_sim.errors import InputError
from needle_sim.thermal.grid import Grid, graded, uniform_box
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.pennes import diffuse

K, CAPACITY, BLOOD = 0.52, 3.7e6, 2553.0
MUSCLE_K, MUSCLE_CAPACITY = 0.49, 1090.0 * 3421.0


def medium(grid, k=K, capacity=CAPACITY, perfusion=0.0):
    return HeatMedium(grid, k, capacity, perfusion, 0.4)


def about_a_point(near_mm=0.2, growth=1.1, far_mm=2.0, reach_mm=45.0):
    """One-sector rings, finest at the origin."""
    half = np.concatenate([[0.0], np.cumsum(graded(near_mm, growth, far_mm, reach_mm))])
    return Grid((half, np.array([0.0, 2 * np.pi]), np.concatenate([-half[:0:-1], half])), "ring")


def source_w_m3(grid, shape):
    """One watt spread as ``shape`` (I, J, K)."""
    volume = grid.volume_mm3 * 1e-9
    return shape / (shape * volume).sum()


def test_a_sine_mode_decays_at_the_analytic_rate():
    n, width_m = 32, 0.032
    grid = uniform_box(32.0, n)
    wave = np.sin(np.pi * (np.arange(n) + 0.5) / n)
    mode = wave[:, None, None] * wave[:, None] * wave
    rate = 3 * (K / CAPACITY) * (np.pi / width_m) ** 2

    end_c = diffuse(medium(grid), 37 + 10 * mode, 0.0, dt_s=4.0, steps=25, outside="held")

    assert end_c - 37 == pytest.approx(10 * mode * np.exp(-rate * 100), abs=2e-3 * 10)


@pytest.mark.parametrize(("perfusion", "expected"), [(0.0, 0.823214), (BLOOD, 0.790082)])
def test_a_cosine_mode_keeps_the_insulated_walls(perfusion, expected):
    edges = np.linspace(0.0, 20.0, 41)
    grid = Grid((edges, np.array([0.0, 1.0]), np.array([0.0, 1.0])), "box")
    mode = np.cos(np.pi * grid.centres[0] / 20.0)[:, None, None]
    body = medium(grid, MUSCLE_K, MUSCLE_CAPACITY, perfusion)
    end_c = diffuse(body, 37 + mode, 0.0, dt_s=2.0, steps=30)
    assert (end_c[0] - 37) / mode[0] == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(("perfusion", "expected_c"), [(0.0, 35.6457), (BLOOD, 35.1964)])
def test_a_gaussian_source_reaches_the_analytic_temperature(perfusion, expected_c):
    grid = about_a_point()
    r2 = (grid.points_mm() ** 2).sum(axis=-1)
    heat = source_w_m3(grid, np.exp(-r2 / (2 * 2.0**2)))
    body = medium(grid, MUSCLE_K, MUSCLE_CAPACITY, perfusion)
    end_c = diffuse(body, 37.0, heat, dt_s=0.5, steps=120)
    middle = grid.interpolate(end_c, [[0.0, 0.0, 0.0]])[0] - 37
    assert middle == pytest.approx(expected_c, rel=5e-3)


def test_a_gaussian_of_heat_spreads_at_the_analytic_rate():
    grid = about_a_point()
    r2 = (grid.points_mm() ** 2).sum(axis=-1)
    body = medium(grid, MUSCLE_K, MUSCLE_CAPACITY)
    end_c = diffuse(body, 37 + np.exp(-r2 / 8.0), 0.0, dt_s=0.5, steps=120)
    middle = grid.interpolate(end_c, [[0.0, 0.0, 0.0]])[0] - 37
    assert middle == pytest.approx(0.0910166, rel=5e-3)


def point_w_m3(grid):
    """One watt in the two cells at the origin."""
    point = np.zeros(grid.shape)
    middle = grid.shape[2] // 2
    point[0, 0, middle - 1 : middle + 1] = 1.0
    return source_w_m3(grid, point)


@pytest.mark.parametrize(("perfusion", "expected_c"), [(0.0, 6.83766), (BLOOD, 6.67300)])
def test_a_point_source_reaches_the_analytic_temperature(perfusion, expected_c):
    grid = about_a_point(0.15, 1.03)
    body = medium(grid, perfusion=perfusion)
    end_c = diffuse(body, 37.0, point_w_m3(grid), dt_s=0.5, steps=120)
    at = grid.interpolate(end_c, [[5.0, 0.0, 0.0], [3.0, 0.0, 4.0], [1.4, 0.0, -4.8]]) - 37
    assert at == pytest.approx([expected_c] * 3, rel=5e-3)


def test_a_strongly_graded_grid_carries_the_same_heat():
    """Growth 1.08, as about a needle on the bench: each cell from 3 to 6 mm from the source."""
    grid = about_a_point(0.1, 1.08)
    end_c = diffuse(medium(grid), 37.0, point_w_m3(grid), dt_s=0.5, steps=120) - 37
    r = np.sqrt((grid.points_mm() ** 2).sum(axis=-1)) * 1e-3
    expected = erfc(r / np.sqrt(4 * K / CAPACITY * 60)) / (4 * np.pi * K * r)
    there = (r > 3e-3) & (r < 6e-3)
    assert end_c[there] == pytest.approx(expected[there], rel=5e-3)


def test_a_perfused_point_source_settles():
    grid = about_a_point(0.15, 1.04, far_mm=6.0, reach_mm=150.0)
    body = medium(grid, perfusion=BLOOD)
    end_c = diffuse(body, 37.0, point_w_m3(grid), dt_s=400.0, steps=60)
    assert grid.interpolate(end_c, [[5.0, 0.0, 0.0]])[0] - 37 == pytest.approx(21.5608, rel=5e-3)


def test_an_instant_point_of_heat_is_the_green_function():
    grid = about_a_point(0.15, 1.03)
    rise = 10.0 * point_w_m3(grid) / CAPACITY  # 10 J
    end_c = diffuse(medium(grid), 37 + rise, 0.0, dt_s=0.25, steps=240)
    assert grid.interpolate(end_c, [[5.0, 0.0, 0.0]])[0] - 37 == pytest.approx(1.18076, rel=5e-3)


def test_space_is_of_second_order():
    """Rise under a Gaussian source, averaged with the source itself, at 1 and 0.5 mm."""
    k, c = MUSCLE_K, MUSCLE_CAPACITY
    errors = []
    for near in (1.0, 0.5):
        edges = np.arange(0.0, 20.0 + near / 2, near)
        grid = Grid(
            (edges, np.array([0.0, 2 * np.pi]), np.concatenate([-edges[:0:-1], edges])), "ring"
        )
        r2 = (grid.points_mm() ** 2).sum(axis=-1)
        heat = source_w_m3(grid, np.exp(-r2 / 8.0))
        end_c = diffuse(medium(grid, k, c), 37.0, heat, dt_s=0.25, steps=40) - 37
        mean = (end_c * heat * grid.volume_mm3 * 1e-9).sum()
        errors.append(abs(mean - _mean_rise(2e-3, k, c, 10.0)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


def _mean_rise(s, k, c, time_s):
    """Rise averaged with the source's own Gaussian: another Gaussian of variance 2 s2 + 2 a t."""
    first, last = np.sqrt(2 * s**2), np.sqrt(2 * s**2 + 2 * k / c * time_s)
    return 1 / (k * (2 * np.pi) ** 1.5) * (1 / first - 1 / last)


def test_time_is_of_second_order():
    grid = about_a_point(0.4, 1.2)
    heat = source_w_m3(grid, np.exp(-(grid.points_mm() ** 2).sum(axis=-1) / 8.0))
    ends = [
        diffuse(medium(grid), 37.0, heat, dt_s=20.0 / n, steps=n, outside="held")
        for n in (5, 10, 20, 160)
    ]
    errors = [np.abs(one - ends[-1]).max() for one in ends[:-1]]
    assert np.log2(errors[0] / errors[1]) > 1.7
    assert np.log2(errors[1] / errors[2]) > 1.7


def test_no_heat_is_lost_or_made():
    grid = about_a_point(0.5, 1.3)
    heat = source_w_m3(grid, np.exp(-(grid.points_mm() ** 2).sum(axis=-1) / 8.0))
    end_c = diffuse(medium(grid), 37.0, heat, dt_s=1.0, steps=30)
    stored = ((end_c - 37) * CAPACITY * grid.volume_mm3 * 1e-9).sum()
    assert stored == pytest.approx(30.0, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 1.0), perfusion=st.floats(0, 5e4))
def test_without_heat_no_cell_leaves_the_starting_range(seed, share, perfusion):
    grid = uniform_box(8.0, 8)
    start_c = np.random.default_rng(seed).uniform(20, 90, grid.shape)
    body = medium(grid, perfusion=perfusion)

    end_c = diffuse(body, start_c, 0.0, dt_s=share * body.explicit_dt_s, steps=10)

    assert end_c.min() >= min(start_c.min(), 37.0) - 1e-3
    assert end_c.max() <= max(start_c.max(), 37.0) + 1e-3


def test_a_step_that_is_no_step_is_refused():
    with pytest.raises(InputError, match="dt_s"):
        diffuse(medium(uniform_box(8.0, 4)), 37.0, 0.0, dt_s=0.0, steps=1)


def test_the_unperfused_point_source_is_the_formula_of_the_table():
    """Guards the numbers above: P / (4 pi k r) erfc(r / sqrt(4 a t))."""
    r, t = 5e-3, 60.0
    value = erfc(r / np.sqrt(4 * K / CAPACITY * t)) / (4 * np.pi * K * r)
    assert value == pytest.approx(6.83766, rel=1e-5)
