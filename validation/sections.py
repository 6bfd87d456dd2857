"""Plane sections of a mesh and its extremes: all that picks of landmarks look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.transform import unit

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One closed outline of a plane section.

    Parameters
    ----------
    points_mm : (P, 3) array
        Where the plane cuts edges of the mesh.
    ends : (S, 2) array of int
        The two points of each piece, all in one sense around the bone.
    axis : int
        Of the plane's normal: 0 sagittal, 1 coronal, 2 axial.
    """

    points_mm: Points
    ends: NDArray[np.int64]
    axis: int

    def _flat(self) -> tuple[Points, Points]:
        flat = np.delete(self.points_mm, self.axis, axis=1)
        return flat[self.ends[:, 0]], flat[self.ends[:, 1]]

    @property
    def area_mm2(self) -> float:
        """Enclosed; a hole's has the other sign than an outer outline's."""
        a, b = self._flat()
        sign = 1.0 if self.axis == 1 else -1.0
        return float(0.5 * sign * np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]))

    @property
    def centre_mm(self) -> Points:
        """Centroid (3,) of what is enclosed."""
        a, b = self._flat()
        weight = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
        flat = ((a + b) * weight[:, None]).sum(axis=0) / (3.0 * weight.sum())
        return np.insert(flat, self.axis, self.points_mm[0, self.axis])

    def crossing(self, axis: int, at_mm: float) -> Points:
        """Points (N, 3) in which the outline crosses a plane across another axis of the frame."""
        a, b = self.points_mm[self.ends[:, 0]], self.points_mm[self.ends[:, 1]]
        low, high = a[:, axis] - at_mm, b[:, axis] - at_mm
        cut = (low > 0.0) != (high > 0.0)
        share = (low[cut] / (low[cut] - high[cut]))[:, None]
        return np.asarray(a[cut] + share * (b[cut] - a[cut]))

    def farthest(self, towards: ArrayLike) -> Points:
        """The point (3,) of the outline that lies farthest in a direction."""
        return extreme(self.points_mm, towards, within_mm=0.0)


def extreme(
    points_mm: Points, towards: ArrayLike, *, within_mm: float = 0.3, joined_mm: float = np.inf
) -> Points:
    """Middle (3,) of those points (P, 3) within a distance of the farthest in a direction.

    The middle between their extremes, not their mean: how dense a mesh is does not count. Of the
    summit that holds the farthest alone, where steps of at most ``joined_mm`` lead to no other.
    """
    reach = points_mm @ unit(np.asarray(towards, dtype=np.float64))
    high = reach >= reach.max() - within_mm
    near, top = points_mm[high], int(reach[high].argmax())
    if np.isfinite(joined_mm):
        steps = KDTree(near).query_pairs(joined_mm, output_type="ndarray")
        graph = coo_array((np.ones(len(steps)), (steps[:, 0], steps[:, 1])), (len(near),) * 2)
        part = connected_components(graph, directed=False)[1]
        near = near[part == part[top]]
    return np.asarray(0.5 * (near.min(axis=0) + near.max(axis=0)))


@lru_cache(maxsize=4)
def normals(mesh: Mesh) -> Points:
    """Unit normals (P, 3) out of the bone at the points of a mesh: those of its faces, by area."""
    first, second, third = (mesh.points_mm[mesh.faces[:, n]] for n in range(3))
    faces = np.cross(second - first, third - first)
    corners, count = mesh.faces.reshape(-1), len(mesh.points_mm)
    each = np.repeat(faces, 3, axis=0).T
    found = np.stack([np.bincount(corners, one, minlength=count) for one in each], axis=1)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


@lru_cache(maxsize=64)
def section(mesh: Mesh, axis: int, at_mm: float) -> list[Outline]:
    """The outlines in which a plane across an axis of the frame cuts a closed mesh."""
    side = mesh.points_mm[:, axis] - at_mm
    above = side > 0.0
    first, second, third = (above[mesh.faces[:, n]] for n in range(3))
    cut = mesh.faces[(first != second) | (second != third)]
    starts, stops = [], []
    for n in range(
        3
    ):  # an edge from below to above is where a piece begins, the other where it ends
        first, second = cut[:, n], cut[:, (n + 1) % 3]
        starts.append(np.where(above[second] & ~above[first], _key(mesh, first, second), -1))
        stops.append(np.where(above[first] & ~above[second], _key(mesh, first, second), -1))
    pieces = np.stack([np.max(starts, axis=0), np.max(stops, axis=0)], axis=1)
    keys, flat = np.unique(pieces, return_inverse=True)
    ends = flat.reshape(-1, 2)
    low, high = np.divmod(keys, len(side))
    share = (side[low] / (side[low] - side[high]))[:, None]
    points = mesh.points_mm[low] + share * (mesh.points_mm[high] - mesh.points_mm[low])
    points[:, axis] = at_mm
    return _outlines(points, ends, axis)


def _key(mesh: Mesh, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int64]:
    low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second)
    return np.asarray(low * len(mesh.points_mm) + high)


def _outlines(points: Points, ends: NDArray[np.int64], axis: int) -> list[Outline]:
    if not len(points):
        return []
    joined = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(points),) * 2)
    count, part = connected_components(joined, directed=False)
    found = []
    for n in range(count):
        own = np.flatnonzero(part == n)
        back = np.full(len(points), -1)
        back[own] = np.arange(len(own))
        found.append(Outline(points[own], back[ends[part[ends[:, 0]] == n]], axis))
    return found
