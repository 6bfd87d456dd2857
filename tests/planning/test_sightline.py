"""Angles of views, squared endplates, and a look down the needle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.sightline import (
    angles_of,
    look_along,
    orbital_of,
    recipe_angles,
    said_from_level,
    squared_tilt_deg,
    towards_detector,
    turned_as_said,
)
from tests.planning.blocks import block

NEEDLE = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0)


def tilted(slope_deg: float, roll_deg: float = 0.0):
    """A block with an endplate that faces ventrally by ``slope_deg``, rolled to one side."""
    slope, roll = np.radians([slope_deg, roll_deg])
    forward = np.array([0.0, -np.cos(slope), -np.sin(slope)])
    left = np.array([np.cos(roll), 0.0, np.sin(roll)])
    names = {"anterior": forward, "posterior": -forward, "left": left, "right": -left}
    places = {f"L5 superior_endplate_{name}": 17.0 * at for name, at in names.items()}
    return replace(block(), landmarks_mm=places)


@pytest.mark.parametrize("slope", [-20.0, 0.0, 15.0, 40.0])
@pytest.mark.parametrize("orbital", [-30.0, 0.0, 20.0, 90.0])
@pytest.mark.parametrize("roll", [0.0, 8.0])
def test_a_squared_endplate_is_seen_edge_on(slope, orbital, roll):
    spine = tilted(slope, roll)
    direction = towards_detector(orbital, squared_tilt_deg(spine, "L5", orbital))
    front, back, left, right = (
        spine.landmark(f"L5 superior_endplate_{name}")
        for name in ("anterior", "posterior", "left", "right")
    )
    normal = np.cross(left - right, back - front)
    assert direction @ normal == pytest.approx(0.0, abs=1e-9)


def test_an_endplate_that_faces_ventrally_wants_cephalad_tilt():
    """L5 faces ventrally; an operator tilts the intensifier towards the head to square it."""
    assert squared_tilt_deg(tilted(25.0), "L5", 0.0) == pytest.approx(25.0)


@given(orbital=st.floats(-179, 179), tilt=st.floats(-80, 80))
@settings(max_examples=60, deadline=None)
def test_angles_and_directions_are_one_thing(orbital, tilt):
    assert angles_of(towards_detector(orbital, tilt)) == pytest.approx((orbital, tilt), abs=1e-6)


@given(orbital=st.floats(-179, 179), tilt=st.floats(-80, 80))
@settings(max_examples=30, deadline=None)
def test_the_direction_is_the_axis_of_the_c_arm(orbital, tilt):
    carm = CArm(isocentre_mm=(0.0, 0.0, 0.0), orbital_deg=orbital, tilt_deg=tilt)
    axis = carm.patient_from_carm.matrix[:3, 2]
    assert towards_detector(orbital, tilt) == pytest.approx(axis, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_down_the_needle_hub_and_tip_fall_on_one_spot(seed):
    rng = np.random.default_rng(seed)
    tip = rng.uniform(-50, 50, 3)
    out = towards_detector(rng.uniform(-60, 60), rng.uniform(-50, 50))
    placed = PlacedNeedle(NEEDLE, Trajectory.straight(tip + 90 * out, tip))
    carm = look_along(placed, CArm(isocentre_mm=(0.0, 0.0, 0.0)))
    hub, end = project_points(carm, np.stack([placed.hub_mm, placed.trajectory.tip_mm]))
    assert hub == pytest.approx(end, abs=1e-6)
    assert end == pytest.approx((np.array(carm.shape) - 1) / 2, abs=1e-6)


def test_left_and_right_mirror():
    spine = tilted(12.0)
    left = recipe_angles(spine, "L5", "left", 20.0, -42.5)
    right = recipe_angles(spine, "L5", "right", 20.0, -42.5)
    assert left[0] == -right[0] == 20.0
    assert left[1] == pytest.approx(right[1])
    assert (orbital_of(20.0, "right"), orbital_of(20.0, "left")) == (-20.0, 20.0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_view_said_from_a_squared_endplate_is_that_of_the_recipe_and_is_said_back(side):
    spine, carm = tilted(20.0, 6.0), CArm((0.0, 0.0, 0.0))
    words = "ipsilateral oblique 25, caudal 10 from squared L5"
    turned = turned_as_said(spine, carm, words, side=side)
    recipe = recipe_angles(spine, "L5", side, 25.0, -10.0)
    assert (turned.orbital_deg, turned.tilt_deg) == pytest.approx(recipe)
    back = said_from_level(spine, turned, "L5", side=side)
    assert back == "ipsilateral oblique 25°, caudal 10° from squared L5"
    assert turned_as_said(spine, carm, back, side=side) == turned


def test_a_squared_view_of_a_supine_patient_is_seen_edge_on_too():
    spine = tilted(15.0)
    turned = turned_as_said(spine, CArm((0.0, 0.0, 0.0)), "PA squared L5", position="supine")
    front, back = (spine.landmark(f"L5 superior_endplate_{n}") for n in ("anterior", "posterior"))
    rows = project_points(turned, [front, back])[:, 0]
    assert rows[0] == pytest.approx(rows[1], abs=1e-9)


def test_an_endplate_that_is_not_known_is_refused():
    with pytest.raises(
        InputError, match="no endplate of L2 is known in this patient; known are L5"
    ):
        turned_as_said(tilted(0.0), CArm((0.0, 0.0, 0.0)), "AP squared L2")
