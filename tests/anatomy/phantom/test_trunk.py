"""The outline of the trunk."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.ilium import ilium_shape
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk

LEVELS = spine_spec().levels


@pytest.fixture(scope="module")
def trunk(mean) -> Trunk:
    return Trunk(mean.column, mean.spec.trunk)


@pytest.mark.parametrize("level", ["L2", "L3", "L4"])
def test_the_epidural_space_is_as_deep_as_measured(mean, trunk, level):
    # EWHA96 45 +- 7, Bevacqua 1996 50.9 +- 12: skin to epidural space in the midline
    spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
    between = body.apply([0.0, spec.back_mm + spec.canal_depth_mm, -0.5 * spec.height_mm - 6.0])
    skin = trunk.back_mm(np.linspace(-200, 100, 301))

    depth = np.interp(between[2], np.linspace(-200, 100, 301), skin) - between[1]
    assert 40 <= depth <= 60


def test_skin_lies_behind_every_spinous_process(drawn):
    heights = np.linspace(-200, 200, 401)
    skin = Trunk(drawn.column, drawn.spec.trunk).back_mm(heights)
    for level in LEVELS:
        low, high = drawn.bones[level].box_mm
        behind = skin[(heights > low[2] + 15) & (heights < high[2] - 15)]

        assert behind.min() > high[1] - 8.0  # boxes carry a margin, spinous tips slope


def test_hip_bones_of_a_thin_woman_stay_under_her_skin():
    thin = spine_spec(person=Person("female", None, 18.5))
    stack = column(thin)
    trunk = Trunk(stack, thin.trunk)
    crest = ilium_shape(stack.vertebrae["S1"], thin.sacrum, "left").rows[:, 3:6]

    assert trunk.skin_mm(stack.bodies["S1"].apply(crest)).max() < -6.0
    wide, front = trunk.reach_mm
    beyond = np.array([[wide + 3.0, 0.0, z] for z in range(-220, 150, 10)])
    assert (trunk.skin_mm(beyond) > 0).all()
    assert (trunk.skin_mm(np.array([[0.0, -front - 4.0, -130.0]])) > 0).all()


@pytest.mark.parametrize("bmi", [16.0, 18.0])
def test_the_belly_of_the_thin_is_flat_between_hip_bones_that_stand_out(bmi):
    """In the midline the skin over the pelvis lies no farther forward than over L3 (by 8 mm); at
    the front ends of the hip bones it does."""
    thin = spine_spec(person=Person(sex="female", bmi=bmi))
    trunk = Trunk(column(thin), thin.trunk)
    low = float(trunk.column.bodies["S1"].matrix[2, 3]) - 20.0
    front = -np.arange(0.0, 140.0, 0.5)

    def skin(x, z):
        points = np.stack([np.full_like(front, x), front, np.full_like(front, z)], axis=1)
        return front[trunk.skin_mm(points) < 0].min()

    assert abs(skin(0.0, low) - skin(0.0, 0.0)) < 12.0
    assert skin(110.0, low) < skin(110.0, 0.0) - 15.0


def _skin_front(trunk, x, z):
    """Where the skin lies in front (y) at a place x and height z."""
    front = -np.arange(60.0, 150.0, 0.25)
    points = np.stack([np.full_like(front, x), front, np.full_like(front, z)], axis=1)
    return front[trunk.skin_mm(points) < 0].min()


def test_sides_of_the_skin_differ_by_millimetres_but_not_behind(trunk):
    """A mean of about 2 mm and no more than 12: what is not even, as nobody is, but is one body."""
    turn, z = np.meshgrid(np.linspace(0.2, 2.0, 40), np.linspace(-100.0, 60.0, 20))
    there = np.stack([150.0 * np.sin(turn), -110.0 * np.cos(turn), z], axis=-1).reshape(-1, 3)
    odd = trunk.skin_mm(there) - trunk.skin_mm(there * [-1.0, 1.0, 1.0])

    assert 1.0 < np.abs(odd).mean() < 5.0
    assert np.abs(odd).max() < 12.0
    behind = np.stack([np.full(9, 12.0), np.full(9, 75.0), np.linspace(-60, 60, 9)], axis=1)
    beside = trunk.skin_mm(behind) - trunk.skin_mm(behind * [-1.0, 1.0, 1.0])
    assert np.abs(beside).max() < 1.6


def test_the_belly_has_a_navel_and_is_flatter_over_ribs_and_pubis(mean, trunk):
    height = float(mean.column.station_mm("L4")[0][2])
    navel = _skin_front(trunk, 0.0, height) - _skin_front(trunk, 0.0, height + 25.0)

    assert 4.0 < navel < 14.0
    top, low = (float(mean.column.bodies[one].matrix[2, 3]) for one in ("T10", "S1"))
    middle = _skin_front(trunk, 30.0, height)
    assert _skin_front(trunk, 30.0, top) > middle + 2.0
    assert _skin_front(trunk, 30.0, low - 90.0) > middle + 2.0
