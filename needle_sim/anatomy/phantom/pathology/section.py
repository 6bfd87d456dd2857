"""Areas of shapes in the plane of a disc."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Frame, Transform, rigid, unit

_STEP_MM, _HALF_MM = 0.1, 25.0
_WIDE_MM = 1.0  # apart are the places where a whole plane is asked


def disc_plane(landmarks_mm: Mapping[str, NDArray[np.float64]], level: str) -> Transform:
    """The plane of a disc: origin between the rims behind, +x left, +y back, +z up its axis.

    From the endplate landmarks of the two vertebrae, as a radiologist sets an axial slice.
    """
    upper, _, lower = level.partition("-")
    rims = {
        (where, place): landmarks_mm[f"{name} {where}_endplate_{place}"]
        for name, where in ((upper, "inferior"), (lower, "superior"))
        for place in ("anterior", "posterior", "left", "right")
    }
    middle = {
        place: 0.5 * (rims["inferior", place] + rims["superior", place])
        for place in ("anterior", "posterior", "left", "right")
    }
    back = unit(middle["posterior"] - middle["anterior"])
    left = middle["left"] - middle["right"]
    left = unit(left - back * float(left @ back))
    axes = np.stack([left, back, np.cross(left, back)], axis=1)
    return rigid(axes, middle["posterior"], source=Frame(level))


def area_mm2(
    shape: Bone | Structure,
    plane: Transform,
    *,
    half_mm: float = _HALF_MM,
    step_mm: float = _STEP_MM,
) -> float:
    """Area of a shape in the x-y plane of a frame, within ``half_mm`` of its origin, mm2.

    Squares of ``step_mm``, those at the border by the share that is inside.
    """
    line = np.arange(-half_mm, half_mm + 0.5 * step_mm, step_mm)
    depth = _depth_mm(shape, plane, line)
    if not (depth < 0).any():
        raise InputError("the shape does not meet the plane: take a level that holds it")
    share = np.clip(0.5 - depth / step_mm, 0.0, 1.0)
    return float(share.sum()) * step_mm**2


def _depth_mm(
    shape: Bone | Structure, plane: Transform, line: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed distance at a grid of places; far from the surface that of a place nearby."""
    wide = np.arange(line[0], line[-1] + _WIDE_MM, _WIDE_MM)

    def at(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return shape.distance_mm(plane.apply(np.stack([x, y, np.zeros(len(x))], axis=1)))

    x, y = (one.ravel() for one in np.meshgrid(wide, wide, indexing="ij"))
    near = np.clip(np.rint((line - wide[0]) / _WIDE_MM).astype(int), 0, len(wide) - 1)
    depth = at(x, y).reshape(len(wide), -1)[np.ix_(near, near)].ravel()
    x, y = (one.ravel() for one in np.meshgrid(line, line, indexing="ij"))
    close = np.abs(depth) < 1.5 * _WIDE_MM
    depth[close] = at(x[close], y[close])
    return depth


def volume_mm3(shape: Bone, *, step_mm: float = 0.2) -> float:
    """Volume of a shape, mm3, by cubes of ``step_mm``, those at its surface by their share."""
    low, high = shape.box_mm
    axes = [np.arange(a - step_mm, b + step_mm, step_mm) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    share = np.clip(0.5 - shape.distance_mm(points) / step_mm, 0.0, 1.0)
    return float(share.sum()) * step_mm**3
