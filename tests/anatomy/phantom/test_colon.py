"""The colon: its frame, its haustra and what it holds."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.colon import colon, segments
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit


@pytest.fixture(scope="module")
def room(mean) -> Room:
    return Room(mean.column, Trunk(mean.column, mean.spec.trunk))


def drawn(room, seed):
    return list(colon(room, np.random.default_rng(seed)))


def test_it_runs_up_on_the_right_across_in_front_and_down_on_the_left(room):
    line = np.concatenate([one.points_mm for one in segments(room, np.random.default_rng(0))])
    first = line[:8].mean(axis=0)
    highest = line[line[:, 2].argmax()]

    assert first[0] < -50.0
    assert highest[0] > 80.0  # the splenic flexure
    assert line[-1, 2] < room.column.bodies["S1"].matrix[2, 3] - 90.0
    assert abs(line[-1, 0]) < 12.0
    front = line[np.abs(line[:, 0]) < 30.0]
    front = front[front[:, 2] > -40.0]
    assert (front[:, 1] < -55.0).all()


def test_haustra_swell_by_a_quarter_or_more_between_folds(room):
    for one in segments(room, np.random.default_rng(2)):
        inner = one.radius_mm[1:-1]
        if len(inner) >= 4:
            assert inner.max() / inner.min() > 1.2


def test_the_seed_draws_contents_and_the_same_ones_again(room):
    first, again, other = (
        [one.filling for one in segments(room, np.random.default_rng(seed))] for seed in (4, 4, 5)
    )

    assert first == again
    assert first != other
    fillings = [one.filling for n in range(20) for one in segments(room, np.random.default_rng(n))]
    assert {"gas", "stool", "little"} == set(fillings)
    assert 0.25 < np.mean([one == "gas" for one in fillings]) < 0.6


def test_gas_and_bubbles_lie_within_the_bowel(room):
    found = drawn(room, 1)
    walls = [Implicit.of(one.rows) for one in found if one.tissue == "bowel" and one.hu is None]
    gas = [one for one in found if one.tissue == "bowel_gas"]
    points = np.concatenate([np.stack(one.rows)[:, 3:6] for one in gas])

    assert len(gas) > 4
    assert (np.min([one.distance_mm(points) for one in walls], axis=0) < 0).all()
