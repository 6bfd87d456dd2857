"""Duodenum and loops."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.small_bowel import small_bowel
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit


@pytest.fixture(scope="module")
def room(mean) -> Room:
    return Room(mean.column, Trunk(mean.column, mean.spec.trunk))


def test_the_duodenum_crosses_before_the_great_vessels_at_l3(mean, room):
    duodenum = Implicit.of(next(iter(small_bowel(room, np.random.default_rng(0)))).rows)
    at_l3 = mean.column.bodies["L3"].matrix[:3, 3]
    line = at_l3 + np.array([[0.0, -y, 2.0] for y in range(20, 80)])
    inside = line[duodenum.distance_mm(line) < 0]

    assert len(inside) > 6
    for name in ("aorta", "inferior_vena_cava"):
        assert mean.structures[name].distance_mm(inside).min() > 0.0


def test_loops_have_a_wall_and_the_seed_bends_them(room):
    first, again, other = (
        [one for one in small_bowel(room, np.random.default_rng(seed)) if one.tissue == "bowel"]
        for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(np.stack(first[3].rows), np.stack(again[3].rows))
    assert not np.array_equal(np.stack(first[3].rows), np.stack(other[3].rows))
    wall, lumen = (Implicit.of(one.rows) for one in first[1:3])
    middles = np.stack(first[1].rows)[:, 3:6]
    np.testing.assert_allclose(
        lumen.distance_mm(middles) - wall.distance_mm(middles), 2.2, atol=0.8
    )


def test_loops_keep_before_the_spine(mean, room):
    for one in small_bowel(room, np.random.default_rng(3)):
        if one.tissue == "bowel":
            middles = np.stack(one.rows)[:, 3:6]
            for level in ("L2", "L3", "L4", "L5"):
                assert mean.bones[level].distance_mm(middles).min() > 10.0
