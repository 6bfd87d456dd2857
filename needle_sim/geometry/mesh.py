"""`Mesh`: a surface of triangles, and the meshes of tubes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import unit

AROUND = 16
"""Sides of a round tube."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles whose corners run counter-clockwise seen from outside.

    Parameters
    ----------
    points_mm : (V, 3) array
        Patient LPS.
    faces : (F, 3) array of int
        Indices into the points.
    """

    points_mm: NDArray[np.float64]
    faces: NDArray[np.int32]

    def __post_init__(self) -> None:
        points = as_points(self.points_mm, "points_mm of a mesh", least=3)
        faces = np.ascontiguousarray(self.faces, dtype=np.int32)
        if faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
            raise InputError(f"faces of a mesh must be (F, 3) with F >= 1, got {faces.shape}")
        if faces.min() < 0 or faces.max() >= len(points):
            raise InputError(f"a face of the mesh names a point that is not among {len(points)}")
        faces.flags.writeable = False
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "faces", faces)

    @property
    def volume_mm3(self) -> float:
        """Enclosed by a closed mesh (divergence theorem); positive when it faces outwards."""
        a, b, c = (self.points_mm[self.faces[:, n]] for n in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)

    @property
    def closed(self) -> bool:
        """Whether every edge is shared by two faces that run along it in opposite directions."""
        edges = np.concatenate([self.faces[:, [n, (n + 1) % 3]] for n in range(3)])
        there = {(int(a), int(b)) for a, b in edges}
        return len(there) == len(edges) and all((b, a) in there for a, b in there)


def tube_mesh(tube: Tube, *, around: int = AROUND) -> Mesh:
    """A tube as a closed mesh with flat ends.

    Its cross-sections are polygons with the area of the round ones, so that volumes agree.
    """
    points, radius = tube.points_mm, tube.radius_mm
    along = unit(np.gradient(points, axis=0))
    side = _sides(along)
    up = np.cross(along, side)
    turn = 2 * np.pi * np.arange(around) / around
    wide = radius * np.sqrt(2 * np.pi / (around * np.sin(2 * np.pi / around)))
    ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
    walls = (points[:, None] + wide[:, None, None] * ring).reshape(-1, 3)
    first, last = len(walls), len(walls) + 1
    here = np.arange(around)
    there = (here + 1) % around
    faces = [np.stack([np.full(around, first), there, here], axis=1)]
    for row in range(len(points) - 1):
        low, high = row * around, (row + 1) * around
        faces.append(np.stack([low + here, low + there, high + there], axis=1))
        faces.append(np.stack([low + here, high + there, high + here], axis=1))
    end = (len(points) - 1) * around
    faces.append(np.stack([np.full(around, last), end + here, end + there], axis=1))
    corners = np.concatenate([walls, points[:1], points[-1:]])
    return Mesh(corners, np.concatenate(faces).astype(np.int32))


def _sides(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions (N, 3) across a path that turn as little as they can from point to point."""
    start = np.array([1.0, 0.0, 0.0]) if abs(along[0, 0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    found = []
    for direction in along:
        start = unit(start - (start @ direction) * direction)
        found.append(start)
    return np.stack(found)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    if not meshes:
        raise InputError("there is no mesh to join")
    shifts = np.cumsum([0, *(len(one.points_mm) for one in meshes[:-1])])
    faces = [one.faces + shift for one, shift in zip(meshes, shifts, strict=True)]
    points = np.concatenate([one.points_mm for one in meshes])
    return Mesh(points, np.concatenate(faces).astype(np.int32))


def box_corners(points_mm: ArrayLike) -> NDArray[np.float64]:
    """Low and high corner (2, 3) of points (P, 3)."""
    points = as_points(points_mm, "points_mm")
    return np.stack([points.min(axis=0), points.max(axis=0)])
