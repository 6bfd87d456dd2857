"""The intervertebral foramen."""

from itertools import pairwise

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import spine_spec

LEVELS = spine_spec().levels

PAIRS = list(pairwise(LEVELS))


def filling(spine, upper: str, side: str) -> np.ndarray:
    """Points (P, 3) in a foramen."""
    shape = spine.spaces[f"{upper} {side} foramen"].shape
    points = np.random.default_rng(0).uniform(*shape.box_mm, (20_000, 3))
    return points[shape.distance_mm(points) < 0]


@pytest.mark.parametrize("side", SIDES)
def test_a_foramen_lies_outside_of_bone_disc_and_joint(drawn, side):
    for upper, lower in PAIRS:
        points = filling(drawn, upper, side)
        bone = np.minimum(
            drawn.bones[upper].distance_mm(points), drawn.bones[lower].distance_mm(points)
        )
        disc = drawn.spaces[f"{upper}-{lower} disc"].shape.distance_mm(points)
        joint = drawn.spaces[f"{upper}-{lower} {side} facet_joint"].shape.distance_mm(points)

        assert np.mean(bone < 0) < 0.06, upper
        assert np.mean(bone < -1.0) < 0.005, upper
        assert np.mean(disc < 0) < 0.01, upper
        assert np.mean(joint < 0) < 0.01, upper


@pytest.mark.parametrize("side", SIDES)
def test_its_root_leaves_through_it(drawn, side):
    for upper, _ in PAIRS:
        post = Posts(drawn.column.vertebrae[upper], side)
        root = drawn.structures[f"{upper} {side} root"].tubes[0].points_mm
        ganglion = root[3]
        shape = drawn.spaces[f"{upper} {side} foramen"].shape

        assert shape.distance_mm(ganglion[None])[0] < -1.0
        outer = drawn.column.bodies[upper].apply(post.pedicle + post.at(40.0, 0.0, -12.0))
        assert shape.distance_mm(outer[None])[0] > 3.0


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
def test_it_is_as_high_and_as_wide_as_one(mean, upper, lower):
    """Height between pedicles 15-21 (texts), width above 6.0-8.1 and more (GKAS18 PMC6362883)."""
    spec, body = mean.column.vertebrae[upper], mean.column.bodies[upper]
    post = Posts(spec, "left")
    shape = mean.spaces[f"{upper} left foramen"].shape
    steps = np.arange(-40.0, 40.0, 0.05)
    under = body.apply(post.pedicle)
    down = under + steps[:, None] * body.matrix[:3, 2]
    height = 0.05 * (shape.distance_mm(down) < 0).sum()
    beside = body.apply(post.pedicle - [0.0, 0.0, 0.5 * spec.pedicle_height_mm + 4.0])
    across = beside + steps[:, None] * body.matrix[:3, 1]
    width = 0.05 * (shape.distance_mm(across) < 0).sum()

    assert 10.0 < height < 23.0
    assert 6.0 < width < 13.0


def test_it_opens_into_the_canal(mean):
    for upper, _ in PAIRS:
        points = filling(mean, upper, "left")
        inside = mean.spaces["canal"].shape.distance_mm(points) < 0

        assert 0.02 < inside.mean() < 0.5
