"""Landmarks of the sacrum, in the body frame of S1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from needle_sim.anatomy.phantom.edges import PARAMEDIAN_MM
from needle_sim.anatomy.phantom.posts import SIDES, UP, Point, Posts
from needle_sim.anatomy.phantom.rims import endplate_landmarks
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import (
    FORAMINA_MM,
    canal_points,
    cornu,
    lateral_knots,
    wall_border,
    wall_points,
)
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.anatomy.phantom.vertebra import superior_process_landmarks
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, trace_mm
from needle_sim.geometry.transform import unit

_FAR_MM = 45.0
_OVER_END_MM = 3.0  # a foramen lies so far over the lower end of its segment
_GAP_MM = 1.0  # half of the gap of the sacroiliac joint
_JOINT = {"upper": 0.15, "middle": 0.6, "lower": 1.0}  # from the lower end of S1 to that of S2
_OVER_GROOVE_MM, _FINE_MM = 5.0, 0.25
_ROUND_MM = 0.25  # what is so near the bottom of the groove is its bottom
_BESIDE_MM, _DEPTH_MM, _BACK_MM = (-2.5, 6.0), (0.0, 14.0), (-2.5, 3.5)
"""Where the groove is looked for: across it, into it, and backwards from the neck's ventral end."""
_DORSAL = 0.8  # how far the lower end of the joint line is looked for behind it, per millimetre out


def sacrum_landmarks(
    spec: VertebraSpec, sizes: Mapping[str, float], bone: Implicit
) -> dict[str, Point]:
    """Landmarks (3,) of the sacrum, body frame of S1: what S1 shares with a vertebra, and its own.

    ``ala_notch`` is the target of the L5 dorsal ramus.
    """
    rims = endplate_landmarks(spec, bone)
    found = {name: at for name, at in rims.items() if name.startswith("superior")}
    found["promontory"] = found["superior_endplate_anterior"]
    found["canal_centre"] = canal_points(spec, sizes)[0]
    found |= _dorsal(spec, sizes, bone)
    axis = Segments(spec, sizes)
    for side in SIDES:
        post = Posts(spec, side)
        own = superior_process_landmarks(post, bone)
        own["ala_notch"] = _ala_notch(post, bone)
        beside = wall_border(spec, sizes, bone, post.at(PARAMEDIAN_MM, 0.0, 0.0))
        own["lamina_upper_edge"], own["lamina_ventral_upper"] = beside
        own |= dict(_foramina(axis, post, bone)) | dict(_joint(axis, post, bone))
        tip = cornu(axis, post)[1]
        own["sacral_cornu"] = trace_mm(
            bone, tip + _FAR_MM * axis.dorsal(4), -axis.dorsal(4), off_mm=0.0
        )
        found |= {f"{side} {name}": at for name, at in own.items()}
    return found


def _ala_notch(post: Posts, bone: Implicit) -> Point:
    """Pass of the groove between superior process and ala, where it crosses the ala's upper border.

    In a coronal section the groove is the corner of both, which a line at 45 degrees comes nearest
    to (the middle of what is as near where it is round); from section to section it rises to the
    border and falls again before it.
    """
    out = post.at(1.0, 0.0, 0.0)
    into, along = unit(-out - UP), unit(out - UP)
    start = post.neck_point(1.0) + _OVER_GROOVE_MM * (out + UP)
    beside, deep = (np.arange(*span, _FINE_MM) for span in (_BESIDE_MM, _DEPTH_MM))
    corners = []
    for back in np.arange(*_BACK_MM, _FINE_MM):
        lines = start + post.at(0.0, back, 0.0) + beside[:, None] * along
        points = lines[:, None] + deep[:, None] * into
        away = bone.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
        first = (away < 0.0).argmax(axis=1)
        rows = np.arange(len(first))
        reach = np.where(away[rows, first] < 0.0, deep[first] + away[rows, first], -np.inf)
        corners.append((reach.max(), lines[reach > reach.max() - _ROUND_MM].mean(axis=0)))
    high = min(depth for depth, _ in corners) + _ROUND_MM
    line = np.mean([line for depth, line in corners if depth < high], axis=0)
    return trace_mm(bone, line, into, off_mm=0.0)


def _dorsal(spec: VertebraSpec, sizes: Mapping[str, float], bone: Implicit) -> dict[str, Point]:
    """Upper border of the dorsal wall, the median crest, and the apex of the hiatus."""
    axis, tops = Segments(spec, sizes), wall_points(spec, sizes)
    edge, ventral = wall_border(spec, sizes, bone, np.zeros(3))
    found = {"lamina_upper_edge": edge, "lamina_ventral_upper": ventral}
    for n in range(3):
        middle = 0.5 * (tops[n] + tops[n + 1]) + 2.0 * axis.directions[n]
        far = middle + _FAR_MM * axis.dorsal(n)
        found[f"median_crest_s{n + 1}"] = trace_mm(bone, far, -axis.dorsal(n), off_mm=0.0)
    down = axis.directions[3]
    found["hiatus_apex"] = trace_mm(bone, tops[4] + 12.0 * down, -down, off_mm=0.0)
    return found


def _foramina(axis: Segments, post: Posts, bone: Implicit) -> Iterator[tuple[str, Point]]:
    """Middle of the mouths of the foramina S1 to S4, behind and in front."""
    line, ends = canal_points(axis.spec, axis.sizes), axis.ends
    for n, (lateral, _) in enumerate(FORAMINA_MM):
        down, back = axis.directions[n], axis.dorsal(n)
        middle = line[n + 1] + post.at(lateral, 0.0, 0.0) - _OVER_END_MM * down
        half = 0.5 * np.linalg.norm(np.diff(ends[n : n + 3], axis=0), axis=1)
        beside = (_OVER_END_MM - half[0]) * down, (_OVER_END_MM + half[1]) * down
        front = unit(post.at(3.0, 0.0, 0.0) - _FAR_MM * back)
        for name, out in (("dorsal", back), ("ventral", front)):
            reach = _reach(bone, [middle + way for way in beside], out)
            yield f"s{n + 1}_foramen_{name}", middle + reach * out


def _reach(bone: Implicit, places: list[Point], out: Point) -> float:
    """How far the bone above and below a hole reaches along its axis, in the mean.

    The last segment has no wall behind: that above it counts alone.
    """
    found = []
    for start in places:
        try:
            hit = trace_mm(bone, start + _FAR_MM * out, -out, off_mm=0.0)
        except InputError:
            continue
        found.append(float((hit - start) @ out))
    if not found:
        raise InputError(f"no bone beside the foramen at {places[0].round(1)}: check the sacrum")
    return float(np.mean(found))


def _joint(axis: Segments, post: Posts, bone: Implicit) -> Iterator[tuple[str, Point]]:
    """In the gap of the sacroiliac joint from its upper end down, and its lower part behind."""
    out = post.at(1.0, 0.0, 0.0)
    high, low = (at for at, _ in lateral_knots(axis, post)[1:3])
    for name, share in _JOINT.items():
        at = (1.0 - share) * high + share * low
        hit = trace_mm(bone, at + _FAR_MM * out, -out, off_mm=0.0)
        yield f"si_joint_{name}", hit + _GAP_MM * out
    oblique = unit(out + _DORSAL * axis.dorsal(2))
    middle = 0.5 * (high + low)
    hit = trace_mm(bone, middle + _FAR_MM * oblique, -oblique, off_mm=0.0)
    yield "si_joint_dorsal_lower", hit + _GAP_MM * oblique
