"""A sac gives way, is flattened, then narrows, and meets no wall."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.draped import CLEAR_MM, Sac, draped, inscribed
from needle_sim.errors import InputError

HALF_MM = np.array([8.0, 6.0])
TOP_MM = 60.0


def sac():
    """A straight sac, 16 by 12 mm, down the z axis."""
    line = np.stack([np.zeros(41), np.zeros(41), np.linspace(80.0, -80.0, 41)], axis=1)
    return Sac(line, np.tile(HALF_MM, (41, 1)), np.tile([1.0, 0.0, 0.0], (41, 1)))


def between(front, back):
    """Free distance before two walls, each a height (mm) along z that is a bump at z = 0."""

    def free(points):
        _, y, z = np.asarray(points).T
        bump = np.exp(-0.5 * (z / 15.0) ** 2)
        return np.minimum(y + 9.0 - front * bump, 9.0 - back * bump - y)

    return free


def test_in_a_wide_canal_a_sac_stays_as_it_is():
    given = sac()

    assert draped(given, between(0.0, 0.0), below_mm=TOP_MM) is given


def test_circles_lie_in_their_ellipse_and_touch_it():
    beside, radius = inscribed(np.array([8.0]), np.array([3.0]))
    angle = np.linspace(0.0, 2.0 * np.pi, 721)
    x = beside + radius * np.cos(angle)
    y = radius * np.sin(angle)
    inside = (x / 8.0) ** 2 + (y / 3.0) ** 2

    assert inside.max() == pytest.approx(1.0, abs=1e-3)
    assert (inside.max(axis=1) > 0.99).all()


def test_a_sac_gives_way_to_a_wall_as_long_as_there_is_room_behind():
    found = draped(sac(), between(5.0, 0.0), below_mm=TOP_MM)
    middle = len(found.line_mm) // 2

    assert found.line_mm[middle, 1] > 1.0
    assert found.half_mm[middle].prod() > 0.95 * HALF_MM.prod()
    np.testing.assert_allclose(found.line_mm[[0, -1]], sac().line_mm[[0, -1]])


def test_between_two_walls_it_is_flattened_and_keeps_its_width():
    """18 mm less 5 mm on both sides leave 8 mm: as deep it is, but for what stays clear."""
    found = draped(sac(), between(5.0, 5.0), below_mm=TOP_MM)
    wide, deep = found.half_mm[len(found.half_mm) // 2]

    assert 2.0 * deep == pytest.approx(8.0 - 2.0 * CLEAR_MM, abs=0.8)
    assert wide > 0.95 * HALF_MM[0]


def test_it_meets_no_wall():
    free = between(7.0, 2.0)
    for tube in draped(sac(), free, below_mm=TOP_MM).finer(4).tubes:
        beside = tube.points_mm[:, 2] < TOP_MM - 5.0
        assert (free(tube.points_mm[beside]) > tube.radius_mm[beside]).all()


def test_without_room_it_is_refused():
    with pytest.raises(InputError, match="no room is left for the dural sac; ask for less"):
        draped(sac(), between(9.0, 8.5), below_mm=TOP_MM)
