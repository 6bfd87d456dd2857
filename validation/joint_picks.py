"""Landmarks picked where the meshes of two vertebrae face one another across a facet joint."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from needle_sim.geometry.mesh import Mesh
from validation.body_picks import Picks, back_mm
from validation.sections import Points, normals

JOINT_MM, FACE_MM = 3.0, 4.0
"""A joint is so wide at most; a face belongs to it also where a wide joint opens upwards."""
_BESIDE_JOINT_MM, _ALONG_JOINT_MM = 6.0, 14.0  # so near a joint lie the ends of its processes
_FACING = np.cos(np.radians(20.0))
_SIDEWAYS = np.sqrt(0.5)  # of the way across a joint: no more of it runs up than sideways
_MEDIAL_MM, _BEHIND_BODY_MM = 3.0, 4.0


def joint(upper: Mesh, lower: Mesh, sign: float) -> Picks:
    """Middle of the facet joint between two vertebrae, both in the upper one's frame.

    It runs from the top of the one process to the lower end of the other; its middle is that of
    what faces halfway between.
    """
    behind = back_mm(upper) + _BEHIND_BODY_MM
    start, step = facing(upper, lower, sign, behind_mm=behind, most_mm=JOINT_MM)
    middle = start + 0.5 * step
    ends = []
    for one in (upper, lower):
        points = _arch(one, sign, behind)[0]
        off = points - middle.mean(axis=0)
        beside = np.hypot(off[:, 0], off[:, 1]) < _BESIDE_JOINT_MM
        ends.append(points[beside & (np.abs(off[:, 2]) < _ALONG_JOINT_MM), 2])
    halfway = 0.5 * (ends[0].min() + ends[1].max())
    return {"joint_below_centre": middle[np.abs(middle[:, 2] - halfway) < 3.5].mean(axis=0)}


def superior_face(lower: Mesh, upper: Mesh, sign: float) -> Picks:
    """Middle of the superior articular face, both meshes in the lower one's frame: the mean of what
    faces the inferior process of the vertebra above."""
    behind = back_mm(lower) + _BEHIND_BODY_MM
    face, _ = facing(lower, upper, sign, behind_mm=behind, most_mm=FACE_MM)
    return {"facet_centre": face.mean(axis=0)} if len(face) else {}


def facing(
    mesh: Mesh, other: Mesh, sign: float, *, behind_mm: float, most_mm: float
) -> tuple[Points, Points]:
    """Places (N, 3) of a mesh that face another, and the steps (N, 3) across to it.

    They face where less than ``most_mm`` lies between, at most 20 degrees off the normals of both,
    and more sideways than up and down; ``behind_mm`` is where the arches of both begin.
    """
    points, outs = _arch(mesh, sign, behind_mm)
    targets, backs = _arch(other, sign, behind_mm)
    gap, nearest = KDTree(targets).query(points, distance_upper_bound=most_mm)
    near = np.isfinite(gap)
    start, gap, nearest = points[near], gap[near], nearest[near]
    step = targets[nearest] - start
    own = np.abs(step[:, 2]) < _SIDEWAYS * gap
    own &= np.einsum("ij,ij->i", step, outs[near]) > _FACING * gap
    own &= np.einsum("ij,ij->i", -step, backs[nearest]) > _FACING * gap
    return start[own], step[own]


def _arch(mesh: Mesh, sign: float, behind_mm: float) -> tuple[Points, Points]:
    """Points of the arch on a side and the normals there."""
    own = (sign * mesh.points_mm[:, 0] > _MEDIAL_MM) & (mesh.points_mm[:, 1] > behind_mm)
    return mesh.points_mm[own], normals(mesh)[own]
