"""Shapes by signed distance, negative inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry import _kernels
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import Transform


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A round tube along a polyline (N, 3), its radius (N,) linear between the points, mm."""

    points_mm: NDArray[np.float64]
    radius_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        points = as_points(self.points_mm, "points_mm of a tube", least=2)
        radius = np.array(np.broadcast_to(self.radius_mm, len(points)), dtype=np.float64)
        if not (np.isfinite(radius).all() and (radius > 0).all()):
            raise InputError("the radius of a tube must be positive everywhere")
        radius.flags.writeable = False
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "radius_mm", radius)

    def moved(self, by: Transform) -> Tube:
        """The same tube after a rigid map."""
        return Tube(by.apply(self.points_mm), self.radius_mm)


def distance_to_tubes_mm(points_mm: ArrayLike, tubes: Sequence[Tube]) -> NDArray[np.float64]:
    """Signed distance (P,) of points (P, 3) from the union of tubes; negative inside."""
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    out = np.empty(len(points))
    if not tubes:
        out.fill(np.inf)
        return out
    starts = np.concatenate([tube.points_mm[:-1] for tube in tubes])
    ends = np.concatenate([tube.points_mm[1:] for tube in tubes])
    start_radius = np.concatenate([tube.radius_mm[:-1] for tube in tubes])
    end_radius = np.concatenate([tube.radius_mm[1:] for tube in tubes])
    _kernels.tube_distance(points, starts, ends, start_radius, end_radius, out)
    return out
