"""`run_procedure`: a whole procedure, unattended: anatomy, plan, pictures, heat, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.target import Target, medial_branch_target, point_target
from needle_sim.errors import InputError, PlanningError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.clearance import skin_entry_mm
from needle_sim.planning.planner import Plan, plan
from needle_sim.planning.sightline import (
    angles_of,
    look_along,
    orbital_of,
    recipe_angles,
    squared_tilt_deg,
    towards_detector,
)
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.progress import Progress, silent
from needle_sim.rehearsal.scoring import Score, score
from needle_sim.shown import Shown
from needle_sim.thermal.bioheat import heat
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion, measure
from needle_sim.thermal.protocol import Protocol
from needle_sim.volume.volume import Volume

_STAGES = 6
_HEAT_REACH_MM = 40.0  # beyond this from the tip nothing warms in minutes


@dataclass(frozen=True, slots=True, eq=False)
class View(Shown):
    """A picture of a procedure, with its angles as C-arm coordinates."""

    name: str
    title: str
    radiograph: Radiograph
    orbital_deg: float
    tilt_deg: float
    note: str | None = None


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
    unverified: tuple[str, ...]
    command: str
    version: str = field(default="")

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
    _check_sources(ct, labels, target_mm, vary=vary)
    children = np.random.SeedSequence(seed).spawn(3)  # anatomy, noise, hand
    progress(0, _STAGES)
    anatomy = _patient(phantom, ct, labels, vertebra, seed if vary else None)
    progress(1, _STAGES)
    target = _aim(recipe, anatomy, chosen_level, vertebra, chosen_side, target_mm)
    attempt = _Attempt(recipe, anatomy, target, vertebra, chosen_side)
    planned, blocked, notes, tilt_deg = attempt.plan()
    progress(2, _STAGES)
    noise = np.random.default_rng(children[1])
    views = attempt.views(planned, tilt_deg, noise) if pictures else ()
    progress(4, _STAGES)
    history, lesion, hottest = attempt.heat(planned)
    progress(_STAGES, _STAGES)
    known = anatomy.hazards_known
    if not known:
        notes = (*notes, _UNKNOWN_HAZARDS)
    words = recipe.in_words(chosen_level, chosen_side) if target_mm is None else _at_point(target)
    return Run(
        procedure=recipe,
        anatomy=anatomy,
        target=target,
        level=chosen_level if target_mm is None else "",
        vertebra=vertebra if target_mm is None else "",
        side=chosen_side,
        seed=seed,
        in_words=words,
        plan=planned,
        blocked=blocked,
        views=views,
        history=history,
        lesion=lesion,
        temperature_max_c=hottest,
        score=score(recipe, planned, lesion, hottest, hazards_known=known),
        notes=(*notes, *(str(note) for note in anatomy.notes)),
        unverified=recipe.unverified,
        command="",
    )


_UNKNOWN_HAZARDS = (
    "hazards are unknown: without labels neither dura, roots nor vessels are known, "
    "so nothing here says that the path is safe"
)


def _check_sources(
    ct: Volume | None, labels: Volume | None, target_mm: ArrayLike | None, *, vary: bool
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


def _patient(
    phantom: str, ct: Volume | None, labels: Volume | None, vertebra: str, seed: int | None
) -> Anatomy:
    if ct is None:
        from needle_sim.anatomy.phantom.build import build_phantom

        return build_phantom(phantom, seed=seed)
    from needle_sim.anatomy.fit import anatomy_from_ct

    return anatomy_from_ct(ct, labels, vertebrae=None if labels is None else [vertebra])


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


def _at_point(target: Target) -> str:
    x, y, z = target.centre_mm
    return f"the point {x:.1f}, {y:.1f}, {z:.1f} (patient LPS, mm), {target.side} approach"


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """The parts of one run that share patient and target."""

    recipe: Procedure
    anatomy: Anatomy
    target: Target
    vertebra: str
    side: str

    def plan(self) -> tuple[Plan | None, str | None, tuple[str, ...], float]:
        """The plan or what blocks it, notes, and the tilt change that had to be made, degrees."""
        approach, notes, change_deg = self._approach()
        needle = Needle.preset(self.recipe.needle)
        try:
            found = plan(
                self.anatomy,
                self.target,
                needle,
                approach=approach,
                margins_mm=self.recipe.margins_mm,
                heat_margins_mm=self.recipe.heat_margins_mm,
            )
        except PlanningError as error:
            return None, str(error), notes, change_deg
        return found, None, notes, change_deg

    def _approach(self) -> tuple[NDArray[np.float64], tuple[str, ...], float]:
        """The target's own approach, its tilt reduced until the skin entry lies in the volume."""
        orbital, tilt = angles_of(-self.target.approach)
        squared = squared_tilt_deg(self.anatomy, self.vertebra, orbital)
        reduced = tilt
        while reduced < 0 and not self._enters(orbital, reduced):
            reduced = min(0.0, reduced + 1.0)
        if reduced == tilt or not self._enters(orbital, reduced):
            return self.target.approach, (), 0.0
        note = (
            f"the tilt of the recipe, {abs(tilt - squared):.0f}° caudal of the squared endplate, "
            f"would enter the skin outside the volume: reduced to {abs(reduced - squared):.0f}° "
            f"{'caudal' if reduced < squared else 'cranial'}, so the electrode lies less parallel"
        )
        return -towards_detector(orbital, reduced), (note,), reduced - tilt

    def _enters(self, orbital_deg: float, tilt_deg: float) -> bool:
        outward = towards_detector(orbital_deg, tilt_deg)
        return skin_entry_mm(self.anatomy, self.target.centre_mm, outward) is not None

    def views(
        self, planned: Plan | None, change_deg: float, rng: np.random.Generator
    ) -> tuple[View, ...]:
        """The pictures of the recipe and, with a needle, the one down its barrel."""
        materials = prepare(self.anatomy.ct)
        x, y, z = self.target.centre_mm
        isocentre = (float(x), float(y), float(z))
        carm = replace(CArm.preset(self.recipe.carm), isocentre_mm=isocentre)
        needles = () if planned is None else (planned.placed,)
        made = []
        for view in self.recipe.views:
            orbital, tilt = recipe_angles(
                self.anatomy, self.vertebra, self.side, view.oblique_deg, view.tilt_deg
            )
            reduced = change_deg if view.tilt_deg < 0 else 0.0
            note = f"tilt reduced by {abs(reduced):.0f}° to what the volume holds"
            posed = replace(carm, orbital_deg=orbital, tilt_deg=tilt + reduced)
            shot = _shoot(materials, posed, view.beam, needles, rng)
            said = note if reduced else None
            made.append(View(view.name, view.title, shot, orbital, posed.tilt_deg, said))
        if planned is not None:
            posed = look_along(planned.placed, carm)
            shot = _shoot(materials, posed, "lumbar_oblique", needles, rng)
            title = "Down the needle"
            made.append(View("barrel", title, shot, posed.orbital_deg, posed.tilt_deg))
        return tuple(made)

    def heat(
        self, planned: Plan | None
    ) -> tuple[HeatHistory | None, Lesion | None, dict[str, float]]:
        """Heat, measure, and the hottest point of each nerve and vessel in reach."""
        if planned is None:
            return None, None, {}
        protocol = Protocol.preset(self.recipe.protocol)
        history = heat(self.anatomy, [planned.placed], protocol)
        lesion = measure(history, nerve_mm=self.target.nerve_mm)
        hottest = {}
        for name, one in self.anatomy.structures.items():
            points = _within_reach(one, planned.tip_mm)
            if len(points):
                hottest[name] = history.temperature_max_c(points)
        return history, lesion, {**hottest, "tissue": lesion.tissue_max_c}


def _shoot(
    materials: Materials,
    carm: CArm,
    beam: str,
    needles: tuple[PlacedNeedle, ...],
    rng: np.random.Generator,
) -> Radiograph:
    paths = project(materials, carm)
    exposure = set_exposure(paths, Beam.preset(beam))
    return expose(paths, exposure, needles=needles, rng=rng)


def _within_reach(structure: Structure, tip_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (P, 3) on and in a structure near the tip: its centreline and rings on its surface."""
    found = []
    for tube in structure.tubes:
        line = resample(tube.points_mm, 0.5)
        line = line[np.linalg.norm(line - tip_mm, axis=1) < _HEAT_REACH_MM]
        if len(line) < 2:
            continue
        share = np.linalg.norm(line[:, None] - tube.points_mm[None], axis=2).argmin(axis=1)
        radius = tube.radius_mm[share][:, None]
        along = unit(np.gradient(line, axis=0))
        across = np.where(np.abs(along[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
        side = unit(np.cross(along, across))
        up = np.cross(along, side)
        found.append(line)
        for turn in np.arange(12) * (np.pi / 6):
            found.append(line + radius * (np.cos(turn) * side + np.sin(turn) * up))
    return np.concatenate(found) if found else np.empty((0, 3))
