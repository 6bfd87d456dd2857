"""Tips of the processes, and the isthmus."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.processes import (
    inferior_tip,
    mamillary_tip,
    process_landmarks,
    tip,
)
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar

LEVELS = spine_spec().levels[:-1]
LUMBAR = [level for level in LEVELS if level.startswith("L")]


def test_tips_lie_on_the_bone_in_their_order(drawn):
    for level in LEVELS:
        spec, bone = drawn.column.vertebrae[level], drawn.own[level]
        for side in SIDES:
            post = Posts(spec, side)
            found = process_landmarks(post, bone) | {"mamillary_tip": mamillary_tip(post, bone)}

            assert np.abs(bone.distance_mm(np.stack(list(found.values())))).max() < 0.01
            assert found["mamillary_tip"][2] > found["accessory_tip"][2] + 3.0
            assert found["accessory_tip"][2] > found["pars_isthmus"][2] > found["iap_tip"][2]
            assert abs(found["tp_tip"][0]) > abs(found["accessory_tip"][0])


def test_the_end_of_a_transverse_process_is_as_tall_as_its_sizes_say(drawn):
    for level in LUMBAR:
        spec = drawn.column.vertebrae[level]
        found = process_landmarks(Posts(spec, "left"), drawn.own[level])
        tall = found["tp_tip_upper"] - found["tp_tip_lower"]

        assert 0.6 * spec.tp_height_mm < tall[2] < 1.02 * spec.tp_height_mm
        assert abs(abs(found["tp_tip"] - found["tp_tip_upper"])[0] - 3.0) < 1e-6


def test_the_isthmus_is_as_thick_as_a_lamina(mean):
    for level in LEVELS:
        post, bone = Posts(mean.column.vertebrae[level], "left"), mean.own[level]
        back = process_landmarks(post, bone)["pars_isthmus"]
        inwards = back - np.arange(0.5, 30.0, 0.1)[:, None] * np.array([0.0, 1.0, 0.0])
        thick = 0.5 + 0.1 * int(np.argmax(bone.distance_mm(inwards) > 0))

        assert 3.0 < thick < 16.0  # lamina 5-7 mm at right angles, cut obliquely


def test_the_tip_of_a_ball_is_its_pole():
    ball = Implicit.of([bar([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], (2.0, 2.0))])

    found = tip(ball, np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]))

    assert np.abs(found - [1.0, 4.0, 3.0]).max() < 1e-3


def test_an_inferior_process_whose_middle_the_canal_takes_ends_behind_it(mean):
    """An L1 whose canal reaches into its inferior processes; none is drawn like that."""
    spec = replace(mean.column.vertebrae["L1"], canal_depth_mm=24.0)
    bone, post = vertebra_shape(spec), Posts(spec, "right")
    end = process_landmarks(post, bone)["iap_tip"]

    assert abs(float(bone.distance_mm(end[None])[0])) < 0.01
    assert post.iap[1] < end[1] < post.iap[1] + 3.1
    assert end[2] < post.iap[2]


def test_an_inferior_process_cut_beside_the_midline_ends_at_its_lowest_place(mean):
    usual, places = mean.column.vertebrae["L1"], []
    for nearer in np.arange(0.0, 5.0, 0.5):  # the recess of the laminae takes its medial part away
        spec = replace(usual, iap_spread_mm=usual.iap_spread_mm - nearer)
        post, bone = Posts(spec, "left"), vertebra_shape(spec)
        at = inferior_tip(post, bone)
        across, deep = np.meshgrid(np.arange(-5.0, 5.1, 0.25), np.arange(-2.5, 2.6, 0.25))
        under = post.iap + np.stack([across, deep, 0 * deep], axis=-1).reshape(-1, 3)
        under[:, 2] = at[2] - 0.4
        places.append(at)

        assert abs(float(bone.distance_mm(at[None])[0])) < 0.01
        assert bone.distance_mm(under).min() > 0.0

    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 1.0


def test_a_bone_without_an_inferior_process_has_no_tip_of_one(mean):
    ball = Implicit.of([bar([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], (2.0, 2.0))])

    with pytest.raises(InputError, match="has no end"):
        inferior_tip(Posts(mean.column.vertebrae["L1"], "left"), ball)


def test_what_stands_beyond_a_mamillary_process_is_not_its_tip(mean):
    post = Posts(mean.column.vertebrae["T11"], "right")
    beyond = post.mamillary + 9.0 * post.sap_across
    knob, wall = (bar(at, at, (1.9, 1.9)) for at in (post.mamillary, beyond))

    found = mamillary_tip(post, Implicit.of([knob, wall]))

    assert np.abs(found - post.mamillary - 1.9 * post.sap_across).max() < 1e-2
