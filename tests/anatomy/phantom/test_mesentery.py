"""Vessels in the fat between the loops."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.mesentery import vessels_of_bowel
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.trunk import Trunk


@pytest.fixture(scope="module")
def room(mean) -> Room:
    return Room(mean.column, Trunk(mean.column, mean.spec.trunk))


def test_all_lie_within_the_wall_and_before_the_spine(mean, room):
    tubes = [one for branch in vessels_of_bowel(room, 3) for one in branch]
    points = np.concatenate([one.points_mm for one in tubes])

    assert room.trunk.cavity_mm(points).max() < -3.0
    for level in ("L1", "L2", "L3", "L4", "L5"):
        # no needle from behind meets them: all lie before the front of the bodies
        assert mean.bones[level].distance_mm(points).min() > 8.0
    assert len(tubes) > 100


def test_the_seed_alone_draws_their_ways(room):
    first, again, other = (next(iter(vessels_of_bowel(room, seed)))[0] for seed in (1, 1, 2))

    np.testing.assert_array_equal(first.points_mm, again.points_mm)
    assert np.abs(first.points_mm[-1] - other.points_mm[-1]).max() > 1.0


def test_vessels_taper(room):
    for branch in vessels_of_bowel(room):
        for one in branch:
            assert (np.diff(one.radius_mm) < 0).all()
