"""Landmarks picked in the canal and in the upper half of the foramen of a meshed vertebra.

By vertices and plane sections alone; the distances that define a place (2 mm under the pedicle) are
those of its definition in the docs.
"""

from __future__ import annotations

import numpy as np

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.transform import unit
from validation.body_picks import Picks, body_outline
from validation.landmark_picks import pedicle, pedicle_sections
from validation.sections import extreme, section

_UNDER_MM = 2.0  # the upper quadrants lie so far under the pedicle
_SHARES = {"dorsal": 0.76, "ventral": 0.24}  # of the way from the body to the bone behind, there
_BEHIND_BODY_MM = 3.0  # that bone is looked for from here on,
_DEEPEST_MM = 9.0  # and counts as no farther back than this
_RECESS_MM = 2.5  # of the lateral recess from the medial wall of the pedicle
_CANAL_MM = 2.0  # nearer to the midline lies no side wall of the canal
_STEP_MM, _JUMP_MM = 0.5, 1.0
_KAMBIN_MM = (0.5, 2.0, 2.5)
"""Lateral of the canal's widest place between the pedicles, behind the body, over its endplate."""


def foramen(mesh: Mesh, sign: float) -> Picks:
    """What lies beside the pedicle of a side: lateral recess, upper quadrants of the foramen below,
    and Kambin's place over the endplate. None where the pedicle has no isthmus of its own."""
    own = pedicle(mesh, sign)
    if not own:
        return {}
    return recess(mesh, own, sign) | quadrants(mesh, own) | kambin(mesh, own, sign)


def quadrants(mesh: Mesh, own: Picks) -> Picks:
    """Upper quadrants of the foramen, in a sagittal section through the pedicle's middle."""
    under, behind = own["pedicle_6_oclock"], wall_mm(mesh)
    level = float(under[2] - _UNDER_MM)
    cut = np.concatenate([one.crossing(2, level) for one in section(mesh, 0, float(under[0]))])
    rear = cut[cut[:, 1] > behind + _BEHIND_BODY_MM, 1]
    depth = min(float(rear.min(initial=np.inf)) - behind, _DEEPEST_MM)
    return {
        f"foramen_upper_{name}": np.array([under[0], behind + share * depth, level])
        for name, share in _SHARES.items()
    }


def recess(mesh: Mesh, own: Picks, sign: float) -> Picks:
    """In the lateral corner of the canal, off its side wall in an axial section of the pedicle."""
    _, y, z = own["pedicle_centre"]
    wall = beside_mm(mesh, float(y), float(z), sign)
    return {"lateral_recess": np.array([sign * (wall - _RECESS_MM), y, z])}


def beside_mm(mesh: Mesh, y_mm: float, z_mm: float, sign: float) -> float:
    """From the midline to the side wall of the canal; infinite where it is open to that side."""
    cut = [one.crossing(1, y_mm) for one in section(mesh, 2, z_mm)]
    beside = np.concatenate([sign * one[:, 0] for one in cut])
    return float(beside[beside > _CANAL_MM].min(initial=np.inf))


def widest_mm(mesh: Mesh, own: Picks, sign: float, end_mm: float) -> float:
    """From the midline to the canal's side wall where that is farthest, abreast of the pedicle that
    ends at ``end_mm``. Behind it the wall is the articular pillar's."""
    _, y, z = (float(one) for one in own["pedicle_centre"])
    walls = [beside_mm(mesh, y, z, sign)]
    for at in np.arange(y + _STEP_MM, end_mm, _STEP_MM):
        walls.append(beside_mm(mesh, float(at), z, sign))
        if abs(walls[-1] - walls[-2]) > _JUMP_MM:  # it is open there, or another wall
            return max(walls[:-1])
    return max(walls)


def kambin(mesh: Mesh, own: Picks, sign: float) -> Picks:
    """Over the line across both ends of the upper endplate, behind the body, beside the canal."""
    beside, behind, over = _KAMBIN_MM
    outline = body_outline(mesh)
    over_rims = outline.farthest([0.0, 1.0, 1.0]) - outline.farthest([0.0, -1.0, 1.0])
    out = np.cross([1.0, 0.0, 0.0], unit(over_rims))
    points = outline.points_mm
    front, rear = (
        extreme(points[way * points[:, 1] > 0.0], out, within_mm=0.0) for way in (-1.0, 1.0)
    )
    end = float(pedicle_sections(mesh, sign)[-1].points_mm[0, 1])
    lateral = widest_mm(mesh, own, sign, end) + beside
    y = wall_mm(mesh) + behind
    slope = (rear[2] - front[2]) / (rear[1] - front[1])
    return {"kambin": np.array([sign * lateral, y, front[2] + slope * (y - front[1]) + over])}


def wall_mm(mesh: Mesh) -> float:
    """Back of the body in the median plane, where it reaches farthest."""
    return float(body_outline(mesh).points_mm[:, 1].max())
