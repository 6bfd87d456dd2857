import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.casting.layout import laid_out


@pytest.fixture
def blob():
    """A ball in a box, with a hole and a lone voxel in a corner."""
    i, j, k = np.indices((9, 11, 13)) - np.array([4, 5, 6])[:, None, None, None]
    away = np.sqrt(i**2 + j**2 + k**2)
    density = np.where((away < 4.2) & (away > 1.5), 1.0 + 0.1 * away, 0.0).astype(np.float32)
    density[0, 0, 0] = 2.5
    return density


@pytest.mark.kernel
def test_a_grid_comes_back_whole_with_a_border_of_zeros(blob):
    rows, turned = laid_out(blob)
    assert np.array_equal(rows.dense(), np.pad(blob, 1))
    assert np.array_equal(turned.dense(), np.pad(blob, 1).transpose(0, 2, 1))


def test_rows_keep_only_what_they_and_their_neighbours_fill(blob):
    rows, _ = laid_out(blob)
    padded = np.pad(blob, 1) != 0
    near = padded.copy()
    for axis in (0, 1):  # rows are blended with those next to them along i or j
        for way in (1, -1):
            near |= np.roll(padded, way, axis=axis)
    spans = [np.ptp(np.flatnonzero(row)) + 1 for row in near.reshape(-1, 15) if row.any()]
    assert rows.values.size == sum(spans)
    assert rows.nbytes < 2 * blob.nbytes


def test_every_value_that_a_pair_of_rows_asks_for_is_there(blob):
    rows, turned = laid_out(blob)
    for layout, axes in ((rows, (0, 1)), (turned, (0,))):
        whole = layout.dense().reshape(-1, layout.shape[2])
        number = np.arange(len(whole)).reshape(layout.shape[:2])
        for axis in axes:
            here = np.delete(number, -1, axis=axis).reshape(-1)
            there = np.delete(number, 0, axis=axis).reshape(-1)
            for one, other in zip(here, there, strict=True):
                ends = layout.filled[[one, other]][layout.filled[[one, other], 1] > 0]
                if len(ends):
                    span = np.arange(ends[:, 0].min(), ends[:, 1].max())
                    for n in (one, other):
                        found = layout.values[layout.origin[n] + span] * layout.scale
                        assert np.array_equal(found, whole[n, span])


def test_sixteen_bits_take_half_the_memory_and_round_to_half_a_step(blob):
    whole, small = laid_out(blob)[0], laid_out(blob, storage="int16")[0]
    assert small.values.nbytes * 2 == whole.values.nbytes
    assert small.values.max() == np.iinfo(np.int16).max
    off = np.abs(small.dense() - whole.dense()).max()
    assert 0 < off <= 0.5001 * 2.5 / 32767


def test_an_empty_grid_holds_nothing():
    rows, turned = laid_out(np.zeros((2, 3, 4), np.float32), storage="int16")
    assert rows.values.size == turned.values.size == 0
    assert not rows.dense().any()


def test_what_is_no_density_is_refused(blob):
    with pytest.raises(InputError, match="storage must be one of float32, int16, got 'int8'"):
        laid_out(blob, storage="int8")
    for wrong in (-0.1, np.nan, np.inf):
        broken = blob.copy()
        broken[4, 5, 9] = wrong
        with pytest.raises(InputError, match="finite and 0 or more"):
            laid_out(broken)
