"""Directions that shape and nerves share."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError

LEVELS = spine_spec().levels

LUMBAR = LEVELS[:-1]


@pytest.mark.parametrize("level", LUMBAR[1:])
@pytest.mark.parametrize("side", SIDES)
def test_the_neck_runs_as_published_electrodes_do(mean, level, side):
    # parallel electrodes: 29-47 degrees lateral, 34-49 caudal (CAMP), P14: 20 oblique, 40-45 caudad
    axis = Posts(mean.column.vertebrae[level], side).needle_axis
    outward = -axis[0] * (1.0 if side == "right" else -1.0)

    assert 20 <= np.degrees(np.arctan2(-outward, -axis[1])) <= 30
    assert 34 <= np.degrees(np.arcsin(axis[2])) <= 49


def test_a_side_that_is_none_is_refused():
    with pytest.raises(InputError, match="side must be left or right, got 'up'"):
        _ = Posts(spine_spec().vertebrae["L4"], "up").sign
