"""What a path is worth: lower cost is better, in millimetres."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.planning.clearance import Obstacles

Field = NDArray[np.float64]


def geometric_cost(target: Target, tips: Field, axes: Field, needle: Needle) -> Field:
    """Lower is better; the weights say how many mm a degree is worth (proposed)."""
    cost = np.linalg.norm(tips - target.centre_mm, axis=1)
    if target.nerve_mm is None or target.window_mm is None:
        return np.asarray(
            cost + 0.1 * np.degrees(np.arccos(np.clip(axes @ target.approach, -1, 1)))
        )
    along = unit(target.nerve_mm[-1] - target.nerve_mm[0])
    cost += 0.1 * np.degrees(np.arccos(np.clip(axes @ along, -1.0, 1.0)))
    stretch = target.nerve_mm[:: max(1, len(target.nerve_mm) // 12)]
    offset = stretch[None] - tips[:, None]
    depth = np.einsum("cnk,ck->cn", offset, axes)
    aside = np.linalg.norm(offset - depth[..., None] * axes[:, None], axis=-1)
    beside = float(np.linalg.norm(target.nerve_mm - target.centre_mm, axis=1).min())
    cost += np.abs(aside.mean(axis=1) - beside)  # beside the nerve as the target is: not through it
    rear, front = np.einsum("nck,ck->nc", target.window_mm[:, None] - tips, axes)
    short = np.maximum(0.0, front) + np.maximum(0.0, -needle.active_tip_mm - rear)
    return np.asarray(cost + 2.0 * short)


def in_bone_mm(anatomy: Anatomy, tips: Field, axes: Field, needle: Needle) -> Field:
    """Length (C,) of each active tip whose axis lies in voxels that are labelled bone."""
    depth = np.linspace(0.0, max(needle.active_tip_mm, 1.0), 21)
    active = tips[:, None] - depth[:, None] * axes[:, None]
    inside = anatomy.in_voxel_bone(active.reshape(-1, 3)).reshape(len(tips), len(depth))
    return np.asarray(inside.mean(axis=1) * depth[-1])


def heat_cost(
    near: Obstacles, margins: Mapping[str, float], tips: Field, axes: Field, needle: Needle
) -> Field:
    """What each path (C,) lacks of its distance between active tip and nerves, mm."""
    depth = np.linspace(0.0, needle.active_tip_mm, 5)
    active = (tips[:, None] - depth[:, None] * axes[:, None]).reshape(-1, 3)
    short = np.zeros(len(tips))
    for one in near.structures.values():
        least = margins.get(one.kind, 0.0)
        if least > 0 and len(tips):
            away = one.distance_mm(active).reshape(len(tips), -1).min(axis=1)
            short = np.maximum(short, least + needle.outer_mm / 2 - away)
    return short
