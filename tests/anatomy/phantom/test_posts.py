"""Directions that shape and nerves share."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.phantom.bone import vertebra_shape
from needle_sim.anatomy.phantom.posts import GROOVE_AXIS_MM, SIDES, Posts, on_bone
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, box

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


@pytest.mark.parametrize("side", SIDES)
def test_a_filled_groove_is_so_much_shallower_and_the_transverse_process_stays(side):
    spec = spine_spec().vertebrae["L4"]
    plain, filled = (Posts(replace(spec, neck_fill_mm=fill), side) for fill in (0.0, 2.0))

    floors = [
        on_bone(one, vertebra_shape(one.spec), one.neck, off_mm=0.0) for one in (plain, filled)
    ]

    assert (floors[1] - floors[0]) @ plain.groove_out == pytest.approx(2.0, abs=0.1)
    np.testing.assert_array_equal(filled.tp_tip, plain.tp_tip)


def test_a_side_that_is_none_is_refused():
    with pytest.raises(InputError, match="side must be left or right, got 'up'"):
        _ = Posts(spine_spec().vertebrae["L4"], "up").sign


@pytest.mark.parametrize(("beside_mm", "off_mm"), [(-0.2, 0.0), (0.2, 0.0), (0.2, 0.7)])
def test_a_place_over_a_groove_whose_bone_ends_beside_it_is_the_nearest_one(beside_mm, off_mm):
    post = Posts(spine_spec().vertebrae["L4"], "left")
    out = post.groove_out
    aside = np.cross(out, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside)
    near = post.neck_point(1.0)
    middle = near - (8.0 - GROOVE_AXIS_MM) * out - (3.0 + beside_mm) * aside
    bone = Implicit.of([box((3.0, 3.0, 3.0), centre_mm=middle, axes=(aside, out), round_mm=1.0)])

    at = on_bone(post, bone, near, off_mm=off_mm)

    assert float(bone.distance_mm(at[None])[0]) == pytest.approx(off_mm, abs=0.02)
    with pytest.raises(InputError, match="misses the shape"):
        on_bone(post, bone, near + 6.0 * aside, off_mm=off_mm)
