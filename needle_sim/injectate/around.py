"""What lies about a tip: signed distances on a lattice, looked at closely only near surfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone, Space, Structure
from needle_sim.injectate.lattice import Cells, Lattice, Points

FAR_MM = 6.0
"""Distances are only told apart up to this."""

_COARSE = 4  # cubes of the first look, in steps
_CLOSE_MM = 2.2  # nearer to a surface than this the first look is not enough


@dataclass(frozen=True, slots=True, eq=False)
class Pipe:
    """A structure of tubes with its box, to be looked at as a bone is."""

    structure: Structure

    def distance_mm(self, points_mm: ArrayLike) -> Cells:
        """Signed distance (P,) of points (P, 3)."""
        return self.structure.distance_mm(points_mm)

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3)."""
        tubes = self.structure.tubes
        reach = [float(tube.radius_mm.max()) for tube in tubes]
        low = np.min([t.points_mm.min(0) - r for t, r in zip(tubes, reach, strict=True)], axis=0)
        high = np.max([t.points_mm.max(0) + r for t, r in zip(tubes, reach, strict=True)], axis=0)
        return np.stack([low, high])


def pipes(anatomy: Anatomy, *kinds: str) -> list[Bone]:
    """Structures of some kinds as shapes."""
    return [Pipe(one) for one in anatomy.structures.values() if one.kind in kinds]


def spaces_near(anatomy: Anatomy, corners_mm: NDArray[np.float64], *kinds: str) -> list[Space]:
    """Spaces of some kinds that reach into a box of corners (2, 3)."""
    found = []
    for one in anatomy.spaces.values():
        low, high = one.shape.box_mm
        if one.kind in kinds and (low < corners_mm[1]).all() and (high > corners_mm[0]).all():
            found.append(one)
    return found


def distance_mm(
    lattice: Lattice,
    shapes: Iterable[Bone],
    *,
    wanted: NDArray[np.bool_] | None = None,
    reach_mm: float = FAR_MM,
) -> Cells:
    """Least signed distance (I, J, K) from shapes, at most ``reach_mm``.

    Exact within about 2 mm of a surface, interpolated from every fourth cube elsewhere, and
    ``reach_mm`` outside of ``wanted``.
    """
    found = np.full(lattice.shape, reach_mm)
    for shape in shapes:
        low, high = shape.box_mm
        box = lattice.within(np.stack([low - reach_mm, high + reach_mm]))
        part = found[box]
        asked = None if wanted is None else wanted[box]
        if part.size == 0 or (asked is not None and not asked.any()):
            continue
        distance = _two_looks(lattice.part(box), shape.distance_mm, asked)
        found[box] = np.minimum(part, distance)
    return found


def _two_looks(
    lattice: Lattice, distance: Callable[[Points], Cells], asked: NDArray[np.bool_] | None
) -> Cells:
    """Signed distance (I, J, K): every fourth cube first, then all that are near a surface."""
    coarse = [np.append(np.arange(0, n - 1, _COARSE), n - 1) for n in lattice.shape]
    x, y, z = lattice.axes_mm()
    grid = np.meshgrid(z[coarse[0]], y[coarse[1]], x[coarse[2]], indexing="ij")
    points = np.stack([grid[2], grid[1], grid[0]], axis=-1).reshape(-1, 3)
    found = distance(points).reshape(grid[0].shape)
    for axis, (count, at) in enumerate(zip(lattice.shape, coarse, strict=True)):
        found = _between(found, at, count, axis)
    close = np.abs(found) < _CLOSE_MM
    if asked is not None:
        close &= asked
    found[close] = distance(lattice.points_mm(close))
    return found


def _between(values: Cells, at: NDArray[np.intp], count: int, axis: int) -> Cells:
    """Linear interpolation along an axis from the cubes ``at`` to all ``count``."""
    every = np.arange(count)
    low = np.clip(np.searchsorted(at, every, side="right") - 1, 0, max(len(at) - 2, 0))
    high = np.minimum(low + 1, len(at) - 1)
    span = np.maximum(at[high] - at[low], 1)
    shape = [1, 1, 1]
    shape[axis] = count
    share = ((every - at[low]) / span).reshape(shape)
    return np.asarray(values.take(low, axis) * (1.0 - share) + values.take(high, axis) * share)


def covered(distance: Cells, step_mm: float) -> Cells:
    """Share (...) of each cube inside a surface, from the signed distance of its middle."""
    return np.clip(0.5 - distance / step_mm, 0.0, 1.0)


def sac_middle(sac: Structure, z_mm: Cells) -> NDArray[np.float64]:
    """x and y (P, 2) of the middle of the sac at heights (P,)."""
    found = []
    for tube in sac.tubes:
        rising = tube.points_mm[np.argsort(tube.points_mm[:, 2])]
        found.append([np.interp(z_mm, rising[:, 2], rising[:, axis]) for axis in (0, 1)])
    return np.asarray(np.mean(found, axis=0)).T
