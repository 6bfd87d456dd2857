"""Landmarks picked on the body of a vertebra's mesh, by vertices and plane sections alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.mesh import Mesh
from validation.sections import Outline, Points, extreme, section

Picks = dict[str, Points]
SIGNS = {"right": -1.0, "left": 1.0}
_RIM_MM = 1.2  # so near the plane of a rim lies what belongs to it
_PLACES = (("anterolateral", -1.0), ("posterolateral", 1.0))


def body_outline(mesh: Mesh) -> Outline:
    """Of the vertebral body in the median plane: the one that reaches farthest forward."""
    return min(section(mesh, 0, 0.0), key=lambda one: one.points_mm[:, 1].min())


def arch_outline(mesh: Mesh) -> Outline:
    """Of laminae and spinous process in the median plane: the one that reaches farthest back."""
    return max(section(mesh, 0, 0.0), key=lambda one: one.points_mm[:, 1].max())


def back_mm(mesh: Mesh) -> float:
    """Posterior wall of the body at half its height."""
    points = body_outline(mesh).points_mm
    return float(points[np.abs(points[:, 2]) < 0.4, 1].max())


def rims(mesh: Mesh) -> Picks:
    """Ends of an endplate in the median and the middle coronal plane, out along the diagonal."""
    body, across = body_outline(mesh), holding(section(mesh, 1, 0.0), 0)
    middle = mesh.points_mm[np.hypot(mesh.points_mm[:, 0], mesh.points_mm[:, 1]) < 0.7]
    found = {}
    for end, up in (("superior", 1.0), ("inferior", -1.0)):
        found |= {
            f"{end}_endplate_anterior": body.farthest([0.0, -1.0, up]),
            f"{end}_endplate_posterior": body.farthest([0.0, 1.0, up]),
            f"{end}_endplate_left": across.farthest([1.0, 0.0, up]),
            f"{end}_endplate_right": across.farthest([-1.0, 0.0, up]),
            f"{end}_endplate_centre": extreme(middle, [0.0, 0.0, up], within_mm=0.1),
        }
    return found


def corners(mesh: Mesh, sign: float) -> Picks:
    """Corners of the rims: farthest out along the diagonal among what lies near a rim's plane.

    Not the upper one behind, which is one with the pedicle.
    """
    found, ends, points = {}, rims(mesh), mesh.points_mm
    for end, up, places in (("superior", 1.0, _PLACES[:1]), ("inferior", -1.0, _PLACES)):
        front, rear = (ends[f"{end}_endplate_{place}"] for place in ("anterior", "posterior"))
        slope = (rear[2] - front[2]) / (rear[1] - front[1])
        under = up * (front[2] + slope * (points[:, 1] - front[1]) - points[:, 2])
        rim = points[(np.abs(under) < _RIM_MM) & (points[:, 1] < rear[1])]
        for place, back in places:
            out = [sign, back, up * np.sqrt(2.0)]
            found[f"{end}_endplate_{place}"] = extreme(rim, out, within_mm=0.05)
    return found


def walls(mesh: Mesh) -> Picks:
    """Front, back and canal at half the height of the body."""
    points, arch = body_outline(mesh).points_mm, arch_outline(mesh).points_mm
    waist = points[np.abs(points[:, 2]) < 0.4]
    front, back = (extreme(waist, [0.0, way, 0.0], within_mm=0.05) for way in (-1.0, 1.0))
    depth = float(arch[:, 1].min())
    return {
        "body_anterior": front,
        "body_posterior": back,
        "canal_centre": np.array([0.0, 0.5 * (back[1] + depth), 0.0]),
    }


def body_side(mesh: Mesh, sign: float) -> Picks:
    """The side of the body's waist, and its corner in front."""
    waist = holding(section(mesh, 1, 0.0), 0).points_mm
    waist = waist[(np.abs(waist[:, 2]) < 0.4) & (sign * waist[:, 0] > 0)]
    outline = section(mesh, 2, 0.0)
    front = min(outline, key=lambda one: one.points_mm[:, 1].min()).farthest([sign, -1.0, 0.0])
    return {"body_lateral": waist.mean(axis=0), "body_anterolateral": front}


def holding(outlines: list[Outline], axis: int) -> Outline:
    """The outline around the body: the one that crosses the origin along an axis, the largest."""
    around = [one for one in outlines if np.prod(_range(one.points_mm[:, axis])) < 0]
    return max(around, key=lambda one: one.area_mm2)


def _range(values: NDArray[np.float64]) -> Points:
    return np.array([values.min(), values.max()])
