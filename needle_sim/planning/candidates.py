"""Candidates of a plan: a fixed lattice of directions and tips, and those that may stay.

A lattice, not a draw, so that the same anatomy gives the same plan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.tissue import bone_labels
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.planning.clearance import VOXEL_BONE, skin_entry_mm
from needle_sim.planning.reach import reach_mm
from needle_sim.planning.tally import Tally
from needle_sim.planning.walls import BODY_REACH_MM
from needle_sim.presets import nearest

Field = NDArray[np.float64]
COUNT = 200_000  # candidates at least, before any is left out
_MOST_DIRECTIONS, _LEAST_DIRECTIONS = 800, 400
_TIP_STEP_MM = 0.5
_LONGEST_MM = 300.0  # no way from the skin is longer
_LOOK_MM = 1.5  # between two looks at the voxels along a direction
_ENCLOSED = ("facet_joint", "disc", "flavum")  # spaces that come before canal and foramen


def directions(middle: ArrayLike, cone_deg: float, count: int) -> Field:
    """Unit directions (count, 3) that cover a cone evenly, its middle first.

    A sunflower: equal steps of the golden angle, at radii that give each seed the same area.
    """
    side, up, along = axes_about(middle)
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    tilt = np.radians(cone_deg) * np.sqrt(np.arange(count) / max(count - 1, 1))
    across = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * up
    return np.asarray(np.cos(tilt)[:, None] * along + np.sin(tilt)[:, None] * across)


def axes_about(middle: ArrayLike) -> Field:
    """Two directions across a third, and itself: (3, 3)."""
    along = unit(middle)
    side = unit(np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.9 else [1.0, 0.0, 0.0]))
    return np.stack([side, np.cross(along, side), along])


def tips_about(target: Target, middle: ArrayLike) -> Field:
    """Places (T, 3) of the tip inside the target's window, every 0.5 mm; the centre is one."""
    most = np.ceil(target.radius_mm / _TIP_STEP_MM) * _TIP_STEP_MM
    steps = np.arange(-most, most + 0.5 * _TIP_STEP_MM, _TIP_STEP_MM)
    shifts = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    shifts = shifts[np.linalg.norm(shifts, axis=1) < target.radius_mm]
    return np.asarray(target.centre_mm + shifts @ axes_about(middle))


def lattice(target: Target, middle: ArrayLike, cone_deg: float) -> tuple[Field, Field]:
    """Directions (A, 3) and tips (T, 3); each with each is a candidate, at least `COUNT`."""
    tips = tips_about(target, middle)
    count = int(np.clip(-(-COUNT // len(tips)), _LEAST_DIRECTIONS, _MOST_DIRECTIONS))
    return directions(middle, cone_deg, count), tips


def tips_allowed(
    anatomy: Anatomy, target: Target, tips: Field, tally: Tally, *, each: int
) -> Field:
    """The tips (T', 3) in the target's spaces and dorsal of its limit.

    ``each`` is how many candidates a tip stands for.
    """
    if target.ventral_mm is not None:
        good = tips[:, 1] >= target.ventral_mm[1]
        tally.add("tip ventral to the process", each * int((~good).sum()))
        tips = tips[good]
    if target.within:
        outside = outside_mm(anatomy, target, tips) > target.within_mm
        tally.add(f"tip outside the {_kinds(anatomy, target)}", each * int(outside.sum()))
        tips = tips[~outside]
    return tips


def outside_mm(anatomy: Anatomy, target: Target, points_mm: Field) -> Field:
    """How far (P,) points lie outside of a target's spaces; negative inside.

    A joint, a disc or a flavum that is not one of them is outside, even where it lies within the
    wall of the canal or a foramen, as for `needle_sim.anatomy.compartment`.
    """
    for name in target.within:
        if name not in anatomy.spaces:
            raise InputError(f"{anatomy.name} has no space {name!r}{nearest(name, anatomy.spaces)}")
    wanted = [anatomy.spaces[name].shape for name in target.within]
    away = np.min([shape.distance_mm(points_mm) for shape in wanted], axis=0)
    for name, space in anatomy.spaces.items():
        if name in target.within or space.kind not in _ENCLOSED:
            continue
        low, high = space.shape.box_mm
        near = ((points_mm >= low) & (points_mm <= high) & (away <= 0)[:, None]).all(axis=1)
        if near.any():
            inside = -space.shape.distance_mm(points_mm[near])
            away[near] = np.where(inside > 0, np.inf, away[near])
    return np.asarray(away)


def _kinds(anatomy: Anatomy, target: Target) -> str:
    kinds = dict.fromkeys(anatomy.spaces[name].kind for name in target.within)
    return " or ".join(kind.replace("_", " ") for kind in kinds)


def directions_allowed(
    anatomy: Anatomy, target: Target, axes: Field, needle: Needle, tally: Tally, *, each: int
) -> Field:
    """The directions (A', 3) that meet the skin within the needle's reach, and no far bone.

    Looked at from the target's centre; the shift of a tip is looked at again once it is chosen.
    ``each`` is how many candidates a direction stands for.
    """
    depth, bony = _ways_out(anatomy, target.centre_mm, axes)
    inside = np.isfinite(depth)
    tally.add("skin entry outside the volume", each * int((~inside).sum()))
    reaches = inside & (depth <= reach_mm(needle))
    if (inside & ~reaches).any():
        lacking = float(depth[inside & ~reaches].min()) - reach_mm(needle)
        tally.too_short(needle, lacking, each * int((inside & ~reaches).sum()))
    tally.add(VOXEL_BONE, each * int((reaches & bony).sum()))
    return axes[reaches & ~bony]


def _ways_out(anatomy: Anatomy, tip: Field, axes: Field) -> tuple[Field, NDArray[np.bool_]]:
    """Depth (A,) of a tip under the skin against each axis, and where bone lies far along it.

    Infinite where the way leaves the volume before the body.
    """
    if anatomy.labels.sample(tip[None], outside=0)[0] == 0:
        raise InputError(f"the tip {np.round(tip, 1).tolist()} lies outside the body")
    along = np.arange(0.0, _LONGEST_MM, _LOOK_MM)
    line = tip - along[:, None] * axes[:, None]
    found = anatomy.labels.sample(line, outside=0)
    body = found != 0
    last = body.shape[1] - 1 - body[:, ::-1].argmax(axis=1)
    beyond = line[np.arange(len(axes)), last] - axes * float(anatomy.labels.spacing_mm.max())
    leaves = ~anatomy.labels.contains(beyond) | (last + 1 == len(along))
    fine = np.arange(0.0, _LOOK_MM, 0.1)
    end = tip - (along[last][:, None] + fine)[..., None] * axes[:, None]
    still = anatomy.labels.sample(end, outside=0) != 0
    depth = along[last] + fine[len(fine) - 1 - still[:, ::-1].argmax(axis=1)]
    bone = np.isin(found, bone_labels())
    bony = (bone & (along >= BODY_REACH_MM - 5.0) & (along < depth[:, None])).any(axis=1)
    return np.where(leaves, np.inf, depth), bony


def enters(anatomy: Anatomy, tip: Field, axis: Field, needle: Needle, tally: Tally) -> Field | None:
    """Skin entry (3,) of one path; None, counted, where there is none in reach of the needle."""
    entry = skin_entry_mm(anatomy, tip, -axis)
    if entry is None:
        tally.add("skin entry outside the volume")
        return None
    lacking = float(np.linalg.norm(entry - tip)) - reach_mm(needle)
    if lacking > 0:
        tally.too_short(needle, lacking)
        return None
    return None if _meets_far_bone(anatomy, entry, tip, tally) else entry


def _meets_far_bone(anatomy: Anatomy, entry: Field, tip: Field, tally: Tally) -> bool:
    """True, and counted, where the path meets bone farther from the tip than the walls reach."""
    whole = float(np.linalg.norm(entry - tip))
    depth = np.arange(BODY_REACH_MM - 5.0, whole, 0.5)
    if not anatomy.in_voxel_bone(tip + depth[:, None] * (entry - tip) / whole).any():
        return False
    tally.add(VOXEL_BONE)
    return True
