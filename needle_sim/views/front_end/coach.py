"""`Coach`: what coach mode shows besides: target, planned path, danger depth, next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.geometry.transform import angle_deg
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.planning.planner import Plan
from needle_sim.planning.sightline import angles_of
from needle_sim.procedures.step import Step
from needle_sim.rehearsal.attempt import Way
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.rehearsal.in_hand import STEERS_MM
from needle_sim.views.front_end.monitor import on_screen
from needle_sim.views.front_end.panel import hub_in_words
from needle_sim.views.marker import angles_in_words

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

_NEAR_DEG = 4.0  # a C-arm so near to the planned way looks down it
_THERE_MM = 1.5
_PAST_MM = 5.0  # a needle whose line passes the target further off is said to (proposed)
_LEANT_DEG = 8.0  # and one that leans further from the planned way (proposed)


class Coach:
    """Knows the plan; it is made on first use."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._it = rehearsal
        self._way: Way | None = None

    @property
    def way(self) -> Way:
        """The plan, or what blocks it."""
        if self._way is None:
            self._way = self._it.attempt.plan()
        return self._way

    def use(self, way: Way) -> None:
        """Take a plan that is known already."""
        self._way = way

    def overlay(self, made: Radiograph) -> dict[str, Any]:
        """Target, path and danger depth on a picture, x and y as shares of it."""
        target = self._it.target
        rim = target.centre_mm + target.radius_mm * made.column_direction
        (x, y), edge = on_screen(made, np.stack([target.centre_mm, rim])).tolist()
        aspect = made.carm.shape[0] / made.carm.shape[1]
        radius = float(np.hypot(edge[0] - x, (edge[1] - y) * aspect))
        found: dict[str, Any] = {"target": [x, y, radius], "name": target.name}
        plan = self.way.plan
        if plan is not None:
            path = plan.placed.trajectory
            ends = [path.entry_mm, path.tip_mm]
            danger = self._danger_mm()
            if danger is not None:
                ends.append(path.entry_mm + danger * path.axis)
            found["path"] = on_screen(made, np.stack(ends)).tolist()
        return found

    def depths(self) -> dict[str, Any]:
        """Planned depth, and the depth from which the depth view is asked for, mm."""
        plan = self.way.plan
        if plan is None:
            return {"blocked": self.way.blocked}
        orbital, tilt = angles_of(-plan.placed.trajectory.axis)
        return {
            "planned_mm": plan.placed.trajectory.depth_mm,
            "danger_mm": self._danger_mm(),
            "needle": self.way.needle,
            "hub_deg": [orbital, tilt],
        }

    def _danger_mm(self) -> float | None:
        """Of the needle's own pass, or of the plan."""
        it = self._it
        noted = it.book.danger_mm.get(it.hand.needle_pass)
        if noted is not None or it.recipe.danger is None or self.way.plan is None:
            return noted
        depth = self.way.plan.placed.trajectory.depth_mm
        return max(5.0, depth - it.recipe.danger.before_target_mm)

    def next_step(self) -> str:
        """What the recipe asks for now."""
        it = self._it
        if it.declared is None:
            return "Time-out: declare procedure, level and side."
        plan = self.way.plan
        if plan is None:
            return f"There is no safe way: {self.way.blocked}. Give up, with the reason."
        if not it.hand.inside and it.decisive is None:
            return self._before(self.way)
        if it.decisive is None and (off := self._off(plan)):
            return off
        done = _Done(it)
        for step in it.recipe.steps:
            if not done.has(step, self._there(step)):
                return self._said(step)
        return "The recipe is done: finish."

    def _before(self, way: Way) -> str:
        it = self._it
        if it.needle_name != way.needle:
            return f"Take the {way.needle}: it reaches."
        depth = self.depths()
        orbital, tilt = depth["hub_deg"]
        pose = it.scope.pose
        off = max(abs(pose.orbital_deg - orbital), abs(pose.tilt_deg - tilt))
        if off > _NEAR_DEG:
            return f"Turn the C-arm down the planned way: {angles_in_words(orbital, tilt)}."
        if it.exposures == 0:
            return "Take a picture (space)."
        plan = way.plan
        if it.mark_mm is None or plan is None or _aside_mm(it.mark_mm, plan) > _PAST_MM:
            return "Mark the skin over the planned entry: M, then click (or Enter)."
        return "Insert the needle down the beam (I)."

    def _off(self, plan: Plan) -> str | None:
        """What is wrong with the way that the needle points, and how it is mended."""
        hand = self._it.hand
        if hand.entry_mm is None:
            return None
        path = plan.placed.trajectory
        to_target = np.asarray(self._it.target.centre_mm) - hand.entry_mm
        past = float(np.linalg.norm(to_target - (to_target @ hand.axis) * hand.axis))
        leant = angle_deg(hand.axis, path.axis)
        if past <= _PAST_MM and leant <= _LEANT_DEG:
            return None
        wrong = (
            f"The needle points {past:.0f} mm past the target"
            if past > _PAST_MM
            else f"The needle leans {leant:.0f}° off the planned way"
        )
        wanted = path.tip_mm - hand.entry_mm
        if angle_deg(wanted, path.axis) > _LEANT_DEG:
            return f"{wrong}: withdraw it, and mark the skin over the planned entry."
        back = "" if hand.depth_mm <= STEERS_MM else f"draw back to {STEERS_MM:.0f} mm and "
        return f"{wrong}: {back}lean the hub to {hub_in_words(*angles_of(-wanted))} (W A S D)."

    def along(self, view: str) -> tuple[float, float] | None:
        """C-arm angles down the planned way, where that counts as this oblique of the recipe.

        A true AP or lateral stays what it is.
        """
        it, plan = self._it, self.way.plan
        recipe = next((one for one in it.recipe.views if one.name == view), None)
        if recipe is None or plan is None:
            return None
        oblique = recipe.along_approach or recipe.oblique_deg % 90.0 != 0.0
        outwards = -plan.placed.trajectory.axis
        if not oblique or angle_deg(it.scope.ways[view], outwards) > rules()["view_deg"]:
            return None
        return angles_of(outwards)

    def _there(self, step: Step) -> bool:
        it, plan = self._it, self.way.plan
        if step.do != "advance" or plan is None:
            return False
        to = plan.placed.trajectory.depth_mm if step.to == "target" else self._danger_mm()
        return to is not None and it.hand.depth_mm >= to - _THERE_MM

    def _said(self, step: Step) -> str:
        it = self._it
        if step.do == "view":
            return f"{self._title(step.view)}: turn there and take a picture."
        if step.do == "advance":
            to = self.depths()["planned_mm"] if step.to == "target" else self._danger_mm()
            where = "the target" if step.to == "target" else "the danger depth"
            return f"Advance to {where}, {to:.0f} mm deep."
        out = " Stylet out first." if it.hand.stylet_in else ""
        if step.do == "aspirate":
            return f"Aspirate.{out}"
        if step.do == "contrast":
            mode = {"single": "a single shot", "live": "live", "dsa": "DSA"}[step.mode or "single"]
            return (f"{step.volume_ml:g} mL {step.agent} in the {self._title(step.view)} view, "
                    f"{mode}.{out}")  # fmt: skip
        if step.do == "inject":
            return f"Inject {step.volume_ml:g} mL {step.agent}.{out}"
        return f"Heat: {it.recipe.protocol}.{out}"

    def _title(self, name: str | None) -> str:
        return next((one.title for one in self._it.recipe.views if one.name == name), str(name))


def _aside_mm(point_mm: ArrayLike, plan: Plan) -> float:
    """How far a point (3,) lies beside the planned way."""
    path = plan.placed.trajectory
    off = np.asarray(point_mm) - path.entry_mm
    return float(np.linalg.norm(off - (off @ path.axis) * path.axis))


class _Done:
    """The events of a rehearsal, taken one after the other by the steps of its recipe."""

    def __init__(self, it: Rehearsal) -> None:
        self._events = it.book.events
        self._at = 0

    def has(self, step: Step, there: bool) -> bool:
        """Whether the step was done after the last one that was."""
        if step.do == "advance":
            return there
        for index in range(self._at, len(self._events)):
            one = self._events[index]
            if one.do == step.do and (step.view is None or one.detail.get("view") == step.view):
                self._at = index + 1
                return True
        return False
