"""`Attempt`: one run's patient, target and recipe: the plan, and the heat where there is any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.target import Target
from needle_sim.errors import PlanningError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.clearance import skin_entry_mm
from needle_sim.planning.planner import Plan, plan
from needle_sim.planning.sightline import angles_of, squared_tilt_deg, towards_detector
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.suite import caudal
from needle_sim.thermal.bioheat import Watch, heat
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion, measure
from needle_sim.thermal.protocol import Protocol

_HEAT_REACH_MM = 40.0  # beyond this from the tip nothing warms in minutes


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A plan or what blocks it, notes, and the tilt that the volume holds where it cut it short.

    ``needle`` names the preset; ``approach`` (3,) is the direction of travel that was asked for.
    """

    plan: Plan | None
    blocked: str | None
    notes: tuple[str, ...]
    steepest_deg: float | None  # most negative tilt from the squared endplate that fits, if any
    needle: str
    approach: NDArray[np.float64]
    tried: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """The parts of one run that share patient and target.

    ``needle`` is a preset that the caller insists on; by default the recipe's first that can go the
    best path that any of them can.
    """

    recipe: Procedure
    anatomy: Anatomy
    target: Target
    vertebra: str
    side: str
    needle: str | None = None

    def plan(self) -> Way:
        """The plan or what blocks it, with a tilt of the recipe reduced where it must be."""
        approach, notes, steepest_deg = self.approach()
        ways: list[Way] = []
        for name in (self.needle,) if self.needle else self.recipe.needles:
            ways.append(self._planned(name, approach, notes, steepest_deg))
            if not _cut_short(ways[-1]):
                break
        if ways[-1].plan is None and any(way.plan is not None for way in ways):
            ways = [way for way in ways if way.plan is not None]
        first = next(way for way in ways if _same_path(way.plan, ways[-1].plan))
        skipped = ways[: ways.index(first)]
        if not skipped:
            return first
        short = tuple(
            f"a {_length(way.needle):g} mm needle is too short here"
            + ("" if way.plan is None else " for the best path")
            for way in skipped
        )
        return replace(first, notes=(*first.notes, *short))

    def _planned(
        self,
        name: str,
        approach: NDArray[np.float64],
        notes: tuple[str, ...],
        steepest_deg: float | None,
    ) -> Way:
        asked = name, approach
        try:
            found = plan(
                self.anatomy,
                self.target,
                Needle.preset(name),
                approach=approach,
                cone_deg=self.recipe.approach.cone_deg,
                margins_mm=self.recipe.margins_mm,
                heat_margins_mm=self.recipe.heat_margins_mm,
            )
        except PlanningError as error:
            return Way(None, str(error), notes, steepest_deg, *asked, error.tried, error.rejected)
        notes = (*notes, *self._bone_notes(found))
        return Way(found, None, notes, steepest_deg, *asked, found.tried, found.rejected)

    def approach(self) -> tuple[NDArray[np.float64], tuple[str, ...], float | None]:
        """The target's own approach, its tilt reduced until the skin entry lies in the volume."""
        orbital, tilt = angles_of(-self.target.approach)
        squared = squared_tilt_deg(self.anatomy, self.vertebra, orbital)
        reduced = tilt
        while reduced < 0 and not self._enters(orbital, reduced):
            reduced = min(0.0, reduced + 1.0)
        if reduced == tilt or not self._enters(orbital, reduced):
            return self.target.approach, (), None
        along = "along the nerve" if self.target.nerve_mm is not None else "of the recipe"
        so = ", so the electrode lies less parallel" if self.target.nerve_mm is not None else ""
        note = (
            f"the way {along}, tilted {caudal(tilt - squared)} from the squared endplate, "
            f"would enter the skin outside the volume: reduced to {caudal(reduced - squared)}{so}"
        )
        return -towards_detector(orbital, reduced), (note,), reduced - squared

    def _bone_notes(self, found: Plan) -> tuple[str, ...]:
        inside = found.tip_in_bone_mm(self.anatomy)
        if inside < 1.0 or not self.anatomy.fit_rms_mm or self.target.nerve_mm is None:
            return ()
        return (
            f"{inside:.0f} mm of the active tip lie in voxels that the CT or its labels show as "
            "bone, beside the fitted surface: error of the fit, partial volume, or true contact",
        )

    def _enters(self, orbital_deg: float, tilt_deg: float) -> bool:
        outward = towards_detector(orbital_deg, tilt_deg)
        return skin_entry_mm(self.anatomy, self.target.centre_mm, outward) is not None

    def heat(
        self, placed: PlacedNeedle | None, *, watch: Watch | None = None
    ) -> tuple[HeatHistory | None, Lesion | None, dict[str, float]]:
        """Heat, measure, and the hottest point of each nerve and vessel in reach."""
        if placed is None or self.recipe.protocol is None:
            return None, None, {}
        protocol = Protocol.preset(self.recipe.protocol)
        history = heat(self.anatomy, [placed], protocol, watch=watch)
        lesion = measure(history, nerve_mm=self.target.nerve_mm)
        hottest = {}
        for name, one in self.anatomy.structures.items():
            points = within_reach(one, placed.trajectory.tip_mm)
            if len(points):
                hottest[name] = history.temperature_max_c(points)
        return history, lesion, {**hottest, "tissue": lesion.tissue_max_c}


def _cut_short(way: Way) -> bool:
    """True where some candidates were left out because the needle is too short for them."""
    return any("too short" in reason for reason in way.rejected)


def _same_path(one: Plan | None, other: Plan | None) -> bool:
    """True where the best paths are one, or there are none."""
    if one is None or other is None:
        return one is other
    apart = one.placed.trajectory.points_mm - other.placed.trajectory.points_mm
    return bool(np.abs(apart).max() < 1e-6)


def _length(name: str) -> float:
    return float(presets.plain(presets.table("needles", name))["length_mm"])


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
