"""Rims and walls of a vertebral body."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.ribs import ribs
from needle_sim.anatomy.phantom.rims import (
    corner,
    corner_landmarks,
    endplate_landmarks,
    side_wall_landmarks,
    wall_landmarks,
)
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape

LEVELS = spine_spec().levels[:-1]


@pytest.mark.parametrize("half", [(20.0, 20.0), (24.0, 17.0)])
def test_at_a_corner_the_outline_runs_at_45_degrees(half):
    lateral, depth = corner(np.array(half))

    assert (lateral / half[0]) ** 2.5 + (depth / half[1]) ** 2.5 == pytest.approx(1.0)
    slope = (lateral / half[0]) ** 1.5 / half[0], (depth / half[1]) ** 1.5 / half[1]
    assert slope[0] == pytest.approx(slope[1])


@pytest.mark.parametrize("level", LEVELS)
def test_they_lie_on_the_bone_and_measure_the_body(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    found = endplate_landmarks(spec, bone) | wall_landmarks(spec, bone)
    for side in SIDES:
        post = Posts(spec, side)
        of_side = corner_landmarks(post, bone) | side_wall_landmarks(post, bone)
        found |= {f"{side} {name}": at for name, at in of_side.items()}

    assert np.abs(bone.distance_mm(np.stack(list(found.values())))).max() < 0.01
    width = found["superior_endplate_left"][0] - found["superior_endplate_right"][0]
    depth = found["superior_endplate_posterior"][1] - found["superior_endplate_anterior"][1]
    front = found["superior_endplate_anterior"][2] - found["inferior_endplate_anterior"][2]
    rounding = 2.0  # of a rim: its diagonal lies 0.6 mm within each of two faces
    assert spec.upper_width_mm - rounding < width < spec.upper_width_mm
    assert spec.upper_depth_mm - rounding < depth < spec.upper_depth_mm
    assert spec.anterior_height_mm - rounding < front < spec.anterior_height_mm
    waist = found["left body_lateral"][0] - found["right body_lateral"][0]
    assert 0.5 * (spec.upper_width_mm + spec.lower_width_mm) - waist == pytest.approx(
        2.0 * spec.waist_mm, abs=0.05
    )


def test_a_rib_joins_where_its_head_is(mean):
    """Within the width of a rib's head of it, and none where there is no rib."""
    spec, bone = mean.column.vertebrae["T12"], mean.own["T12"]
    heads = dict(ribs(mean.column, mean.spec.trunk))
    without = dataclasses.replace(spec, rib_length_mm=0.0)
    for side in SIDES:
        at = side_wall_landmarks(Posts(spec, side), bone)["costal_facet"]
        there = mean.column.bodies["T12"].apply(at)[None]

        assert heads[f"T12 {side} rib"].distance_mm(there)[0] < 3.0
        shape = vertebra_shape(without)
        assert "costal_facet" not in side_wall_landmarks(Posts(without, side), shape)
