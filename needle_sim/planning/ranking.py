"""What a path is worth: lower cost is better, in millimetres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.planning.hazards import KINDS, HazardMaps

Field = NDArray[np.float64]
_STRETCH = 12  # places along the nerve at which a path's distance from it is taken
_BATCH = 4096


def geometric_cost(target: Target, tips: Field, axes: Field, needle: Needle) -> Field:
    """Lower is better; the weights say how many mm a degree is worth (proposed)."""
    cost = np.linalg.norm(tips - target.centre_mm, axis=1)
    if target.nerve_mm is None or target.window_mm is None:
        return np.asarray(
            cost + 0.1 * np.degrees(np.arccos(np.clip(axes @ target.approach, -1, 1)))
        )
    along = unit(target.nerve_mm[-1] - target.nerve_mm[0])
    cost += 0.1 * np.degrees(np.arccos(np.clip(axes @ along, -1.0, 1.0)))
    stretch = target.nerve_mm[:: max(1, len(target.nerve_mm) // _STRETCH)]
    beside = float(np.linalg.norm(target.nerve_mm - target.centre_mm, axis=1).min())
    # beside the nerve as the target is: not through it
    cost += np.abs(_aside(stretch, tips, axes) - beside)
    rear, front = (((end - tips) * axes).sum(axis=1) for end in target.window_mm)
    short = np.maximum(0.0, front) + np.maximum(0.0, -needle.active_tip_mm - rear)
    return np.asarray(cost + 2.0 * short)


def _aside(stretch: Field, tips: Field, axes: Field) -> Field:
    """Mean distance (C,) of some points (N, 3) from each path's axis."""
    total = np.zeros(len(tips))
    for point in stretch:
        offset = point - tips
        depth = np.einsum("ck,ck->c", offset, axes)
        square = np.einsum("ck,ck->c", offset, offset) - depth * depth
        total += np.sqrt(np.maximum(square, 0.0))
    return np.asarray(total / len(stretch))


def in_bone_mm(anatomy: Anatomy, tips: Field, axes: Field, needle: Needle) -> Field:
    """Length (C,) of each active tip whose axis lies in voxels that are labelled bone."""
    depth = np.linspace(0.0, max(needle.active_tip_mm, 1.0), 21)
    active = tips[:, None] - depth[:, None] * axes[:, None]
    inside = anatomy.in_voxel_bone(active.reshape(-1, 3)).reshape(len(tips), len(depth))
    return np.asarray(inside.mean(axis=1) * depth[-1])


def heat_cost(
    maps: HazardMaps, margins_mm: Mapping[str, float], tips: Field, axes: Field, needle: Needle
) -> Field:
    """What each path (C,) lacks of its distance between active tip and nerves, mm."""
    wanted = np.array([margins_mm.get(kind, 0.0) for kind in KINDS])
    if not len(tips) or not (wanted > 0).any() or needle.active_tip_mm == 0:
        return np.zeros(len(tips))
    least = np.where(wanted > 0, wanted + needle.outer_mm / 2, -np.inf)
    reach, far = needle.active_tip_mm, float(least.max())
    found = maps.trace(tips, axes, reach_mm=reach, far_mm=far, finest_mm=1.0).least_mm
    return np.asarray(np.maximum(least - found, 0.0).max(axis=1), dtype=np.float64)


def cheapest_first(
    cost: Field, more: Callable[[NDArray[np.intp]], Field]
) -> Iterator[NDArray[np.intp]]:
    """Indices in order of ``cost`` plus ``more(indices)``, which is never negative, in batches.

    ``more`` is asked only for as many as the batches that are taken need.
    """
    order = np.argsort(cost, kind="stable")
    waiting, total = np.empty(0, dtype=np.intp), np.empty(0)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        waiting = np.concatenate([waiting, batch])
        total = np.concatenate([total, cost[batch] + more(batch)])
        rank = np.argsort(total, kind="stable")
        waiting, total = waiting[rank], total[rank]
        following = order[start + _BATCH : start + _BATCH + 1]
        ready = int((total <= cost[following[0]]).sum()) if len(following) else len(total)
        yield waiting[:ready]
        waiting, total = waiting[ready:], total[ready:]
