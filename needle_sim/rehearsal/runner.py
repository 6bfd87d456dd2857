"""`run_procedure`: a whole procedure, unattended: anatomy, plan, steps, heat, score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target, point_target
from needle_sim.anatomy.target_rule import aim
from needle_sim.errors import InputError
from needle_sim.planning.sightline import recipe_angles, towards_detector
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.progress import Progress, silent
from needle_sim.rehearsal.attempt import Attempt, Way
from needle_sim.rehearsal.carry_out import carry_out
from needle_sim.rehearsal.metric import Attempted
from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.scoring import score
from needle_sim.rehearsal.suite import Suite, View
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion
from needle_sim.volume.volume import Volume

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

_STAGES = 6


def run_procedure(
    procedure: str | Procedure = "medial-branch-rfa",
    *,
    phantom: str = "lumbar_normal",
    ct: Volume | None = None,
    labels: Volume | None = None,
    level: str | None = None,
    side: str | None = None,
    target_mm: ArrayLike | None = None,
    variant: str | None = None,
    needle: str | None = None,
    seed: int = 0,
    vary: bool = False,
    pictures: bool = True,
    anatomy: Anatomy | None = None,
    progress: Progress = silent,
) -> Run:
    """Plan a procedure, follow its steps, heat where it heats, and score it.

    Parameters
    ----------
    procedure : str or Procedure
        A shipped name, or a noun of your own.
    phantom : str
        The patient when there is no ``ct``.
    ct, labels : Volume, optional
        A CT in HU and its label map (`load_series`, `load_labels`).
    level, side : str, optional
        The nerve (``"L4"``) or interspace (``"L4-L5"``) and ``"left"`` or ``"right"``; the
        procedure's defaults.
    target_mm : (3,) array, optional
        Patient LPS, for a CT without labels: hazards are then unknown.
    variant : str, optional
        A way in of the procedure by name, instead of the one that the level asks for.
    needle : str, optional
        A needle preset instead of the recipe's.
    seed : int
        For the noise of the pictures, hidden vessels and aspiration; with ``vary`` also for the
        phantom's anatomy.
    pictures : bool
        False leaves out every picture, for studies; contrast is then seen as what it is.
    anatomy : Anatomy, optional
        One that is already built, instead of a phantom or a CT.

    Raises
    ------
    InputError
        A level, side, target, needle or label map that cannot be used.
    """
    recipe = Procedure.preset(procedure) if isinstance(procedure, str) else procedure
    chosen_side = check_side(recipe.default_side if side is None else side)
    chosen_level = recipe.default_level if level is None else level
    recipe = recipe.at(chosen_level, variant)
    _check_sources(ct, labels, target_mm, level, vary=vary)
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more, got {seed!r}")
    progress(0, _STAGES)
    if anatomy is None and ct is None:
        anatomy = _phantom(phantom, seed if vary else None)
    elif anatomy is None and ct is not None:
        anatomy = _of_ct(ct, labels, recipe.needed(chosen_level), target_mm)
    progress(1, _STAGES)
    patient: Any = anatomy
    target = _aim(recipe, patient, chosen_level, chosen_side, target_mm)
    reference = _reference(patient, target)
    attempt = Attempt(recipe, patient, target, reference, chosen_side, needle)
    return _carried_out(attempt, seed, pictures=pictures, progress=progress)


def _carried_out(attempt: Attempt, seed: int, *, pictures: bool, progress: Progress) -> Run:
    recipe, anatomy, target = attempt.recipe, attempt.anatomy, attempt.target
    noise, hand = (np.random.default_rng(n) for n in np.random.SeedSequence(seed).spawn(3)[1:])
    way = attempt.plan()
    progress(2, _STAGES)
    suite = None
    if pictures:
        suite = Suite(
            recipe, anatomy, target, attempt.vertebra, steepest_deg=way.steepest_deg, rng=noise
        )
    record = Record()
    if way.plan is not None:
        record = carry_out(recipe, anatomy, way.plan, suite=suite, rng=hand)
    views = () if suite is None else _views(recipe, suite, record)
    progress(4, _STAGES)
    heated = any(event.do == "heat" for event in record.events)
    heat = attempt.heat(record.placed if heated else None)
    seen = _sonogram(recipe, anatomy, record, noise) if pictures else (None, ())
    progress(_STAGES, _STAGES)
    return _judged(attempt, seed, way, record, views, heat, seen)


def _judged(
    attempt: Attempt,
    seed: int,
    way: Way,
    record: Record,
    views: tuple[View, ...],
    heat: tuple[HeatHistory | None, Lesion | None, Mapping[str, float]],
    seen: tuple[Sonogram | None, tuple[str, ...]],
) -> Run:
    """The run with its score and its notes."""
    recipe, anatomy, target = attempt.recipe, attempt.anatomy, attempt.target
    history, lesion, hottest = heat
    known = anatomy.hazards_known_at(target.centre_mm)
    judged = Attempted(
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
        in_words=_in_words(recipe, target),
        plan=way.plan,
        blocked=way.blocked,
        views=views,
        history=history,
        lesion=lesion,
        temperature_max_c=hottest,
        score=score(judged),
        notes=_notes(judged, way, history, seen[1]),
        record=record,
        needle=way.needle,
        sonogram=seen[0],
        tip_in_bone_mm=None if way.plan is None else way.plan.tip_in_bone_mm(anatomy),
        tried=way.tried,
        rejected=way.rejected,
    )


def _notes(
    judged: Attempted, way: Way, history: HeatHistory | None, unseen: tuple[str, ...]
) -> tuple[str, ...]:
    """What a reader must know, the weightiest first."""
    recipe, record = judged.procedure, judged.record or Record()
    return (
        *(() if judged.hazards_known else (_UNKNOWN_HAZARDS,)),
        *((f"{recipe.variant}: {recipe.because}",) if recipe.because else ()),
        *way.notes,
        *(f"{shot.title}: {note}" for shot in record.shots for note in shot.spread.notes),
        *(() if history is None else (str(note) for note in history.notes)),
        *unseen,
        *(str(note) for note in judged.anatomy.notes),
    )


def _views(recipe: Procedure, suite: Suite, record: Record) -> tuple[View, ...]:
    """The pictures of the attempt and the one down the needle; without a plan the bare views."""
    if record.placed is None:
        return tuple(suite.shoot(view, None) for view in recipe.views)
    return (*record.views, suite.barrel(record.placed))


def _sonogram(
    recipe: Procedure, anatomy: Anatomy, record: Record, rng: np.random.Generator
) -> tuple[Sonogram | None, tuple[str, ...]]:
    """The needle in its plane; a note where no probe can be put there."""
    from needle_sim.imaging.ultrasound.in_plane import in_plane_pose
    from needle_sim.imaging.ultrasound.probe import Probe
    from needle_sim.imaging.ultrasound.scan import sonogram

    if record.placed is None:
        return None, ()
    probe = Probe.preset(recipe.probe)
    try:
        pose = in_plane_pose(anatomy, record.placed, probe=probe)
        return sonogram(anatomy, probe, pose, needles=[record.placed], rng=rng), ()
    except InputError as error:
        return None, (f"no sonogram of the needle: {error}",)


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
    ct: Volume, labels: Volume | None, vertebrae: tuple[str, ...], target_mm: ArrayLike | None
) -> Anatomy:
    from needle_sim.anatomy.fit import anatomy_from_ct

    if labels is not None and target_mm is not None:
        return anatomy_from_ct(ct, labels, near_mm=target_mm)
    return anatomy_from_ct(ct, labels, vertebrae=None if labels is None else vertebrae)


def _reference(anatomy: Anatomy, target: Target) -> str:
    """The vertebra whose endplate squares the views: the target's, or the nearest one known."""
    if target.vertebra or not anatomy.bodies:
        return target.vertebra

    def away(name: str) -> float:
        return float(np.linalg.norm(anatomy.bodies[name].matrix[:3, 3] - target.centre_mm))

    return min(anatomy.bodies, key=away)


def _aim(
    recipe: Procedure, anatomy: Anatomy, level: str, side: str, target_mm: ArrayLike | None
) -> Target:
    way = recipe.approach.oblique_deg, recipe.approach.tilt_deg
    if target_mm is not None:
        angles = recipe_angles(anatomy, "", side, *way)
        return point_target(anatomy, target_mm, -towards_detector(*angles), side)
    upper, lower = recipe.vertebrae(level)
    angles = recipe_angles(anatomy, recipe.vertebra(level), side, *way)
    return aim(
        anatomy, recipe.target, level=level, upper=upper, lower=lower, side=side,
        towards=-towards_detector(*angles),
    )  # fmt: skip


def _in_words(recipe: Procedure, target: Target) -> str:
    if target.kind != "point":
        return recipe.in_words(target.level, target.side)
    x, y, z = target.centre_mm
    return f"the point {x:.1f}, {y:.1f}, {z:.1f} (patient LPS, mm), {target.side} approach"
