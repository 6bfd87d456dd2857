"""Lungs behind the diaphragm, and its crura."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.chest import Recess, breathing, crura
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.trunk import Trunk


@pytest.fixture(scope="module")
def room(mean) -> Room:
    return Room(mean.column, Trunk(mean.column, mean.spec.trunk))


def test_the_recess_is_deepest_behind_and_above_and_gone_at_l1(room):
    def thick(level, y):
        z = room.column.bodies[level].matrix[2, 3]
        line = np.column_stack([np.linspace(40, 150, 441), np.full(441, y), np.full(441, z)])
        return 0.25 * (Recess(room).distance_mm(line) < 0).sum()

    assert thick("T10", 10.0) > thick("T11", 10.0) > thick("T12", 10.0) >= 0.0
    assert thick("T11", 10.0) > 8.0
    assert thick("T11", -60.0) == 0.0
    assert thick("L1", 10.0) == 0.0


def test_lungs_lie_within_the_diaphragm_beside_the_spine_and_inside_the_wall(room):
    (_, diaphragm), (_, lung) = breathing(room)
    points = np.random.default_rng(0).uniform([-150, -90, 60], [150, 60, 185], (40_000, 3))
    inside = points[lung.distance_mm(points) < 0]

    assert len(inside) > 1000
    assert (diaphragm.distance_mm(inside) < 0).all()
    assert (room.trunk.cavity_mm(inside) < -1.9).all()
    assert (np.abs(inside[:, 0]) > 24.0).all()
    low, high = lung.box_mm
    assert ((inside > low) & (inside < high)).all()


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_what_lies_under_a_dome_bulges_into_the_lung_behind_it(room, side):
    z = room.column.bodies["T10"].matrix[2, 3]

    def front(aside):
        """The foremost of the lung (y) so far beside the spine."""
        y = np.linspace(-60.0, 60.0, 961)
        line = np.column_stack([np.full(961, side * aside), y, np.full(961, z)])
        return y[Recess(room).distance_mm(line) < 0].min()

    assert front(60.0) > front(30.0) + 2.0
    assert front(60.0) > front(95.0) + 2.0


def test_the_crura_flank_the_aorta_and_keep_off_the_bodies(mean, room):
    for one, sign in zip(crura(room), (1.0, -1.0), strict=True):
        shape = room.inside(one)
        aorta = mean.structures["aorta"].tubes[0]
        assert shape.distance_mm(aorta.points_mm).min() > 0.0
        body = mean.column.bodies["L1"].matrix[:3, 3]
        line = body + np.array([[sign * x, y, 0.0] for x in range(0, 40) for y in range(-40, 0)])
        crus = line[shape.distance_mm(line) < 0]
        assert len(crus) > 20
        assert (sign * crus[:, 0] > -3.0).all()
