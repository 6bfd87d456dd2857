"""What a path must keep away from, and by how much; looked at on exact surfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.anatomy.named_tissue import obstacle
from needle_sim.instruments.needle import Needle
from needle_sim.planning.clearance import HAZARDS, VOXEL_BONE, Obstacles
from needle_sim.planning.hazards import SOFT_EDGE_MM

Field = NDArray[np.float64]
DEFAULT_MARGINS_MM = {"dura": 3.0, "root": 2.0, "vessel": 2.0}
BONE_GAP_MM = 0.05  # the shaft may lie on bone and slide on cartilage, not go in
BODY_REACH_MM = 70.0  # nerves and vessels are looked for so far from the tip, bone to the skin
_FINEST_MM = 0.25  # shortest step along a path
_NEAR_MM = 12.0


class Wall(NamedTuple):
    """Something that a path (its axis) must keep ``least_mm`` away from."""

    name: str
    distance_mm: Callable[[Field], Field]
    least_mm: float


def least_axis_mm(margins_mm: Mapping[str, float], needle: Needle) -> dict[str, float]:
    """Least distance of a needle's axis from each kind that is a wall.

    Margins are from the needle's surface, 0 is no touch; a kind without a margin, or with a
    negative one, is no wall. Bone has a margin of `BONE_GAP_MM` unless another is given.
    """
    margins = {"bone": BONE_GAP_MM, **margins_mm}
    return {
        kind: margins[kind] + needle.outer_mm / 2
        for kind in ("bone", *HAZARDS)
        if margins.get(kind, -1.0) >= 0
    }


def walls(near: Obstacles, least_mm: Mapping[str, float]) -> list[Wall]:
    """Each structure and bone in reach whose kind is a wall."""
    found = [
        Wall(name, one.distance_mm, least_mm[one.kind])
        for name, one in near.structures.items()
        if one.kind in least_mm
    ]
    if "bone" in least_mm:
        found += [
            Wall(obstacle(name), _boxed(bone), least_mm["bone"])
            for name, bone in near.bones.items()
        ]
        if near.voxel_bone is not None:
            found.append(Wall(VOXEL_BONE, near.voxel_bone_mm, least_mm["bone"] + SOFT_EDGE_MM))
    return found


def keeps_away(wall: Wall, tips: Field, axes: Field) -> NDArray[np.bool_]:
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
        going = going[clear[going] & (depth[going] < BODY_REACH_MM)]
    return clear


def _boxed(bone: Bone) -> Callable[[Field], Field]:
    """Distance to a bone; well outside of its box the distance to the box, which is never more."""
    low, high = bone.box_mm

    def distance(points_mm: Field) -> Field:
        outside = np.maximum(np.maximum(low - points_mm, points_mm - high), 0)
        away = np.linalg.norm(outside, axis=1)
        near = away < _NEAR_MM
        away[near] = bone.distance_mm(points_mm[near])
        return np.asarray(away)

    return distance
