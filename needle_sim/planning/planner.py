"""`plan`: straight paths from the skin to a target, rejected by what they hit, and ranked.

Candidates are a fixed lattice, not a draw: every direction of a cone about the target's approach
with every small shift of the tip. So the same anatomy gives the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import PlanningError
from needle_sim.geometry.transform import angle_deg, unit
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.clearance import Obstacles, clearances_mm, skin_entry_mm
from needle_sim.planning.ranking import geometric_cost, heat_cost, in_bone_mm
from needle_sim.shown import Shown

Field = NDArray[np.float64]
DEFAULT_MARGINS_MM = {"dura": 3.0, "root": 2.0, "vessel": 2.0}
_BONE_GAP_MM = 0.05  # the shaft may lie on bone, not in it
_VOXEL_BONE_GAP_MM = 1.0  # bone known from voxels only has a soft edge
_BODY_REACH_MM = 70.0  # nerves and vessels are looked for so far from the tip, bone to the skin
_BONE_WEIGHT = 0.2  # what a millimetre of active tip in voxel bone costs (proposed)
_VOXEL_BONE = "bone seen in voxels"
_FINEST_MM = 0.25  # shortest step along a path
_KEPT = 5


class _Wall(NamedTuple):
    """Something that a path (its axis) must keep ``least_mm`` away from."""

    name: str
    distance_mm: Callable[[Field], Field]
    least_mm: float


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
    """Straight paths to a target, best first.

    Parameters
    ----------
    approach : (3,) array, optional
        Direction of travel in the middle of the cone; the target's own by default.
    cone_deg : float, degrees
        Half-angle of the cone of directions.
    margins_mm : mapping of str to float
        Least distance of the needle's surface from each kind of structure.
    heat_margins_mm : mapping of str to float
        Distance of the active tip's surface from each kind of structure below which a path is worth
        less; what heat really does there is measured later, not assumed.

    Raises
    ------
    PlanningError
        Nothing is left; names what blocks, most frequent first.
    """
    middle = target.approach if approach is None else unit(approach)
    near = Obstacles.around(anatomy, target.centre_mm)
    walls = _walls(near, DEFAULT_MARGINS_MM if margins_mm is None else margins_mm, needle)
    lattice = _lattice(target, middle, cone_deg)
    axes, tips, rejected = _sift(*_reach(anatomy, target, needle, *lattice), target, walls)
    tried = len(lattice[0]) * len(lattice[1])
    cost = geometric_cost(target, tips, axes, needle) + _BONE_WEIGHT * in_bone_mm(
        anatomy, tips, axes, needle
    )
    cost += 3.0 * heat_cost(
        near, {} if heat_margins_mm is None else heat_margins_mm, tips, axes, needle
    )
    needles: list[PlacedNeedle] = []
    for index in np.argsort(cost, kind="stable"):
        entry = _enters(anatomy, tips[index], axes[index], needle, rejected)
        if entry is not None and not _meets_far_bone(anatomy, entry, tips[index], rejected):
            needles.append(PlacedNeedle(needle, Trajectory.straight(entry, tips[index])))
        if len(needles) == _KEPT:
            break
    if not needles:
        raise PlanningError(_blocked(target, rejected, tried), tried=tried, rejected=rejected)
    found = clearances_mm(anatomy, needles[0], near=near)
    return Plan(target, tuple(needles), found, tried, dict(sorted(rejected.items())))


def _lattice(target: Target, middle: Field, cone_deg: float) -> tuple[Field, Field]:
    """Directions (A, 3) of a cone, and places (T, 3) of the tip about the target's centre."""
    count = 91
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)  # a sunflower covers a disc evenly
    tilt = np.radians(cone_deg) * np.sqrt(np.arange(count) / (count - 1))
    side = unit(np.cross(middle, [0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0]))
    up = np.cross(middle, side)
    axes = (
        np.cos(tilt)[:, None] * middle
        + (np.sin(tilt) * np.cos(turn))[:, None] * side
        + (np.sin(tilt) * np.sin(turn))[:, None] * up
    )
    steps = np.arange(-1.5, 1.51, 0.5)
    shifts = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    shifts = shifts[np.linalg.norm(shifts, axis=1) < target.radius_mm]
    tips = target.centre_mm + shifts @ np.stack([side, up, middle])
    return axes, tips


def _reach(
    anatomy: Anatomy, target: Target, needle: Needle, axes: Field, tips: Field
) -> tuple[Field, Field, dict[str, int]]:
    """Each direction that meets the skin within the needle's length, with each tip: (C, 3) twice.

    Looked at from the target's centre; the shift of a tip is looked at again once it is chosen.
    """
    rejected: dict[str, int] = {}
    centre = target.centre_mm
    good = []
    for axis in axes:
        entry = _enters(anatomy, centre, axis, needle, rejected)
        good.append(entry is not None and not _meets_far_bone(anatomy, entry, centre, rejected))
    left = axes[good]
    lost = {reason: count * len(tips) for reason, count in rejected.items()}
    return np.repeat(left, len(tips), axis=0), np.tile(tips, (len(left), 1)), lost


def _walls(near: Obstacles, margins: Mapping[str, float], needle: Needle) -> list[_Wall]:
    radius = needle.outer_mm / 2
    structures = (
        _Wall(name, one.distance_mm, margins.get(one.kind, 0.0) + radius)
        for name, one in near.structures.items()
    )
    return [
        *structures,
        _Wall("bone", near.exact_bone_mm, radius + _BONE_GAP_MM),
        _Wall(_VOXEL_BONE, near.voxel_bone_mm, radius + _VOXEL_BONE_GAP_MM),
    ]


def keeps_away(wall: _Wall, tips: Field, axes: Field) -> NDArray[np.bool_]:
    """True (C,) for paths from a tip (C, 3) back along an axis (C, 3) that keep their distance.

    Walks each path by sphere tracing: where the nearest wall is ``d`` away, nothing can be met
    before ``d`` more millimetres, so few looks are needed and none is too coarse.
    """
    clear = np.ones(len(tips), dtype=bool)
    depth = np.zeros(len(tips))
    going = np.arange(len(tips))
    while len(going):
        away = wall.distance_mm(tips[going] - depth[going, None] * axes[going])
        clear[going] = away >= wall.least_mm
        depth[going] += np.maximum(away - wall.least_mm, _FINEST_MM)
        going = going[clear[going] & (depth[going] < _BODY_REACH_MM)]
    return clear


def _sift(
    axes: Field, tips: Field, rejected: dict[str, int], target: Target, walls: list[_Wall]
) -> tuple[Field, Field, dict[str, int]]:
    """The candidates that touch nothing, and how many each wall took."""
    if target.ventral_mm is not None:
        good = tips[:, 1] >= target.ventral_mm[1]
        rejected["tip ventral to the process"] = int((~good).sum())
        axes, tips = axes[good], tips[good]
    for wall in walls:
        good = keeps_away(wall, tips, axes)
        rejected[wall.name] = rejected.get(wall.name, 0) + int((~good).sum())
        axes, tips = axes[good], tips[good]
    return axes, tips, {name: count for name, count in rejected.items() if count}


def _enters(
    anatomy: Anatomy, tip: Field, axis: Field, needle: Needle, rejected: dict[str, int]
) -> Field | None:
    """Skin entry (3,) of a path; None, counted in ``rejected``, where there is none in reach."""
    entry = skin_entry_mm(anatomy, tip, -axis)
    if entry is None:
        reason = "skin entry outside the volume"
    elif np.linalg.norm(entry - tip) > needle.length_mm:
        reason = f"needle of {needle.length_mm:g} mm too short"
    else:
        return entry
    rejected[reason] = rejected.get(reason, 0) + 1
    return None


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


def _meets_far_bone(anatomy: Anatomy, entry: Field, tip: Field, rejected: dict[str, int]) -> bool:
    """True, and counted, where the path meets bone farther from the tip than the walls reach."""
    whole = float(np.linalg.norm(entry - tip))
    depth = np.arange(_BODY_REACH_MM - 5.0, whole, 0.5)
    if not anatomy.in_voxel_bone(tip + depth[:, None] * (entry - tip) / whole).any():
        return False
    rejected[_VOXEL_BONE] = rejected.get(_VOXEL_BONE, 0) + 1
    return True


def _blocked(target: Target, rejected: Mapping[str, int], tried: int) -> str:
    most = sorted(rejected.items(), key=lambda item: -item[1])[:3]
    said = ", ".join(f"{name} ({count} of {tried})" for name, count in most)
    return f"no safe path to {target.name} on {target.vertebra or 'the target'}: blocked by {said}"
