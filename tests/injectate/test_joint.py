from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, box
from needle_sim.injectate import texture
from needle_sim.injectate.front import front
from needle_sim.injectate.joint import JOINT_ML, STEP_MM, Facing, joint_room
from tests.injectate.cases import IN_JOINT, UP

NAME = "L4-L5 left facet_joint"


@pytest.fixture(scope="module")
def room(spine):
    return joint_room(spine, spine.spaces[NAME], texture.drawn(None))


def held_ml(room, most):
    return room.porosity[room.resistance < most].sum() * room.lattice.cell_ml


def test_joint_and_recesses_hold_what_a_joint_does(room):
    assert held_ml(room, 2.0) == pytest.approx(JOINT_ML, rel=0.05)
    # beyond lies room that hardly yields
    assert held_ml(room, 1e9) > JOINT_ML + 0.5
    assert np.median(room.resistance[room.resistance > 4.5]) > 20


def test_recesses_lie_at_the_two_ends(room):
    _, _, z = room.lattice.axes_mm()
    per_slice = (room.porosity * (room.resistance < 2)).sum(axis=(1, 2)) * STEP_MM**2
    middle = per_slice[np.abs(z) < 2].mean()
    for end in (10.0, -10.0):
        assert per_slice[np.abs(z - end) < 1.5].mean() > 1.5 * middle


def test_between_the_cartilages_it_is_a_film_and_under_the_capsule_a_rim(room):
    # the joint is 5 by 8 mm in its plane, x = 20; what lies through it at each place of the plane
    x, y, z = room.lattice.axes_mm()
    open_ = room.porosity * (room.resistance < 2) * (np.abs(x - 20) < 4)
    thick = open_.sum(axis=2) * STEP_MM
    round_it = np.hypot((y[None, :] - 14) / 5, z[:, None] / 8)
    film = thick[round_it < 0.4].mean()
    behind = thick[(np.abs(round_it - 0.95) < 0.1) & (y > 17)[None, :]].mean()
    assert 0.4 < film < 1.3
    assert behind > 1.5 * film


def test_the_cleft_opens_before_rim_and_recesses(spine):
    room = joint_room(spine, spine.spaces[NAME], texture.drawn(None))
    little = front(room, IN_JOINT, UP, 0.1).filled_ml(0.1)
    assert little[room.resistance == 1.0].sum() > 0.6 * little.sum()
    _, _, z = room.lattice.axes_mm()
    assert little[np.abs(z) > 10].sum() == 0


def test_a_joint_has_its_own_directions():
    draw = np.random.default_rng(0).uniform(-1, 1, (4000, 3)) * [5.0, 1.0, 9.0]
    facing = Facing.of(draw + np.array([3.0, 2.0, 1.0]), "joint")
    assert facing.axes[0] == pytest.approx([0, 0, 1], abs=0.05)
    assert np.abs(facing.axes[1]) == pytest.approx([1, 0, 0], abs=0.05)
    assert facing.half_mm == pytest.approx(0.97 * np.array([9.0, 5.0, 1.0]), rel=0.05)
    assert facing.local_mm(np.array([[3.0, 2.0, 8.0]]))[0] == pytest.approx([7, 0, 0], abs=0.4)


def test_a_joint_without_room_is_refused(spine):
    solid = Implicit.of([box((0.8, 4.0, 6.0), centre_mm=[25.0, 14.0, 0.0], blend_mm=0.0)])
    space = Space(NAME, "facet_joint", solid, "constructed")
    with pytest.raises(InputError, match="no room between its bones; choose another joint"):
        joint_room(replace(spine, spaces={space.name: space}), space, texture.drawn(None))
