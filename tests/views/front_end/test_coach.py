"""A coach shows the plan where it is, and asks for what the recipe asks for next."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.imaging.xray.carm import project_points
from needle_sim.planning.sightline import angles_of
from needle_sim.views.front_end.coach import Coach
from needle_sim.views.front_end.monitor import on_screen
from tests.rehearsal.driving import (
    EPIDURAL,
    FORAMEN,
    JOINT,
    RFA,
    begun,
    inserted,
    planned,
    to_skin,
    way_of,
)


def knowing(made) -> Coach:
    """A coach with the plan of the default level."""
    coach = Coach(made)
    coach.use(way_of(made.recipe.name))
    return coach


def test_target_and_path_lie_where_the_plan_has_them():
    made = begun(RFA, pictures=True)
    made.do("collimate", width_mm=60.0, height_mm=60.0)
    made.do("shot")
    coach, path = knowing(made), planned(RFA)[0].trajectory
    found = coach.overlay(made.picture)
    assert found["target"][:2] == pytest.approx(
        on_screen(made.picture, made.target.centre_mm).tolist()
    )
    assert found["path"][0] == pytest.approx(on_screen(made.picture, path.entry_mm).tolist())
    assert found["path"][1] == pytest.approx(on_screen(made.picture, path.tip_mm).tolist())
    before = made.recipe.danger.before_target_mm
    assert coach.depths()["danger_mm"] == pytest.approx(path.depth_mm - before)


def test_it_asks_for_the_recipe_step_by_step():
    made = begun(FORAMEN)
    coach = knowing(made)
    asked = [coach.next_step()]
    placed, name = planned(FORAMEN)
    to_skin(made, placed, name)
    deep = placed.trajectory.depth_mm

    def then(do, **given):
        made.do(do, **given)
        asked.append(coach.next_step())

    def view(name):
        orbital, tilt = angles_of(made.scope.ways[name])
        made.do("carm", orbital_deg=orbital, tilt_deg=tilt)
        then("shot")

    asked.append(coach.next_step())
    view("oblique")
    then("advance", mm=deep - 10.0 - made.hand.depth_mm)
    view("lateral")
    then("advance", mm=deep - made.hand.depth_mm)
    view("ap")
    view("lateral")
    made.do("stylet", inside=False)
    then("aspirate")
    orbital, tilt = angles_of(made.scope.ways["ap"])
    made.do("carm", orbital_deg=orbital, tilt_deg=tilt)
    then("contrast", agent="iohexol_240", volume_ml=1.0, mode="live")
    then("inject", agent="dexamethasone", volume_ml=2.0)

    wanted = [
        "Time-out", "Ipsilateral oblique", "danger depth", "Lateral", "the target", "AP:",
        "Lateral", "Aspirate", "1 mL iohexol_240", "Inject 2 mL", "The recipe is done",
    ]  # fmt: skip
    assert [words for words, said in zip(wanted, asked, strict=True) if words not in said] == []


def test_before_the_needle_it_asks_for_view_picture_and_mark():
    made = begun(RFA)
    made.do("declare", procedure=RFA, level=made.level, side=made.side)
    coach, placed = knowing(made), planned(RFA)[0]
    assert "right oblique" in coach.next_step()
    orbital, tilt = angles_of(-placed.trajectory.axis)
    made.do("carm", orbital_deg=orbital, tilt_deg=tilt)
    assert "Take a picture" in coach.next_step()
    made.do("shot")
    assert "Mark the skin" in coach.next_step()
    made.do("mark", point_mm=placed.trajectory.entry_mm.tolist())
    assert "Insert" in coach.next_step()


@pytest.mark.parametrize(("leant", "says"), [(4.0, False), (10.0, True)])
def test_a_needle_that_points_past_the_target_is_told_first(leant, says):
    """10 degrees off at the skin are tan(10) times the depth beside the target."""
    made = inserted(RFA)
    coach, path = knowing(made), planned(RFA)[0].trajectory
    orbital, tilt = angles_of(-path.axis)
    made.do("angle", orbital_deg=orbital, tilt_deg=tilt + leant)
    said = coach.next_step()
    deep = float(np.linalg.norm(made.target.centre_mm - made.hand.entry_mm))
    past = deep * np.sin(np.radians(leant))
    assert (f"points {past:.0f} mm past the target" in said) == (past > 5.0)
    if says:
        assert f"lean the hub to {abs(orbital):.0f}° to the right, {abs(tilt):.0f}°" in said
        made.advance(20.0)
        assert "draw back to 20 mm and lean" in coach.next_step()
        made.withdraw(made.hand.depth_mm - 10.0)
    made.do("angle", orbital_deg=orbital, tilt_deg=tilt)
    assert "past the target" not in coach.next_step()


def test_from_a_place_beside_the_planned_entry_it_asks_for_another_one():
    made = begun(RFA)
    coach, (placed, name) = knowing(made), planned(RFA)
    path = placed.trajectory
    orbital, tilt = angles_of(-path.axis)
    made.do("declare", procedure=RFA, level=made.level, side=made.side)
    made.do("needle", name=name)
    made.do("carm", orbital_deg=orbital, tilt_deg=tilt)
    made.do("shot")
    row, column = project_points(made.scope.carm, path.entry_mm)
    made.mark_at(row, column + 60)
    assert "over the planned entry" in coach.next_step()
    made.insert()
    said = coach.next_step()
    assert "mm past the target: withdraw it, and mark the skin" in said
    made.withdraw(50.0)
    assert "Mark the skin over the planned entry" in coach.next_step()
    made.mark_at(row, column)
    assert "Insert" in coach.next_step()


@pytest.mark.parametrize("procedure", [RFA, FORAMEN, JOINT, EPIDURAL])
def test_the_planned_way_itself_is_never_off(procedure):
    made = inserted(procedure)
    said = knowing(made).next_step()
    assert "The needle" not in said


def test_without_a_given_plan_it_makes_its_own():
    coach = Coach(begun(RFA))
    mine, known = coach.way.plan, way_of(RFA).plan
    assert mine.placed.trajectory.tip_mm == pytest.approx(known.placed.trajectory.tip_mm)
