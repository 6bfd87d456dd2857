"""Texture: unit, periodic, fixed in the patient, and averaged by large voxels."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.texture import (
    SPONGY,
    kinds,
    ripple,
    spongy_hu,
    strands,
    texture_tiles,
    tile_index,
    waves,
)
from needle_sim.anatomy.tissue import label, tissues


def test_tiles_are_unit_at_one_millimetre_and_periodic():
    for tile in (*texture_tiles(1.0), waves()):
        assert tile.std() == pytest.approx(1.0, abs=1e-3)
        assert tile.mean() == pytest.approx(0.0, abs=1e-3)
        for axis in range(3):  # the last slice meets the first as any slice meets the next
            step = np.abs(np.diff(tile, axis=axis)).mean()
            seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
            assert seam == pytest.approx(step, rel=0.4)


def test_smaller_voxels_show_more_and_larger_ones_average():
    fine, plain, coarse = (texture_tiles(voxel) for voxel in (0.5, 1.0, 2.0))

    assert [len(one[0]) for one in (fine, plain, coarse)] == [128, 64, 32]
    for kind in range(5):
        assert fine[kind].std() > 1.0 > coarse[kind].std()
        halves = fine[kind].reshape(64, 2, 64, 2, 64, 2).mean(axis=(1, 3, 5))
        assert halves.std() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("kind", [1, 2])
def test_trabeculae_run_along_the_spine(kind):
    tile = texture_tiles(1.0)[kind].astype(np.float64)
    along, across = (np.mean(tile * np.roll(tile, 1, axis)) for axis in (0, 2))

    assert along > across + 0.1


def test_sparse_bone_is_coarser_than_dense_bone():
    dense, sparse = texture_tiles(1.0)[1:3].astype(np.float64)
    near = [np.mean(tile * np.roll(tile, 2, axis=2)) for tile in (dense, sparse)]

    assert near[1] > near[0] + 0.05
    assert np.mean(sparse**3) > 0.5  # few bright struts before a dark ground


def test_places_in_the_patient_do_not_depend_on_voxels():
    wide, narrow = tile_index(-40.0, 50, 2.0, 64), tile_index(-40.0, 100, 1.0, 64)

    np.testing.assert_array_equal(wide, narrow[::2])
    assert tile_index(3.0, 1, 0.5, 128)[0] == 6


def test_every_label_has_a_kind():
    kind, spread = kinds()

    assert len(kind) == len(spread) == len(tissues())
    assert kind[label("trabecular_bone")] == SPONGY
    assert kind[label("air")] == -2
    assert spongy_hu() == tissues()[label("trabecular_bone")].hu


def test_waves_and_strands_are_read_by_place():
    places = np.array([0.2, 64.2, 5.0])

    values = ripple(places, 1.0, 2.0)
    assert values[0] == values[1] != values[2]
    long = strands(0.0, 0.0, np.arange(60.0))
    short = strands(np.arange(60.0), 0.0, 0.0)
    assert np.abs(np.diff(long)).mean() < 0.5 * np.abs(np.diff(short)).mean()


def test_places_closer_than_the_tile_are_interpolated():
    fine, whole = np.arange(0.0, 12.0, 0.25)[None], np.arange(12.0)[None]
    values, known = (strands(at, np.array([[3.0]]), 5.0) for at in (fine, whole))

    np.testing.assert_allclose(values[0, ::4], known[0], atol=1e-6)
    np.testing.assert_allclose(values[0, 2], known[0, :2].mean(), atol=1e-6)
