"""`LabelWall`: a labelled bone as something that inferred nerves and vessels must not run into.

The parametric bone follows a label within 1 to 2 mm on the mean, and in its grooves it may lie some
millimetres inside: what is inferred lies on the bone that is measured, where this is the outer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.surface import LabelSurface
from needle_sim.geometry.paths import resample
from needle_sim.volume.volume import Volume, axis_aligned

Points = NDArray[np.float64]

_GRID_MM, _MARGIN_MM = 1.5, 5.0
_SMOOTH_MM = 0.75  # planes of neighbouring surface points meet at steps (proposed)
_FAR_MM = 9.0


_NEAR_MM, _RIDGE_MM = 15.0, 0.25
_PUSHES, _RESAMPLED, _SMOOTH = 96, 12, (4.0, 0.5)
"""A path is moved so often, smoothed by so many of its points, at last hardly."""
_CLEFT_MM = 3.0
"""Two bones that are nearer to one another count as one: no nerve lies in a joint (proposed)."""


class Wall(Protocol):
    """What a path is pushed off: `needle_sim.geometry.shapes.Implicit` or `LabelWall`."""

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (P,), negative inside."""
        ...

    def gradient(self, points_mm: ArrayLike) -> Points:
        """Unit vectors (P, 3) the way out."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LabelWall:
    """Signed distance from one label's surface, on a grid of 1.5 mm within 5 mm of it.

    Parameters
    ----------
    away : Volume
        The distance, mm.
    slopes : tuple of three Volume
        How it grows along x, y and z of the patient.
    """

    away: Volume
    slopes: tuple[Volume, Volume, Volume]

    @classmethod
    def of(cls, surface: LabelSurface) -> LabelWall:
        """The wall of a labelled bone."""
        low = surface.points_mm.min(axis=0) - _MARGIN_MM
        counts = np.ceil((np.ptp(surface.points_mm, axis=0) + 2 * _MARGIN_MM) / _GRID_MM)
        place = axis_aligned([_GRID_MM] * 3, low.tolist())
        index = np.indices(tuple(int(n) + 1 for n in counts[::-1]))
        shape = index.shape[1:]
        points = place.apply(index.reshape(3, -1).T.astype(np.float64))
        field = surface.distance_mm(points).clip(-_FAR_MM, _FAR_MM).reshape(shape)
        field = ndimage.gaussian_filter(field, _SMOOTH_MM / _GRID_MM, mode="nearest")
        up, back, left = np.gradient(field, _GRID_MM)
        volumes = [Volume(one.astype(np.float32), place, "distance_mm") for one in (left, back, up)]
        return cls(Volume(field.astype(np.float32), place, "distance_mm"), (*volumes,))  # type: ignore[arg-type]

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (P,) of points (P, 3); away from the grid 9 mm."""
        return self.away.sample(points_mm, outside=_FAR_MM)

    def gradient(self, points_mm: ArrayLike) -> Points:
        """Unit vectors (P, 3) out of the bone; 0 where it grows nowhere."""
        found = np.stack([one.sample(points_mm, outside=0.0) for one in self.slopes], axis=-1)
        length = np.linalg.norm(found, axis=-1, keepdims=True)
        return np.asarray(found / np.where(length < 1e-6, 1.0, length))


def laid_on(path_mm: Points, solid: Sequence[Sequence[Wall]], off_mm: float) -> Points:
    """A path (N, 3) moved, smoothly, out of bones to ``off_mm`` from them.

    Parameters
    ----------
    path_mm : (N, 3) array
        In the patient.
    solid : sequence of sequences of Wall
        Each bone as all that is known of it: what is in one of these is in the bone.
    off_mm : float
        How far off the outermost one the path is wanted.
    """
    path = path_mm
    near = [
        walls for walls in solid if min(one.distance_mm(path).min() for one in walls) < _NEAR_MM
    ]
    for n in range(_PUSHES if near else 0):
        last = n >= _PUSHES - 2 * _RESAMPLED
        if (
            n % _RESAMPLED == 0 and not last
        ):  # neighbours that were pushed apart must not cut through a ridge
            path = resample(path, _RIDGE_MM)
            path[1:-1] = ndimage.gaussian_filter1d(path, _SMOOTH[0], axis=0, mode="nearest")[1:-1]
        away, out = _together(path, near)
        short = np.maximum(off_mm - away, 0.0)
        if not short.any():
            break
        push = short[:, None] * out
        path = path + ndimage.gaussian_filter1d(push, _SMOOTH[last], axis=0, mode="nearest")
    return path


def _together(points: Points, solid: Sequence[Sequence[Wall]]) -> tuple[Points, Points]:
    """Distance (N,) from all bones as one, clefts closed, and the way out (N, 3)."""
    away = np.empty((len(solid), len(points)))
    out = np.empty((*away.shape, 3))
    for n, walls in enumerate(solid):
        each = np.stack([wall.distance_mm(points) for wall in walls])
        away[n] = each.min(axis=0)
        for m, wall in enumerate(walls):
            at = each.argmin(axis=0) == m
            out[n, at] = wall.gradient(points[at]) if at.any() else 0.0
    if len(solid) == 1:
        return away[0], out[0]
    row = np.arange(len(points))
    first, second = np.argsort(away, axis=0, kind="stable")[:2]
    gap = np.maximum(_CLEFT_MM - (away[second, row] - away[first, row]), 0.0)
    share = (0.5 * gap / _CLEFT_MM)[:, None]
    way = (1.0 - share) * out[first, row] + share * out[second, row]
    return away[first, row] - gap**2 / (4.0 * _CLEFT_MM), way
