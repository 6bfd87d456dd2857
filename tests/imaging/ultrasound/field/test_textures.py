import numpy as np
import pytest

from needle_sim.imaging.ultrasound.field.textures import PER_DB, SIDE, scatterers, tiles


def test_scatterers_are_circular_gaussian_of_mean_square_one():
    re, im = scatterers().astype(np.float64)

    assert (re**2 + im**2).mean() == pytest.approx(1, abs=0.01)
    assert abs(np.mean(re * im)) < 0.01
    assert np.mean(re**4) / np.mean(re**2) ** 2 == pytest.approx(3, abs=0.1)


def test_tiles_go_on_where_they_end():
    """The step across the seam is no larger than the steps inside, along every axis."""
    for tile in tiles(0.65).astype(np.float64):
        for axis in range(3):
            inside = np.abs(np.diff(tile, axis=axis)).mean()
            seam = np.abs(np.take(tile, 0, axis) - np.take(tile, SIDE - 1, axis)).mean()
            assert seam < 1.3 * inside


def test_fibres_run_along_the_spine_and_septa_stand_out():
    fibre, septa, slow = tiles(0.65).astype(np.float64) / PER_DB

    along, front, across = (np.abs(np.diff(fibre, axis=axis)).mean() for axis in range(3))
    assert along < 0.35 * front
    assert along < 0.35 * across
    assert np.percentile(septa, 97) - np.median(septa) > 8
    assert slow.std() == pytest.approx(4, rel=0.1)


def test_a_tissue_has_the_same_texture_at_another_step():
    assert tiles(0.65).shape == tiles(0.9).shape == (3, SIDE, SIDE, SIDE)
    np.testing.assert_array_equal(tiles(0.65), tiles(0.65))
    assert not tiles(0.65).flags.writeable
