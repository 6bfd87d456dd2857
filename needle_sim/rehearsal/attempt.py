"""`Attempt`: the parts of one run that share patient and target: plan, pictures, heat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.target import Target
from needle_sim.errors import PlanningError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.exposure import Radiograph, cut_share, expose
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.clearance import skin_entry_mm
from needle_sim.planning.planner import Plan, plan
from needle_sim.planning.sightline import (
    angles_of,
    look_along,
    recipe_angles,
    squared_tilt_deg,
    towards_detector,
)
from needle_sim.procedures.procedure import Procedure
from needle_sim.shown import Shown
from needle_sim.thermal.bioheat import heat
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion, measure
from needle_sim.thermal.protocol import Protocol

_WHOLE_SHARE = 0.2  # a view that misses less of the body than this needs no word
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
class Way:
    """A plan or what blocks it, notes, and the tilt that the volume holds where it cut it short."""

    plan: Plan | None
    blocked: str | None
    notes: tuple[str, ...]
    steepest_deg: float | None  # most negative tilt from the squared endplate that fits, if any
    tried: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """The parts of one run that share patient and target."""

    recipe: Procedure
    anatomy: Anatomy
    target: Target
    vertebra: str
    side: str

    def plan(self) -> Way:
        """The plan or what blocks it, with a tilt of the recipe reduced where it must be."""
        approach, notes, steepest_deg = self._approach()
        try:
            found = plan(
                self.anatomy,
                self.target,
                Needle.preset(self.recipe.needle),
                approach=approach,
                margins_mm=self.recipe.margins_mm,
                heat_margins_mm=self.recipe.heat_margins_mm,
            )
        except PlanningError as error:
            return Way(None, str(error), notes, steepest_deg, error.tried, error.rejected)
        return Way(
            found,
            None,
            (*notes, *self._bone_notes(found)),
            steepest_deg,
            found.tried,
            found.rejected,
        )

    def _approach(self) -> tuple[NDArray[np.float64], tuple[str, ...], float | None]:
        """The target's own approach, its tilt reduced until the skin entry lies in the volume."""
        orbital, tilt = angles_of(-self.target.approach)
        squared = squared_tilt_deg(self.anatomy, self.vertebra, orbital)
        reduced = tilt
        while reduced < 0 and not self._enters(orbital, reduced):
            reduced = min(0.0, reduced + 1.0)
        if reduced == tilt or not self._enters(orbital, reduced):
            return self.target.approach, (), None
        note = (
            f"the way along the nerve, tilted {_caudal(tilt - squared)} from the squared endplate, "
            f"would enter the skin outside the volume: reduced to {_caudal(reduced - squared)}, so "
            "the electrode lies less parallel"
        )
        return -towards_detector(orbital, reduced), (note,), reduced - squared

    def _bone_notes(self, found: Plan) -> tuple[str, ...]:
        inside = found.tip_in_bone_mm(self.anatomy)
        if inside < 1.0 or not self.anatomy.fit_rms_mm:
            return ()
        return (
            f"{inside:.0f} mm of the active tip lie in voxels that the CT or its labels show as "
            "bone, beside the fitted surface: error of the fit, partial volume, or true contact",
        )

    def _enters(self, orbital_deg: float, tilt_deg: float) -> bool:
        outward = towards_detector(orbital_deg, tilt_deg)
        return skin_entry_mm(self.anatomy, self.target.centre_mm, outward) is not None

    def views(self, way: Way, rng: np.random.Generator) -> tuple[View, ...]:
        """The pictures of the recipe and, with a needle, the one down its barrel."""
        materials = prepare(self.anatomy.ct)
        x, y, z = self.target.centre_mm
        isocentre = (float(x), float(y), float(z))
        carm = replace(CArm.preset(self.recipe.carm), isocentre_mm=isocentre)
        needles = () if way.plan is None else (way.plan.placed,)
        made = []
        for view in self.recipe.views:
            orbital, tilt = recipe_angles(
                self.anatomy, self.vertebra, self.side, view.oblique_deg, view.tilt_deg
            )
            held = view.tilt_deg if way.steepest_deg is None else way.steepest_deg
            reduced = max(0.0, held - view.tilt_deg) if view.tilt_deg < 0 else 0.0
            posed = replace(carm, orbital_deg=orbital, tilt_deg=tilt + reduced)
            shot = _shoot(materials, posed, view.beam, needles, rng)
            turned = f"{_caudal(view.tilt_deg)} in the recipe, {_caudal(held)} in this volume"
            said = _joined(turned if reduced else None, _beyond(shot))
            made.append(View(view.name, view.title, shot, orbital, posed.tilt_deg, said))
        if way.plan is not None:
            posed = look_along(way.plan.placed, carm)
            shot = _shoot(materials, posed, "lumbar_oblique", needles, rng)
            title = "Down the needle"
            angles = posed.orbital_deg, posed.tilt_deg
            made.append(View("barrel", title, shot, *angles, _joined(_beyond(shot))))
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
            points = within_reach(one, planned.tip_mm)
            if len(points):
                hottest[name] = history.temperature_max_c(points)
        return history, lesion, {**hottest, "tissue": lesion.tissue_max_c}


def _beyond(shot: Radiograph) -> str | None:
    share = cut_share(shot)
    if share < _WHOLE_SHARE:
        return None
    return (
        f"{100 * share:.0f} % of the field lies behind body beyond the volume, taken as soft tissue"
    )


def _joined(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None


def _caudal(tilt_deg: float) -> str:
    return f"{abs(tilt_deg):.0f}° {'caudal' if tilt_deg < 0 else 'cranial'}"


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


def within_reach(structure: Structure, tip_mm: NDArray[np.float64]) -> NDArray[np.float64]:
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
