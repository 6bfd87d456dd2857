"""The state says what an operator can know, and nothing of what only the simulation knows."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from needle_sim.planning.sightline import angles_of
from needle_sim.rehearsal.state import State
from tests.rehearsal.driving import begun, inserted, planned


def test_at_the_start_nothing_has_been_done():
    state = begun().state
    assert (state.t_s, state.exposures, state.fluoro_s, state.needle_pass) == (0.0, 0, 0.0, 0)
    assert state.depth_mm is state.mark_mm is state.declared is state.outcome is None
    assert state.hub_deg is None
    assert not state.live
    assert not state.heated


def test_in_the_skin_depth_hub_and_view_are_known():
    made = inserted()
    state = made.state
    assert state.depth_mm == pytest.approx(5.0)
    assert state.hub_deg == pytest.approx(
        angles_of(-planned("interlaminar-epidural")[0].trajectory.axis)
    )
    assert state.declared == f"{made.side} {made.level}"
    assert state.needle == "tuohy_18g_90mm"
    made.withdraw(50.0)
    assert made.state.depth_mm is made.state.hub_deg is None


def test_the_plunger_tells_only_with_the_stylet_out():
    made = inserted()
    made.advance(10.0)
    assert made.state.force_n > 0
    assert made.state.pressure_kpa is None
    made.do("stylet", inside=False)
    assert made.state.pressure_kpa > 0
    made.withdraw(1.0)
    assert made.state.pressure_kpa is None
    assert made.state.force_n == 0.0


def test_the_view_is_that_of_the_recipe_within_its_tolerance_from_either_side():
    made = begun()
    orbital, tilt = angles_of(made.scope.ways["lateral"])
    for turned, name in ((0.0, "lateral"), (11.0, "lateral"), (13.0, None), (180.0, "lateral")):
        at = (orbital + turned + 180.0) % 360.0 - 180.0
        assert made.do("carm", orbital_deg=at, tilt_deg=tilt).view == name


def test_nothing_in_it_knows_the_target():
    names = {one.name for one in fields(State)}
    assert not {name for name in names if "target" in name or "error" in name or "score" in name}


def test_rows_and_facts_are_plain_and_finite():
    state = inserted().state
    for value in state.to_row().values():
        assert value is None or math.isfinite(value)
    assert all(isinstance(value, str) for value in state.facts().values())
    assert state.facts()["needle"] == "tuohy_18g_90mm, 5.0 mm deep, pass 1"
