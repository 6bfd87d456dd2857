"""The iliac wings."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES


@pytest.mark.parametrize("side", SIDES)
def test_the_sacroiliac_joint_is_a_narrow_gap(mean, side):
    sacrum, wing = mean.bones["S1"], mean.bones[f"{side} ilium"]
    low = np.maximum(sacrum.box_mm[0], wing.box_mm[0])
    high = np.minimum(sacrum.box_mm[1], wing.box_mm[1])
    points = np.random.default_rng(0).uniform(low, high, (60_000, 3))
    from_both = np.maximum(sacrum.distance_mm(points), wing.distance_mm(points))

    assert from_both.min() > 0.3  # nowhere in both
    assert from_both.min() < 2.0  # and a gap of at most some millimetres


def test_wings_mirror_each_other(mean):
    right, left = mean.bones["right ilium"], mean.bones["left ilium"]
    points = np.random.default_rng(0).uniform(*left.box_mm, (3000, 3))

    assert left.distance_mm(points) == pytest.approx(right.distance_mm(points * [-1, 1, 1]))


def test_the_crests_reach_the_height_of_l4_l5(mean):
    # doi:10.1097/BRS.0b013e318166f58c: from the body of L4 (men) to that of L5 (women)
    top = mean.bones["left ilium"].box_mm[1, 2]
    l4, l5 = (mean.column.bodies[level].matrix[2, 3] for level in ("L4", "L5"))

    assert l5 < top < l4 + 14.0
