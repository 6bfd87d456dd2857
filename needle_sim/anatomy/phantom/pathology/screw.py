"""`Shaft`: a pedicle screw as it was chosen for its bone, and the size of one that lies there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone, Side
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.geometry.transform import cross, unit

LONG_STEP_MM, THICK_STEP_MM = 5.0, 0.5
"""Screws are sold in such steps of length and diameter (texts, from memory)."""
WALL_MM = 2.0
"""Of bone that stays before a screw's tip (from memory)."""
TOLD_MM = 0.5
"""A shaft that stands out of its bone this far beside pedicle or body is told of (proposed)."""
PEDICLE_SHARE = 0.85
"""Of a pedicle's width that a screw may take (from memory)."""
_SCAN_MM, _FAR_MM = 0.25, 70.0
_AROUND = 12  # places on the rim of a tip


class Shaft(NamedTuple):
    """Diameter and length of the screw of a level and side, what was asked for, and its bed."""

    level: str
    side: Side
    thick_mm: float
    long_mm: float
    asked_thick_mm: float
    asked_long_mm: float
    out_mm: float
    """How far it stands out of the bone beside pedicle or body; 0 where it does not."""


def largest_mm(most: float, room: float, least: float, *, step: float) -> float:
    """What was asked for where there is room, else the next smaller step; 0 where that is less
    than the least there is."""
    if most <= room:
        return most
    found = step * np.floor(room / step + 1e-9)
    return float(found) if found >= least else 0.0


class Bed(NamedTuple):
    """The bone along a screw's way: places (N,) from where it enters, and how deep (N,) its axis
    and the rim of its shaft lie under the surface there, mm."""

    at_mm: NDArray[np.float64]
    axis_mm: NDArray[np.float64]
    rim_mm: NDArray[np.float64]

    @classmethod
    def of(
        cls, bone: Bone, entry: NDArray[np.float64], axis: NDArray[np.float64], thick_mm: float
    ) -> Bed:
        """Of a shaft that enters a bone at a point (3,); the axis (3,) is from tip to head."""
        at = np.arange(0.0, _FAR_MM, _SCAN_MM)
        first = unit(np.cross(axis, [0.3, 0.5, 0.8]))
        turn = np.linspace(0.0, 2 * np.pi, _AROUND, endpoint=False)[:, None]
        rim = 0.5 * thick_mm * (np.cos(turn) * first + np.sin(turn) * cross(axis, first))
        around = np.concatenate([np.zeros((1, 3)), rim])
        points = entry - at[:, None, None] * axis + around
        depth = -bone.distance_mm(points.reshape(-1, 3)).reshape(len(at), -1)
        return cls(at, depth[:, 0], depth[:, 1:].min(axis=1))

    @property
    def room_mm(self) -> float:
        """How long a shaft can be: to where `WALL_MM` are left before its tip and its rim still
        lies in bone; 0 where it nowhere does."""
        held = np.flatnonzero((self.axis_mm >= WALL_MM) & (self.rim_mm >= 0.0))
        return float(self.at_mm[held[-1]]) if len(held) else 0.0

    def out_mm(self, start: float, end: float) -> float:
        """How far a shaft stands out of the bone between two places; 0 where it does not."""
        there = (self.at_mm >= start) & (self.at_mm <= end)
        return max(0.0, -float(self.rim_mm[there].min(initial=0.0)))


def screw_size_mm(screw: Bone) -> tuple[float, float]:
    """Diameter and length of a screw's shaft: across its own axis, and from tip to head."""
    low, high = screw.box_mm
    axes = [np.arange(a, b, 0.8) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[screw.distance_mm(points) < -0.3]
    middle = points.mean(axis=0)
    axis = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    across = unit(np.cross(axis, [0.3, 0.5, 0.8]))
    enters, leaves = inside_mm(screw, middle - 60.0 * axis, axis, reach_mm=120.0)[0]
    at = np.arange(enters + 1.0, leaves - 1.0, 0.1)
    wide = np.array([_across_mm(screw, middle + (one - 60.0) * axis, across) for one in at])
    thick = float(np.median(wide))
    shaft = at[wide < 1.3 * thick]
    head_first = bool(wide[0] > 1.3 * thick)
    return thick, float(leaves - shaft.min() if head_first else shaft.max() - enters)


def _across_mm(shape: Bone, at: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    return sum(inside_mm(shape, at, sign * across, reach_mm=12.0)[0][1] for sign in (-1.0, 1.0))
