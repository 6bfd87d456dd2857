"""What the samples of a study share: patients and plans, made once in each process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import NeedleSimError, PlanningError
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.attempt import Attempt
from needle_sim.rehearsal.case import phantom_of, reference_of, target_of

_Made = TypeVar("_Made")
_MOST_KEPT = 12
_kept: OrderedDict[Hashable, tuple[Any, NeedleSimError | None]] = OrderedDict()
_turn = threading.RLock()


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A patient, a place in it and the best way there."""

    anatomy: Anatomy
    recipe: Procedure
    target: Target
    plan: Plan


def kept(key: Hashable, make: Callable[[], _Made]) -> _Made:
    """What ``make`` returned for this key, or its error: made once while it is among the last 12.

    Threads that ask for something at the same time wait for one another.
    """
    with _turn:
        if key not in _kept:
            try:
                _kept[key] = make(), None
            except NeedleSimError as error:
                _kept[key] = None, error
            while len(_kept) > _MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        made, fault = _kept[key]
    if fault is not None:
        raise type(fault)(str(fault))
    found: _Made = made
    return found


def forget() -> None:
    """Let go of everything that is kept."""
    with _turn:
        _kept.clear()


def patient(phantom: str) -> Anatomy:
    """A shipped phantom, the mean one."""
    return kept(("patient", phantom), lambda: phantom_of(phantom, None))


def planned(
    procedure: str,
    phantom: str,
    *,
    level: str | None,
    side: str | None,
    needle: str | None,
    variant: str | None,
) -> Planned:
    """The plan of a procedure as `run_procedure` makes it; `PlanningError` says what blocks."""

    def make() -> Planned:
        recipe = Procedure.preset(procedure)
        at = recipe.default_level if level is None else level
        where = recipe.default_side if side is None else side
        recipe, anatomy = recipe.at(at, variant), patient(phantom)
        target = target_of(recipe, anatomy, at, where, None)
        reference = reference_of(anatomy, target)
        way = Attempt(recipe, anatomy, target, reference, where, needle).plan()
        if way.plan is None:
            raise PlanningError(way.blocked or "no safe path")
        return Planned(anatomy, recipe, target, way.plan)

    return kept(("plan", procedure, phantom, level, side, needle, variant), make)
