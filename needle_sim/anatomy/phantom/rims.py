"""Landmarks of a vertebral body: rims of its endplates, its walls, and where a rib joins it.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.phantom.posts import Point, Posts
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, trace_mm
from needle_sim.geometry.transform import unit

_POWER = 2.5
"""Of the superellipse that a body's outline is (`shapes.drum`)."""
_CORNER = _POWER / (_POWER - 1.0)
_OFF_MM = 4.0
_FAR_MM = 30.0
_RIB_UP_MM = 2.0  # the head of a rib lies so far over the pedicle's axis and behind the body's wall
_ENDS = (("superior", 1.0), ("inferior", -1.0))


def endplate_landmarks(spec: VertebraSpec, bone: Implicit) -> dict[str, Point]:
    """Rims of both endplates (3,) in the median and in the middle coronal plane, and their centres.

    A rim is where the bone ends outwards along the diagonal between endplate and wall.
    """
    found = {}
    for name, up in _ENDS:
        for place, out in (
            ("anterior", (0.0, -1.0)),
            ("posterior", (0.0, 1.0)),
            ("left", (1.0, 0.0)),
            ("right", (-1.0, 0.0)),
        ):
            half = 0.5 * np.array(_sizes(spec, up))
            at = np.array([*(half * out), 0.0])
            found[f"{name}_endplate_{place}"] = _rim(spec, bone, at, np.array([*out, up]))
        found[f"{name}_endplate_centre"] = np.array([0.0, 0.0, up * _level(spec, 0.0)])
        found[f"{name}_endplate_centre"][2] -= up * spec.dish_mm
    return found


def corner_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Corners of both rims (3,) on a side, where the outline runs at 45 degrees."""
    found = {}
    for name, up in _ENDS:
        half = 0.5 * np.array(_sizes(post.spec, up))
        for place, back in (("anterolateral", -1.0), ("posterolateral", 1.0)):
            lateral, depth = corner(half)
            out = unit(post.at(1.0, back, 0.0)) + np.array([0.0, 0.0, up])
            at = post.at(lateral, back * depth, 0.0)
            found[f"{name}_endplate_{place}"] = _rim(post.spec, bone, at, out)
    return found


def wall_landmarks(spec: VertebraSpec, bone: Implicit) -> dict[str, Point]:
    """Front and back of the body (3,) in the median plane at half its height."""
    front = np.array([0.0, -spec.back_mm - _FAR_MM, 0.0])
    canal = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
    return {
        "body_anterior": trace_mm(bone, front, [0.0, 1.0, 0.0], off_mm=0.0),
        "body_posterior": trace_mm(bone, canal, [0.0, -1.0, 0.0], off_mm=0.0),
    }


def side_wall_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Side of the body's waist (3,), its corner in front, and the joint with the head of a rib.

    The last only where there is a rib.
    """
    spec = post.spec
    half = 0.25 * np.array(
        [spec.upper_width_mm + spec.lower_width_mm, spec.upper_depth_mm + spec.lower_depth_mm]
    )
    lateral, depth = corner(half - spec.waist_mm)
    out, oblique = post.at(1.0, 0.0, 0.0), unit(post.at(1.0, -1.0, 0.0))
    found = {
        "body_lateral": trace_mm(bone, (half[0] + _FAR_MM) * out, -out, off_mm=0.0),
        "body_anterolateral": trace_mm(
            bone, post.at(lateral, -depth, 0.0) + _FAR_MM * oblique, -oblique, off_mm=0.0
        ),
    }
    if spec.rib_length_mm > 0.0:
        up = spec.pedicle_rise_mm + _RIB_UP_MM
        head = post.at(half[0] + _FAR_MM, spec.back_mm + _RIB_UP_MM, up)
        found["costal_facet"] = trace_mm(bone, head, -out, off_mm=0.0)
    return found


def corner(half: Point) -> tuple[float, float]:
    """Where a superellipse of these half sizes (2,) runs at 45 degrees, in its first quadrant."""
    share = half**_CORNER / np.sum(half**_CORNER)
    lateral, depth = half * share ** (1.0 / _POWER)
    return float(lateral), float(depth)


def _rim(spec: VertebraSpec, bone: Implicit, at: Point, out: Point) -> Point:
    at = at + np.array([0.0, 0.0, out[2] * _level(spec, at[1])])
    return trace_mm(bone, at + _OFF_MM * unit(out), -out, off_mm=0.0)


def _level(spec: VertebraSpec, y: float) -> float:
    """Height of an endplate's plane over the middle of the body (below it, for the lower one)."""
    return 0.5 * spec.height_mm + spec.wedge_slope * y


def _sizes(spec: VertebraSpec, up: float) -> tuple[float, float]:
    if up > 0:
        return spec.upper_width_mm, spec.upper_depth_mm
    return spec.lower_width_mm, spec.lower_depth_mm
