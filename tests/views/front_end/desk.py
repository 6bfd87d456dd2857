"""Drives a console as a page does: by messages alone."""

from __future__ import annotations

from typing import Any

from needle_sim.planning.sightline import angles_of
from needle_sim.rehearsal.rehearsal import Rehearsal
from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.monitor import on_screen
from tests.rehearsal.driving import RFA, planned, spine, way_of

SMALL = {"width_mm": 60.0, "height_mm": 60.0}


def console(procedure: str = RFA, *, coach: bool = True, **how: Any) -> Console:
    """A console on the mean spine; its plan is made once a procedure."""
    made = Console(Rehearsal(spine(), procedure, **{"seed": 1, **how}), coach=coach)
    if made.coach is not None:
        made.coach.use(way_of(procedure))
    return made


class Desk:
    """Sends messages and keeps the last answer."""

    def __init__(self, made: Console) -> None:
        self.console = made
        self.said: dict[str, Any] = {}
        self.pixels: list[bytes] = []

    def __call__(self, do: str | None = None, **given: Any) -> dict[str, Any]:
        """One message; an error of ours ends the test."""
        message = given if do is None else {"do": do, **given}
        reply = self.console.handle({"n": 1, **message})
        self.said, self.pixels = reply.message(), reply.buffers()
        assert self.said["error"] is None, self.said["error"]
        return self.said

    def refused(self, do: str | None = None, **given: Any) -> str:
        """The error that a message brings."""
        message = given if do is None else {"do": do, **given}
        error = self.console.handle({"n": 1, **message}).message()["error"]
        assert error
        return str(error)

    def declare(self) -> None:
        """The time-out."""
        it = self.console.rehearsal
        self("declare", procedure=it.recipe.name, level=it.level, side=it.side)

    def to_the_skin(self) -> None:
        """Declare, look down the planned way, mark and insert, as an operator does."""
        it = self.console.rehearsal
        placed, name = planned(it.recipe.name)
        orbital, tilt = angles_of(-placed.trajectory.axis)
        self.declare()
        self("needle", name=name)
        now = it.scope.pose
        self("turn", to_left_deg=orbital - now.orbital_deg, cephalad_deg=tilt - now.tilt_deg)
        self("shot")
        x, y = on_screen(self.console.monitor.shown, placed.trajectory.entry_mm)
        self("mark_at", x=float(x), y=float(y))
        self("insert")

    def to_the_target(self, *steps: str) -> None:
        """The steps of the recipe of some kinds, all views and pushes among them."""
        self.to_the_skin()
        it = self.console.rehearsal
        depth = planned(it.recipe.name)[0].trajectory.depth_mm
        for step in it.recipe.steps:
            if step.do not in steps:
                continue
            if step.do == "advance":
                to = depth if step.to == "target" else it.book.danger_mm[it.hand.needle_pass]
                self("push", mm=to - it.hand.depth_mm)
            if step.do == "view":
                self("go", view=step.view)
                self("shot", dt_s=1.0)
        self("stylet", inside=False)
