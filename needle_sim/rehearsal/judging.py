"""`judged`: an attempt becomes a `Run`, with its score and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import USUAL
from needle_sim.anatomy.target import Target
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.attempt import Attempt, Way
from needle_sim.rehearsal.metric import Attempted
from needle_sim.rehearsal.narrow import narrow_said, too_narrow
from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.scoring import score
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

_UNKNOWN_HAZARDS = (
    "hazards are unknown: no dura and roots are known around this target (no labels, or none of a "
    "vertebra here), so nothing says that the path is safe"
)


def judged(
    attempt: Attempt,
    seed: int,
    way: Way,
    record: Record,
    views: tuple[View, ...],
    heat: tuple[HeatHistory | None, Lesion | None, Mapping[str, float]],
    seen: tuple[Sonogram | None, tuple[str, ...]],
) -> Run:
    """The run with its score and its notes.

    ``heat`` is what `Attempt.heat` gives, ``seen`` a sonogram and why there is none.
    """
    recipe, anatomy, target = attempt.recipe, attempt.anatomy, attempt.target
    history, lesion, hottest = heat
    known = anatomy.hazards_known_at(target.centre_mm)
    record = _excused(record, recipe, anatomy, target)
    made = Attempted(
        recipe, anatomy, target, way.plan, record, lesion, hottest, known, way.approach
    )
    return Run(
        procedure=recipe,
        anatomy=anatomy,
        target=target,
        level=target.level,
        vertebra=target.vertebra,
        side=attempt.side,
        seed=seed,
        in_words=in_words(recipe, target, tuple(anatomy.bodies)),
        plan=way.plan,
        blocked=way.blocked,
        views=views,
        history=history,
        lesion=lesion,
        temperature_max_c=hottest,
        score=score(made),
        notes=_notes(made, way, history, seen[1]),
        record=record,
        needle=way.needle,
        sonogram=seen[0],
        tip_in_bone_mm=None if way.plan is None else way.plan.tip_in_bone_mm(anatomy),
        tried=way.tried,
        rejected=way.rejected,
    )


def _excused(record: Record, recipe: Procedure, anatomy: Anatomy, target: Target) -> Record:
    """The record; who gave up before a canal that is too narrow did right."""
    if record.abort is None or not too_narrow(recipe, anatomy, target):
        return record
    return replace(record, justified=True)


def _notes(
    judged: Attempted, way: Way, history: HeatHistory | None, unseen: tuple[str, ...]
) -> tuple[str, ...]:
    """What a reader must know, the weightiest first."""
    recipe, record = judged.procedure, judged.record or Record()
    narrow = narrow_said(recipe, judged.anatomy, judged.target)
    return (
        *(() if judged.hazards_known else (_UNKNOWN_HAZARDS,)),
        *((f"{recipe.variant}: {recipe.because}",) if recipe.because else ()),
        *((narrow,) if narrow else ()),
        *way.notes,
        *(f"{shot.title}: {note}" for shot in record.shots for note in shot.spread.notes),
        *(() if history is None else (str(note) for note in history.notes)),
        *unseen,
        *(str(note) for note in judged.anatomy.notes),
    )


def in_words(recipe: Procedure, target: Target, spine: tuple[str, ...] = USUAL) -> str:
    """Level, bone and joint of a target in words; a bare point by its place."""
    if target.kind != "point":
        return recipe.in_words(target.level, target.side, spine)
    x, y, z = target.centre_mm
    return f"the point {x:.1f}, {y:.1f}, {z:.1f} (patient LPS, mm), {target.side} approach"
