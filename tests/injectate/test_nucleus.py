import numpy as np
import pytest

from needle_sim.injectate.nucleus import NUCLEUS_ML, SHAPES, disc_room


@pytest.fixture(scope="module")
def drawn(spine):
    """A room of each shape."""
    found = {}
    for seed in range(12):
        room, words = disc_room(spine, spine.spaces["L4-L5 disc"], np.random.default_rng(seed))
        found.setdefault(words, room)
    return found


def held_ml(room, most):
    return room.porosity[room.resistance < most].sum() * room.lattice.cell_ml


def test_the_nucleus_holds_what_a_nucleus_does_and_keeps_off_the_rim(drawn):
    # without its soft edge, in a small disc
    assert np.mean([held_ml(one, 1.5) for one in drawn.values()]) == pytest.approx(
        NUCLEUS_ML, rel=0.35
    )
    for room in drawn.values():
        x, y, _ = room.lattice.axes_mm()
        full = room.porosity > 0.35
        assert np.abs(x[full.any(axis=(0, 1))]).max() < 0.95 * 22
        assert np.ptp(y[full.any(axis=(0, 2))]) < 0.95 * 32


def test_every_shape_of_a_sound_nucleus_is_drawn(drawn):
    assert set(drawn) == set(SHAPES)


def test_two_layers_have_a_cleft_between_them_and_one_lump_has_none(drawn):
    def core(shape):
        room = drawn[shape]
        x, y, z = room.lattice.axes_mm()
        within = (np.abs(x)[None, :] < 6) & (np.abs(y + 28)[:, None] < 5)
        return room.porosity[:, within].mean(axis=1), np.abs(z + 20)

    for shape, most in (("two layers", 0.5), ("one lump", np.inf)):
        mean, off = core(shape)
        ratio = mean[off < 0.4].mean() / mean[np.abs(off - 2.2) < 0.7].mean()
        assert ratio < most
        assert shape == "two layers" or ratio > 0.8


def test_it_is_flat_above_and_below(drawn):
    # an ellipsoid has half its height where it is 0.87 of its width; this has more
    room = drawn["two layers"]
    x, _, z = room.lattice.axes_mm()
    high = (room.porosity > 0.15).any(axis=1)  # from the front
    height = np.array([np.ptp(z[column]) if column.any() else 0.0 for column in high.T])
    wide = np.ptp(x[height > 0])
    there = np.abs(np.abs(x - x[height > 0].mean()) - 0.87 * 0.5 * wide) < 1.0
    assert height[there].mean() > 0.55 * height.max()


def test_it_is_mottled(drawn):
    for room in drawn.values():
        inner = room.porosity[(room.resistance == 1.0) & (room.porosity > 0.2)]
        assert inner.std() > 0.15 * inner.mean()
