"""`run_procedure`: a whole procedure, unattended: anatomy, plan, steps, heat, score."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.posing.posture import Posture
from needle_sim.anatomy.refining.refine import refine_bone as refined
from needle_sim.errors import InputError
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.procedures.reading import check_needle
from needle_sim.progress import Progress, silent
from needle_sim.rehearsal.attempt import Attempt, Way
from needle_sim.rehearsal.carry_out import carry_out
from needle_sim.rehearsal.case import (
    anatomy_of_ct,
    check_posture,
    check_sources,
    lying,
    phantom_of,
    reference_of,
    target_of,
)
from needle_sim.rehearsal.judging import judged
from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import Suite, View
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
    posture: str | Posture | None = None,
    phase: float = 0.0,
    plan_on_ct: bool = False,
    refine_bone: bool = False,
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
    posture : str or Posture, optional
        How the patient lies, ``"prone_pillow"``; by default as scanned or built.
    phase : float
        Of the breath in that posture: 0 at end expiration, 0.5 at end inspiration.
    plan_on_ct : bool
        The plan is made on the anatomy as it was scanned or built, and carried out on the patient
        as it lies, registered by the vertebra of the target with an error that the seed draws.
    refine_bone : bool
        X-ray pictures show the fitted cortices about the target instead of the CT's coarse voxels:
        `needle_sim.anatomy.refining.refine.refine_bone`.

    Raises
    ------
    InputError
        A level, side, target, needle or label map that cannot be used.
    """
    recipe = _recipe(procedure, level, variant, needle)
    chosen_side = check_side(recipe.default_side if side is None else side)
    chosen_level = recipe.default_level if level is None else level
    check_sources(ct, labels, target_mm, level, vary=vary)
    check_posture(posture, phase, plan_on_ct=plan_on_ct)
    _check_seed(seed)
    progress(0, _STAGES)
    patient = anatomy
    if patient is None:
        scanned = None if ct is None else anatomy_of_ct(ct, labels, recipe, chosen_level, target_mm)
        patient = scanned or phantom_of(phantom, seed if vary else None)
    progress(1, _STAGES)
    made = planned = _attempt(recipe, patient, chosen_level, chosen_side, target_mm, needle)
    if posture is not None:
        error = _registration_error(seed) if plan_on_ct else None
        patient = lying(patient, posture, phase, made.vertebra, error)
        made = _attempt(recipe, patient, chosen_level, chosen_side, target_mm, needle)
    way, made = (planned if plan_on_ct else made).plan(), _sharp(made, refine_bone and pictures)
    return _carried_out(made, way, seed, pictures=pictures, progress=progress)


def _sharp(made: Attempt, wanted: bool) -> Attempt:
    """The attempt on a patient whose fitted cortices about the target are sharp in X-rays."""
    if not wanted:
        return made
    return replace(made, anatomy=refined(made.anatomy, near_mm=made.target.centre_mm))


def _recipe(
    procedure: str | Procedure, level: str | None, variant: str | None, needle: str | None
) -> Procedure:
    """The recipe at a level, with a needle that it can use."""
    found = Procedure.preset(procedure) if isinstance(procedure, str) else procedure
    found = found.at(found.default_level if level is None else level, variant)
    if needle is not None:
        check_needle(found, needle)
    return found


def _check_seed(seed: int) -> None:
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more, got {seed!r}")


def _attempt(
    recipe: Procedure,
    patient: Anatomy,
    level: str,
    side: Literal["left", "right"],
    target_mm: ArrayLike | None,
    needle: str | None,
) -> Attempt:
    target = target_of(recipe, patient, level, side, target_mm)
    return Attempt(recipe, patient, target, reference_of(patient, target), side, needle)


def _registration_error(seed: int) -> np.random.Generator:
    """A stream of its own, so that anatomy, noise and hand stay what they are without it."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(4)[3])


def _carried_out(
    attempt: Attempt, way: Way, seed: int, *, pictures: bool, progress: Progress
) -> Run:
    recipe, anatomy, target = attempt.recipe, attempt.anatomy, attempt.target
    noise, hand = (np.random.default_rng(n) for n in np.random.SeedSequence(seed).spawn(3)[1:])
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
    return judged(attempt, seed, way, record, views, heat, seen)


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
