"""`run_procedure`: a whole procedure, unattended: anatomy, plan, pictures, heat, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target, medial_branch_target, point_target
from needle_sim.errors import InputError
from needle_sim.planning.planner import Plan
from needle_sim.planning.sightline import orbital_of, towards_detector
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.progress import Progress, silent
from needle_sim.rehearsal.attempt import Attempt, View
from needle_sim.rehearsal.scoring import Score, score
from needle_sim.rehearsal.unverified import unverified
from needle_sim.shown import Shown
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion
from needle_sim.volume.volume import Volume

_STAGES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Run(Shown):
    """What `run_procedure` returns: everything that the report, the files and a study need.

    ``plan``, ``history`` and ``lesion`` are None where no safe path was found; ``blocked`` then
    says why.
    """

    procedure: Procedure
    anatomy: Anatomy
    target: Target
    level: str
    vertebra: str
    side: str
    seed: int
    in_words: str
    plan: Plan | None
    blocked: str | None
    views: tuple[View, ...]
    history: HeatHistory | None
    lesion: Lesion | None
    temperature_max_c: Mapping[str, float]
    score: Score
    notes: tuple[str, ...]
    tip_in_bone_mm: float | None = None
    tried: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    command: str = ""

    @property
    def unverified(self) -> tuple[str, ...]:
        """Numbers that the score rests on and that were not read in a source."""
        return unverified(self.procedure, self.anatomy)

    @property
    def version(self) -> str:
        """Of needle_sim."""
        return metadata.version("needle_sim")

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {"procedure": self.procedure.title, "target": self.in_words, **self.score.facts()}

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named Python scalars; unknown is None."""
        row: dict[str, Any] = {
            "procedure": self.procedure.name,
            "anatomy": self.anatomy.name,
            "level": self.level,
            "vertebra": self.vertebra,
            "side": self.side,
            "seed": self.seed,
            "blocked": self.blocked,
            **self.score.to_row(),
        }
        for name, hottest in self.temperature_max_c.items():
            row[f"{name.replace(' ', '_')}_max_c"] = hottest
        return row


def run_procedure(
    procedure: str | Procedure = "medial-branch-rfa",
    *,
    phantom: str = "lumbar_normal",
    ct: Volume | None = None,
    labels: Volume | None = None,
    level: str | None = None,
    side: str | None = None,
    target_mm: ArrayLike | None = None,
    seed: int = 0,
    vary: bool = False,
    pictures: bool = True,
    progress: Progress = silent,
) -> Run:
    """Plan a procedure, take its pictures, heat, measure and score it.

    Parameters
    ----------
    procedure : str or Procedure
        A shipped name, or a noun of your own.
    phantom : str
        The patient when there is no ``ct``.
    ct, labels : Volume, optional
        A CT in HU and its label map (`load_series`, `load_labels`).
    level, side : str, optional
        The nerve (``"L4"``) and ``"left"`` or ``"right"``; the procedure's defaults.
    target_mm : (3,) array, optional
        Patient LPS, for a CT without labels: hazards are then unknown.
    seed : int
        For the noise of the pictures; with ``vary`` also for the phantom's anatomy.
    pictures : bool
        False leaves ``views`` empty, for studies of plan and lesion alone.

    Raises
    ------
    InputError
        A level, side, target or label map that cannot be used.
    """
    recipe = Procedure.preset(procedure) if isinstance(procedure, str) else procedure
    chosen_side = check_side(recipe.default_side if side is None else side)
    chosen_level = recipe.default_level if level is None else level
    vertebra = recipe.vertebra(chosen_level)
    _check_sources(ct, labels, target_mm, level, vary=vary)
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more, got {seed!r}")
    progress(0, _STAGES)
    if ct is None:
        anatomy = _phantom(phantom, seed if vary else None)
    else:
        anatomy = _of_ct(ct, labels, vertebra, target_mm)
    progress(1, _STAGES)
    target = _aim(recipe, anatomy, chosen_level, vertebra, chosen_side, target_mm)
    attempt = Attempt(recipe, anatomy, target, _reference(anatomy, target), chosen_side)
    return _carried_out(attempt, seed, pictures=pictures, progress=progress)


def _carried_out(attempt: Attempt, seed: int, *, pictures: bool, progress: Progress) -> Run:
    recipe, anatomy, target = attempt.recipe, attempt.anatomy, attempt.target
    children = np.random.SeedSequence(seed).spawn(3)  # anatomy, noise, hand
    way = attempt.plan()
    progress(2, _STAGES)
    views = attempt.views(way, np.random.default_rng(children[1])) if pictures else ()
    progress(4, _STAGES)
    history, lesion, hottest = attempt.heat(way.plan)
    progress(_STAGES, _STAGES)
    known = anatomy.hazards_known_at(target.centre_mm)
    heated = () if history is None else tuple(str(note) for note in history.notes)
    return Run(
        procedure=recipe,
        anatomy=anatomy,
        target=target,
        level=target.level,
        vertebra=target.vertebra,
        side=attempt.side,
        seed=seed,
        in_words=_in_words(recipe, target),
        plan=way.plan,
        blocked=way.blocked,
        views=views,
        history=history,
        lesion=lesion,
        temperature_max_c=hottest,
        score=score(recipe, way.plan, lesion, hottest, hazards_known=known),
        notes=(
            *(() if known else (_UNKNOWN_HAZARDS,)),
            *way.notes,
            *heated,
            *(str(note) for note in anatomy.notes),
        ),
        tip_in_bone_mm=None if way.plan is None else way.plan.tip_in_bone_mm(anatomy),
        tried=way.tried,
        rejected=way.rejected,
    )


_UNKNOWN_HAZARDS = (
    "hazards are unknown: no dura and roots are known around this target (no labels, or none of a "
    "vertebra here), so nothing says that the path is safe"
)


def _check_sources(
    ct: Volume | None,
    labels: Volume | None,
    target_mm: ArrayLike | None,
    level: str | None,
    *,
    vary: bool,
) -> None:
    if ct is None and (labels is not None or target_mm is not None):
        raise InputError("labels and a target point go with a CT: give --ct as well")
    if ct is not None and labels is None and target_mm is None:
        raise InputError(
            "a CT needs --labels FILE (a TotalSegmentator label map) to find the target, "
            "or --target X,Y,Z (patient LPS, mm)"
        )
    if ct is not None and vary:
        raise InputError("--vary changes the phantom's anatomy; a CT has its own")
    if level is not None and target_mm is not None:
        raise InputError("--level and --target name two places: give one of them")


def _phantom(name: str, seed: int | None) -> Anatomy:
    from needle_sim.anatomy.phantom.build import build_phantom

    return build_phantom(name, seed=seed)


def _of_ct(
    ct: Volume, labels: Volume | None, vertebra: str, target_mm: ArrayLike | None
) -> Anatomy:
    from needle_sim.anatomy.fit import anatomy_from_ct

    if labels is not None and target_mm is not None:
        return anatomy_from_ct(ct, labels, near_mm=target_mm)
    return anatomy_from_ct(ct, labels, vertebrae=None if labels is None else [vertebra])


def _reference(anatomy: Anatomy, target: Target) -> str:
    """The vertebra whose endplate squares the views: the target's, or the nearest one known."""
    if target.vertebra or not anatomy.bodies:
        return target.vertebra

    def away(name: str) -> float:
        return float(np.linalg.norm(anatomy.bodies[name].matrix[:3, 3] - target.centre_mm))

    return min(anatomy.bodies, key=away)


def _aim(
    recipe: Procedure,
    anatomy: Anatomy,
    level: str,
    vertebra: str,
    side: str,
    target_mm: ArrayLike | None,
) -> Target:
    if target_mm is None:
        return medial_branch_target(anatomy, level, vertebra, side)
    orbital = orbital_of(recipe.approach.oblique_deg, side)
    towards = -towards_detector(orbital, recipe.approach.tilt_deg)
    return point_target(anatomy, target_mm, towards, side)


def _in_words(recipe: Procedure, target: Target) -> str:
    if target.kind == "medial_branch":
        return recipe.in_words(target.level, target.side)
    x, y, z = target.centre_mm
    return f"the point {x:.1f}, {y:.1f}, {z:.1f} (patient LPS, mm), {target.side} approach"
