"""What each act of a rehearsal does to it, and what the finished rehearsal came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from needle_sim.errors import InputError
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.planner import Plan
from needle_sim.rehearsal import acting_needle, acting_pictures, acting_syringe
from needle_sim.rehearsal.acting_words import noted
from needle_sim.rehearsal.attempt import Way
from needle_sim.rehearsal.judging import judged
from needle_sim.rehearsal.run import Run

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


def _declare(it: Rehearsal, procedure: str, level: str, side: str) -> None:
    if it.hand.needle_pass:
        raise InputError("a needle was inserted already: declare before the first one")
    if procedure != it.recipe.name:
        raise InputError(f"the order is {it.recipe.name}, not {procedure}: begin that one instead")
    it.declared = f"{side} {level}"
    it.said = f"declared: {it.recipe.title}, {side} {level}"


def _abort(it: Rehearsal, why: str) -> None:
    _ended(it)
    noted(it, "abort", f"given up: {why}")
    it.outcome, it.abort_said = "aborted", why


def _finish(it: Rehearsal) -> None:
    _ended(it)
    it.outcome, it.said = "finished", "finished"


def _ended(it: Rehearsal) -> None:
    if it.live_since_s is not None:
        acting_pictures.live(it, on=False)


ACTING: Mapping[str, Callable[..., None]] = MappingProxyType(
    {
        "declare": _declare,
        "carm": acting_pictures.carm,
        "table": acting_pictures.table,
        "collimate": acting_pictures.collimate,
        "shot": acting_pictures.shot,
        "live": acting_pictures.live,
        "probe": acting_pictures.probe,
        "probe_off": acting_pictures.probe_off,
        "mark": acting_needle.mark,
        "needle": acting_needle.needle,
        "needle_pose": acting_needle.needle_pose,
        "insert": acting_needle.insert,
        "angle": acting_needle.angle,
        "advance": acting_needle.advance,
        "withdraw": acting_needle.withdraw,
        "rotate": acting_needle.rotate,
        "stylet": acting_needle.stylet,
        "aspirate": acting_syringe.aspirate,
        "contrast": acting_syringe.contrast,
        "inject": acting_syringe.inject,
        "heat": acting_syringe.heat,
        "abort": _abort,
        "finish": _finish,
    }
)


def run_of(it: Rehearsal) -> Run:
    """The finished rehearsal as a run, scored by the same rules."""
    hand = it.hand
    placed, name = it.decisive or _left_in(it)
    clear = hand.clearance_mm()
    record = it.book.record(
        placed, clear, abort=it.abort_said if it.outcome == "aborted" else None,
        declared=it.declared, tally=it.tally,
    )  # fmt: skip
    attempt = it.attempt
    approach, notes, steepest = attempt.approach()
    made = None if placed is None else Plan(it.target, (placed,), clear, 0)
    blocked = "no needle was inserted" if placed is None else None
    way = Way(made, blocked, notes, steepest, name, approach)
    heat = (None, None, {}) if it.heated is None else it.heated
    return judged(attempt, it.seed, way, record, record.views, heat, (None, ()))


def _left_in(it: Rehearsal) -> tuple[PlacedNeedle | None, str]:
    """The needle where it stands, or where it was deepest, and its preset."""
    hand = it.hand
    if hand.inside or not hand.headings:
        return hand.placed(), hand.name
    deepest = max(hand.headings, key=lambda one: one.deepest_mm)
    return deepest.placed, deepest.name
