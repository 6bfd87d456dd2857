from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, box
from needle_sim.injectate import texture
from needle_sim.injectate.enclosed import JOINT_ML, NUCLEUS_ML, STEP_MM, disc_room, joint_room


def held_ml(room, most):
    return room.porosity[room.resistance < most].sum() * room.lattice.cell_ml


def test_joint_and_recesses_hold_what_a_joint_does(spine):
    room = joint_room(spine, spine.spaces["L4-L5 left facet_joint"], texture.drawn(None))
    assert held_ml(room, 2.0) == pytest.approx(JOINT_ML, rel=0.05)
    # beyond lies room that hardly yields
    assert held_ml(room, 1e9) > JOINT_ML + 0.5
    assert np.median(room.resistance[room.resistance > 4.5]) > 20


def test_recesses_lie_at_the_two_ends(spine):
    room = joint_room(spine, spine.spaces["L4-L5 left facet_joint"], texture.drawn(None))
    _, _, z = room.lattice.axes_mm()
    per_slice = (room.porosity * (room.resistance < 2)).sum(axis=(1, 2)) * STEP_MM**2
    middle = per_slice[np.abs(z) < 2].mean()
    for end in (8.0, -8.0):
        assert per_slice[np.abs(z - end) < 1.5].mean() > 1.5 * middle


def test_a_joint_without_room_is_refused(spine):
    solid = Implicit.of([box((0.8, 4.0, 6.0), centre_mm=[25.0, 14.0, 0.0], blend_mm=0.0)])
    space = Space("L4-L5 left facet_joint", "facet_joint", solid, "constructed")
    with pytest.raises(InputError, match="no room between its bones; choose another joint"):
        joint_room(replace(spine, spaces={space.name: space}), space, texture.drawn(None))


def test_the_nucleus_holds_what_a_nucleus_does_and_keeps_off_the_rim(spine):
    room, _ = disc_room(spine, spine.spaces["L4-L5 disc"], texture.drawn(None))
    assert held_ml(room, 1.5) == pytest.approx(NUCLEUS_ML, rel=0.5)
    x, y, _ = room.lattice.axes_mm()
    full = room.porosity > 0.5
    assert np.abs(x[full.any(axis=(0, 1))]).max() < 0.85 * 22
    assert np.ptp(y[full.any(axis=(0, 2))]) < 0.85 * 32


def test_both_shapes_of_a_sound_nucleus_are_drawn(spine):
    disc = spine.spaces["L4-L5 disc"]
    found = {}
    for seed in range(8):
        room, words = disc_room(spine, disc, np.random.default_rng(seed))
        found[words] = room
    assert set(found) == {"one lump", "two layers"}
    z = found["two layers"].lattice.axes_mm()[2] + 20.0
    core = found["two layers"].porosity[:, 25:-25, 35:-35].mean(axis=(1, 2))
    lump = found["one lump"].porosity[:, 25:-25, 35:-35].mean(axis=(1, 2))
    # lucent in the middle, dense above and below; one lump is not
    assert core[np.abs(z) < 0.4].mean() < 0.5 * core[np.abs(np.abs(z) - 2.0) < 0.6].mean()
    assert lump[np.abs(z) < 0.4].mean() > 0.9 * lump[np.abs(np.abs(z) - 2.0) < 0.6].mean()
