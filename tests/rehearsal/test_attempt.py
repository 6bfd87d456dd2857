"""One attempt: the recipe's way in, reduced where the volume ends, and where heat is looked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.geometry.shapes import Tube
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.sightline import angles_of, towards_detector
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.attempt import Attempt, within_reach
from needle_sim.rehearsal.case import reference_of, target_of
from tests.planning.blocks import Slab, block, straight_target

RFA = Procedure.preset("medial-branch-rfa")
EPIDURAL = Procedure.preset("interlaminar-epidural")


def attempt(tilt_deg: float, height_mm: float, **body: float) -> Attempt:
    """A target at a height in the block, to be met at a caudal tilt."""
    at = np.array([0.0, 0.0, height_mm])
    target = straight_target(
        centre_mm=at,
        approach=-towards_detector(0.0, tilt_deg),
        nerve_mm=None,
        window_mm=None,
        ventral_mm=None,
    )
    return Attempt(RFA, block(**body), target, "L5", "right")


def test_a_recipe_whose_entry_lies_in_the_volume_is_kept():
    way = attempt(-40.0, 0.0).plan()
    assert way.steepest_deg is None
    assert way.notes == ()
    assert angles_of(-way.plan.placed.trajectory.axis)[1] == pytest.approx(-40.0, abs=0.5)


def test_a_tilt_that_would_leave_the_volume_is_reduced_and_both_angles_are_said():
    """Skin at y 61, lower edge at z -81: from 40 mm above it, at most 31 degrees caudal fit."""
    way = attempt(-45.0, -40.0).plan()
    most = np.degrees(np.arctan2(81 - 40, 61))
    reduced = angles_of(-way.plan.placed.trajectory.axis)[1]
    assert -most <= reduced <= -most + 5.0
    (note,) = way.notes
    assert "45° caudal" in note
    assert f"{-way.steepest_deg:.0f}°" in note


def test_a_body_that_fills_the_volume_blocks_and_says_so():
    way = attempt(0.0, 0.0, skin_y_mm=90.0).plan()
    assert way.plan is None
    assert "outside the volume" in way.blocked


def test_heat_is_looked_for_on_the_surface_and_the_centreline_of_a_nerve():
    tube = Tube(np.array([[0.0, 10.0, -100.0], [0.0, 10.0, 100.0]]), np.full(2, 3.0))
    points = within_reach(Structure("L5 right root", "root", (tube,), "constructed"), np.zeros(3))
    away = np.linalg.norm(points[:, :2] - [0.0, 10.0], axis=1)
    assert np.unique(np.round(away, 6)).tolist() == [0.0, 3.0]
    assert np.linalg.norm(points, axis=1).min() == pytest.approx(7.0, abs=0.05)
    assert np.abs(points[:, 2]).max() <= 40.0


def test_a_nerve_far_away_is_not_looked_at():
    tube = Tube(np.array([[0.0, 90.0, -10.0], [0.0, 90.0, 10.0]]), np.full(2, 3.0))
    far = Structure("S1 left root", "root", (tube,), "constructed")
    assert len(within_reach(far, np.zeros(3))) == 0


def test_without_a_plan_nothing_is_heated():
    assert attempt(0.0, 0.0).heat(None) == (None, None, {})


def test_the_needle_is_the_one_of_the_procedure():
    short = replace(RFA, needles=("rf_20g_10mm",))
    way = replace(attempt(-20.0, 0.0), recipe=short).plan()
    assert way.plan.placed.needle.gauge == 20


def deep(depth_mm: float, bones: object = None, **changes: object) -> Attempt:
    """A target so deep under skin at y 61, to be met straight from behind by a Tuohy."""
    at = np.array([0.0, 61.0 - depth_mm, 0.0])
    goal = straight_target(
        centre_mm=at, radius_mm=3.0, nerve_mm=None, window_mm=None, ventral_mm=None
    )
    return Attempt(EPIDURAL, block(bones=bones), goal, "L5", "right", **changes)


@pytest.mark.parametrize(
    ("depth_mm", "needle"),
    [(80.0, "tuohy_18g_90mm"), (87.0, "tuohy_18g_120mm"), (117.0, "tuohy_18g_150mm")],
)
def test_the_first_needle_that_reaches_with_its_hub_off_the_skin_is_taken(depth_mm, needle):
    way = deep(depth_mm).plan()
    assert way.needle == needle
    assert way.plan.target_error_mm < 0.5
    assert way.plan.depth_mm <= way.plan.placed.needle.length_mm - 5.0
    short = [note for note in way.notes if "too short" in note]
    assert len(short) == EPIDURAL.needles.index(needle)


def test_a_short_needle_is_not_kept_for_a_worse_place_of_its_tip():
    """Round a bone on the straight way the centre is 85.7 mm deep: 85 mm come 2 mm off it."""
    bone = {"L5": Slab((-9.0, 25.0, -60.0), (60.0, 27.0, 60.0))}
    kept = deep(84.0, bone, needle="tuohy_18g_90mm").plan()
    assert kept.plan.target_error_mm > 1.5
    assert kept.plan.depth_mm <= 85.0
    taken = deep(84.0, bone).plan()
    assert taken.needle == "tuohy_18g_120mm"
    assert taken.plan.target_error_mm < 0.8
    assert "a 90 mm needle is too short here for the best path" in taken.notes


@pytest.mark.parametrize(
    ("name", "level", "side", "variant"),
    [
        ("transforaminal-epidural", "L1-L2", "left", "supraneural"),
        ("transforaminal-epidural", "L4-L5", "right", None),
        ("interlaminar-epidural", "L4-L5", "left", None),
        ("medial-branch-rfa", "L4", "right", None),
    ],
)
def test_a_planned_path_keeps_the_recipes_margin_from_every_kind(
    phantom, name, level, side, variant
):
    """At the left L1-L2 foramen the radiculomedullary artery is at least 2 mm away."""
    recipe = Procedure.preset(name).at(level, variant)
    goal = target_of(recipe, phantom, level, side, None)
    way = Attempt(recipe, phantom, goal, reference_of(phantom, goal), side).plan()
    least = dict.fromkeys(recipe.margins_mm, np.inf)
    for placed in way.plan:
        for one, gap in clearances_mm(phantom, placed).items():
            kind = phantom.structures[one].kind if one in phantom.structures else one
            least[kind] = min(gap, least.get(kind, np.inf))
    lacking = {
        kind: gap for kind, gap in least.items() if gap < recipe.margins_mm.get(kind, 0.0) - 0.05
    }
    assert lacking == {}
    if level == "L1-L2":
        assert 1.95 <= least["vessel"] < 10.0
