"""Drives a rehearsal by script: along a plan, and without heat where heat is not the question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.sightline import angles_of
from needle_sim.procedures.step import Step
from needle_sim.rehearsal.act import Act
from needle_sim.rehearsal.attempt import Way
from needle_sim.rehearsal.rehearsal import Rehearsal

EPIDURAL = "interlaminar-epidural"
FORAMEN = "transforaminal-epidural"
JOINT = "facet-injection"
RFA = "medial-branch-rfa"
DONE = {"shot", "advance", "aspirate", "contrast", "inject", "heat"}


@cache
def spine() -> Anatomy:
    """The mean lumbar spine, built once."""
    return ns.build_phantom("lumbar_normal")


def begun(procedure: str = EPIDURAL, *, pictures: bool = False, **how: Any) -> Rehearsal:
    """A rehearsal without pictures of which nothing has been done yet."""
    return Rehearsal(spine(), procedure, pictures=pictures, **{"seed": 1, **how})


@cache
def way_of(procedure: str) -> Way:
    """The plan of a procedure at its default level, made once."""
    return begun(procedure).attempt.plan()


def planned(procedure: str) -> tuple[PlacedNeedle, str]:
    """The planned needle of a procedure at its default level, and its preset."""
    way = way_of(procedure)
    assert way.plan is not None
    return way.plan.placed, way.needle


def inserted(procedure: str = EPIDURAL, *, pictures: bool = False, **how: Any) -> Rehearsal:
    """A needle in the skin, on the planned way."""
    made = begun(procedure, pictures=pictures, **how)
    to_skin(made, *planned(procedure))
    return made


def to_skin(made: Rehearsal, placed: PlacedNeedle, name: str) -> None:
    """Declare, choose the needle, mark, and put it in the skin along its way."""
    orbital, tilt = angles_of(-placed.trajectory.axis)
    made.do("declare", procedure=made.recipe.name, level=made.level, side=made.side)
    made.do("needle", name=name)
    made.do("carm", orbital_deg=orbital, tilt_deg=tilt)
    made.do("mark", point_mm=placed.trajectory.entry_mm.tolist())
    made.insert()
    made.do("angle", orbital_deg=orbital, tilt_deg=tilt)


def follow(
    made: Rehearsal, placed: PlacedNeedle, name: str, *, without: Iterable[str] = ()
) -> Rehearsal:
    """Every step of the recipe along a plan; ``without`` names steps that are left out."""
    to_skin(made, placed, name)
    for step in made.recipe.steps:
        if step.do not in without and f"{step.do} {step.view or step.mode}" not in without:
            for do, given in _acts(made, step, placed):
                made.do(do, **given)
    return made


def _acts(
    made: Rehearsal, step: Step, placed: PlacedNeedle
) -> Iterator[tuple[str, dict[str, Any]]]:
    if step.do == "advance":
        danger = made.book.danger_mm.get(made.hand.needle_pass)
        to = placed.trajectory.depth_mm if step.to == "target" or danger is None else danger
        while to - made.hand.depth_mm > 0.01:
            yield "advance", {"mm": min(5.0, to - made.hand.depth_mm)}
        return
    if step.view is not None:
        orbital, tilt = angles_of(made.scope.ways[step.view])
        yield "carm", {"orbital_deg": orbital, "tilt_deg": tilt}
    if step.do == "view":
        yield "shot", {}
        return
    if made.hand.stylet_in:
        yield "stylet", {"inside": False}
    given: dict[str, Any] = {}
    if step.agent is not None:
        given = {"agent": step.agent, "volume_ml": step.volume_ml}
    if step.do == "contrast":
        given["mode"] = step.mode or "live"
    yield step.do, given


def followed(procedure: str = EPIDURAL, *, without: Iterable[str] = (), **how: Any) -> Rehearsal:
    """A rehearsal that followed its plan and is not over yet."""
    return follow(begun(procedure, **how), *planned(procedure), without=without)


def again(acts: Iterable[Act], procedure: str = EPIDURAL, **how: Any) -> Rehearsal:
    """The same acts in a new rehearsal."""
    made = begun(procedure, **how)
    for act in acts:
        made.act(act)
    return made


def gate(made: Rehearsal, name: str) -> Any:
    """One gate of a finished rehearsal; of several of a name the first that fails."""
    found = [one for one in made.score.gates if one.name == name]
    return next((one for one in found if one.passed is False), found[0])
