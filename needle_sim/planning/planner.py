"""`plan`: straight paths from the skin to a target, rejected by what they hit, and ranked.

Hundreds of thousands of candidates are looked at through distance maps; those that pass are looked
at again on exact surfaces, best first, until a few are found. Nothing is returned that was seen on
a map alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import PlanningError
from needle_sim.geometry.transform import angle_deg, unit
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.candidates import directions_allowed, enters, lattice, tips_allowed
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.hazards import KINDS, HazardMaps
from needle_sim.planning.ranking import cheapest_first, geometric_cost, heat_cost, in_bone_mm
from needle_sim.planning.tally import Tally, blocked
from needle_sim.planning.walls import (
    BODY_REACH_MM,
    DEFAULT_MARGINS_MM,
    Wall,
    keeps_away,
    least_axis_mm,
    walls,
)
from needle_sim.shown import Shown

Field = NDArray[np.float64]
# What a map may say too little by: such paths are left to the exact surfaces to judge.
_MAP_SLACK_MM = {"bone": 0.45, "dura": 0.3, "root": 0.3, "vessel": 0.3}
_BONE_WEIGHT = 0.2  # what a millimetre of active tip in voxel bone costs (proposed)
_HEAT_WEIGHT = 3.0  # what a millimetre lacking to a nerve costs (proposed)
_KEPT = 5
APART_MM = 1.0  # tips of the paths that are kept: nearer ones are one place (proposed)
_SAME_MM = 1e-6  # tips lie every 0.5 mm: which of two 1 mm apart is near must not be a rounding's
_MOST_LOOKED = 1500  # safe candidates among which other places are looked for
_FIRST_LOOK = 64  # candidates looked at exactly at first; twice as many each time


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Shown):
    """The best paths, best first, and what happened to the others.

    Iterating gives the placed needles. ``rejected`` counts candidates by what they would hit.
    """

    target: Target
    needles: tuple[PlacedNeedle, ...]
    clearance_mm: Mapping[str, float]
    tried: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[PlacedNeedle]:
        return iter(self.needles)

    @property
    def placed(self) -> PlacedNeedle:
        """The best."""
        return self.needles[0]

    @property
    def entry_mm(self) -> Field:
        """Skin entry (3,) of the best path."""
        return self.placed.trajectory.entry_mm

    @property
    def tip_mm(self) -> Field:
        """Tip (3,) of the best path."""
        return self.placed.trajectory.tip_mm

    @property
    def depth_mm(self) -> float:
        """Skin to tip."""
        return self.placed.trajectory.depth_mm

    @property
    def target_error_mm(self) -> float:
        """Distance of the tip from the target's centre."""
        return float(np.linalg.norm(self.tip_mm - self.target.centre_mm))

    @property
    def axis_to_nerve_deg(self) -> float | None:
        """Angle between electrode and nerve; None where no nerve is known."""
        if self.target.nerve_mm is None:
            return None
        along = self.target.nerve_mm[-1] - self.target.nerve_mm[0]
        return angle_deg(self.placed.trajectory.axis, along)

    @property
    def window_share(self) -> float | None:
        """Share of the target's window that the active tip lies over; None without a window."""
        return window_share(self.target, self.placed)

    def tip_in_bone_mm(self, anatomy: Anatomy) -> float:
        """Length of the active tip in voxels that the CT shows as bone, whatever a fit says."""
        placed = self.placed
        tip, axis = placed.trajectory.tip_mm[None], placed.trajectory.axis[None]
        return float(in_bone_mm(anatomy, tip, axis, placed.needle)[0])

    @property
    def tip_behind_ventral_mm(self) -> float | None:
        """How far dorsal of the process's ventral margin the tip lies on the lateral view."""
        if self.target.ventral_mm is None:
            return None
        return float(self.tip_mm[1] - self.target.ventral_mm[1])


def plan(
    anatomy: Anatomy,
    target: Target,
    needle: Needle,
    *,
    approach: NDArray[np.float64] | None = None,
    cone_deg: float = 14.0,
    margins_mm: Mapping[str, float] | None = None,
    heat_margins_mm: Mapping[str, float] | None = None,
) -> Plan:
    """Straight paths to a target, best first, their tips at least `APART_MM` apart.

    The tip comes to lie inside the target's window, in one of its spaces where it names any.

    Parameters
    ----------
    approach : (3,) array, optional
        Direction of travel in the middle of the cone; the target's own by default.
    cone_deg : float, degrees
        Half-angle of the cone of directions.
    margins_mm : mapping of str to float
        Least distance of the needle's surface from dura, root, vessel and bone. 0 is no touch; a
        kind with no margin, or with a negative one, is no wall. Bone has 0.05 mm if not given.
    heat_margins_mm : mapping of str to float
        Distance of the active tip's surface from each kind of structure below which a path is worth
        less; what heat really does there is measured later, not assumed.

    Raises
    ------
    PlanningError
        Nothing is left; names what blocks, most frequent first, and a needle that would reach.
    InputError
        The target lies outside the body, or in a space that the anatomy does not know.
    """
    middle = target.approach if approach is None else unit(approach)
    least = least_axis_mm(DEFAULT_MARGINS_MM if margins_mm is None else margins_mm, needle)
    tally = Tally()
    axes, tips = lattice(target, middle, cone_deg)
    tried = len(axes) * len(tips)
    tips = tips_allowed(anatomy, target, tips, tally, each=len(axes))
    axes = directions_allowed(anatomy, target, axes, needle, tally, each=len(tips))
    maps = HazardMaps.around(anatomy, target.centre_mm)
    tips, axes = np.tile(tips, (len(axes), 1)), np.repeat(axes, len(tips), axis=0)
    tips, axes = _sifted(maps, tips, axes, least, tally)
    cost = geometric_cost(target, tips, axes, needle)
    cost += _HEAT_WEIGHT * heat_cost(maps, heat_margins_mm or {}, tips, axes, needle)

    def in_bone(these: NDArray[np.intp]) -> Field:
        return _BONE_WEIGHT * in_bone_mm(anatomy, tips[these], axes[these], needle)

    clear = _cleared(tips, axes, walls(maps.near, least), cheapest_first(cost, in_bone), tally)
    needles = _kept(anatomy, needle, tips, axes, clear, tally)
    counted = dict(sorted(tally.count.items()))
    if not needles:
        raise PlanningError(blocked(target, needle, tally, tried), tried=tried, rejected=counted)
    found = clearances_mm(anatomy, needles[0], near=maps.near)
    return Plan(target, tuple(needles), found, tried, counted)


def _kept(
    anatomy: Anatomy,
    needle: Needle,
    tips: Field,
    axes: Field,
    clear: Iterator[int],
    tally: Tally,
) -> list[PlacedNeedle]:
    """The first few safe candidates whose tips are different places."""
    kept: list[PlacedNeedle] = []
    for index in islice(clear, _MOST_LOOKED):
        if any(same_place(tips[index], one) for one in kept):
            continue
        entry = enters(anatomy, tips[index], axes[index], needle, tally)
        if entry is not None:
            kept.append(PlacedNeedle(needle, Trajectory.straight(entry, tips[index])))
        if len(kept) == _KEPT:
            break
    return kept


def same_place(tip: Field, placed: PlacedNeedle) -> bool:
    """True where a tip (3,) is no other place than that of a path: nearer than `APART_MM`."""
    return bool(np.linalg.norm(tip - placed.trajectory.tip_mm) < APART_MM - _SAME_MM)


def _sifted(
    maps: HazardMaps, tips: Field, axes: Field, least_mm: Mapping[str, float], tally: Tally
) -> tuple[Field, Field]:
    """The candidates that the maps do not rule out; the others counted by what they would hit."""
    least = {kind: away - _MAP_SLACK_MM[kind] for kind, away in least_mm.items()}
    traced = maps.trace(tips, axes, reach_mm=BODY_REACH_MM, least_mm=least)
    hit = traced.met_mm >= 0
    wanted = np.array([least.get(kind, -np.inf) for kind in KINDS])
    kinds = (wanted - traced.least_mm[hit]).argmax(axis=1)
    at = tips[hit] - traced.met_mm[hit, None] * axes[hit]
    counts = np.bincount(maps.named(at, kinds), minlength=len(maps.names))
    for index in np.flatnonzero(counts):
        tally.add(maps.names[index], int(counts[index]))
    return tips[~hit], axes[~hit]


def _cleared(
    tips: Field,
    axes: Field,
    exact: list[Wall],
    batches: Iterator[NDArray[np.intp]],
    tally: Tally,
) -> Iterator[int]:
    """Indices in their order of those that keep away from every exact wall."""
    count = _FIRST_LOOK
    for batch in batches:
        start = 0
        while start < len(batch):
            these = batch[start : start + count]
            start, count = start + count, 2 * count
            for wall in exact:
                good = keeps_away(wall, tips[these], axes[these])
                tally.add(wall.name, int((~good).sum()))
                these = these[good]
            yield from (int(index) for index in these)


def window_share(target: Target, placed: PlacedNeedle) -> float | None:
    """Share of the target's window abreast of the active tip and within 3 mm of its axis."""
    if target.window_mm is None:
        return None
    rear, front = target.window_mm
    line = rear + np.linspace(0.0, 1.0, 101)[:, None] * (front - rear)
    offset = line - placed.trajectory.tip_mm
    depth = -offset @ placed.trajectory.axis
    aside = np.linalg.norm(offset + depth[:, None] * placed.trajectory.axis, axis=1)
    over = (depth >= 0) & (depth <= placed.needle.active_tip_mm) & (aside <= 3.0)
    return float(over.mean())
