import numpy as np
import pytest

from needle_sim.injectate import texture


def points(n=40, step=0.7):
    grid = np.meshgrid(*[np.arange(n) * step] * 3, indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def test_without_a_generator_the_pattern_is_always_the_same():
    one, two = (texture.septa(points(12), texture.drawn(None), lobule_mm=4.0) for _ in range(2))
    assert np.array_equal(one, two)
    other = texture.septa(points(12), np.random.default_rng(1), lobule_mm=4.0)
    assert not np.allclose(one[0], other[0])


def test_a_lobule_has_one_draw_from_wall_to_wall():
    gap, draw = texture.septa(points(30, 0.5), np.random.default_rng(0), lobule_mm=5.0)
    gap, draw = gap.reshape(30, 30, 30), draw.reshape(30, 30, 30)
    deep = gap > 1.2  # more than a step from the nearest septum
    both = deep[1:] & deep[:-1]
    assert (draw[1:] == draw[:-1])[both].all()
    values = np.unique(draw)
    assert values.min() >= 0
    assert values.max() <= 1
    assert values.mean() == pytest.approx(0.5, abs=0.08)


def test_septa_scale_with_the_lobules_they_part():
    def walls(lobule_mm, thick_mm):
        found, _ = texture.septa(points(30, 1.0), np.random.default_rng(0), lobule_mm=lobule_mm)
        return (found < thick_mm).mean()

    assert walls(10.0, 2.0) == pytest.approx(walls(5.0, 1.0), rel=0.1)
    assert walls(10.0, 1.0) < 0.65 * walls(5.0, 1.0)


def test_noise_has_unit_spread_and_is_long_where_it_should_be():
    size = np.array([2.0, 2.0, 12.0])
    values = texture.uneven(points(), np.random.default_rng(2), size_mm=size).reshape(40, 40, 40)
    assert values.std() == pytest.approx(1.0, abs=0.25)
    across = np.abs(np.diff(values, axis=0)).mean()
    along = np.abs(np.diff(values, axis=2)).mean()
    assert across == pytest.approx(6 * along, rel=0.25)
