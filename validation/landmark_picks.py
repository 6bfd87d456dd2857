"""Landmarks picked on a mesh of a vertebra, by vertices and plane sections alone.

A rule knows the axes of the body frame (+x left, +y posterior, +z cranial) and the mesh, and none
of the sizes the vertebra was built from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.transform import unit
from validation.sections import Outline, Points, extreme, section

Picks = dict[str, Points]
SIGNS = {"right": -1.0, "left": 1.0}
_FLAT_MM = 0.5  # the middle of what lies so near the farthest point is a tip
_PARAMEDIAN_MM = 5.0
_RIM_MM = 1.2  # so near the plane of a rim lies what belongs to it
_PLACES = (("anterolateral", -1.0), ("posterolateral", 1.0))
_FROM_TIP_MM = 3.0
_BESIDE_MM = 1.0  # the back of the isthmus is looked at so far lateral of the pedicle's medial wall
_STEP_MM = 0.25
_BEHIND_MM = 1.5  # a border is looked at so far behind its ventral corner
_BESIDE_SPINOUS_MM, _BESIDE_STEEP_MM = 7.5, 9.5
"""Nearer to the midline the lowest place is the spinous process's root, which is steep on T10."""
_WIDENED = 2.2  # so much wider than its tip, a section of a transverse process is its root
_JOINT_MM = 3.0
_NEARLY = 1.02  # sections so near the least are one neck, its middle is the isthmus
_GROWN = 1.3  # so much larger than the least, a section is the pillar's
_LEAST_RUN_MM = 1.0  # a least section so near the body is where the pedicle grows out of it


def picks(mesh: Mesh, *, lumbar: bool) -> Picks:
    """Every pick on a vertebra by the landmark's name, those of a side with the side before it.

    Isthmus, mamillary and accessory process are those of a lumbar one; at 5 mm from the midline
    a thoracic lamina is one with its inferior process, and in it its lower border runs into a steep
    spinous process without a corner.
    """
    found: Picks = {}
    for rule in _MEDIAN:
        found |= rule(mesh)
    if not lumbar:
        del found["lamina_lower_edge"], found["lamina_ventral_lower"]
    for side, sign in SIGNS.items():
        own = tips(mesh, sign, lumbar=lumbar)
        for of_side in (*_SIDED, *_LUMBAR) if lumbar else _SIDED:
            own |= of_side(mesh, sign)
        found |= {f"{side} {name}": at for name, at in own.items()}
    return found


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
    body, across = body_outline(mesh), _holding(section(mesh, 1, 0.0), 0)
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
    waist = _holding(section(mesh, 1, 0.0), 0).points_mm
    waist = waist[(np.abs(waist[:, 2]) < 0.4) & (sign * waist[:, 0] > 0)]
    outline = section(mesh, 2, 0.0)
    front = min(outline, key=lambda one: one.points_mm[:, 1].min()).farthest([sign, -1.0, 0.0])
    return {"body_lateral": waist.mean(axis=0), "body_anterolateral": front}


def laminae(mesh: Mesh) -> Picks:
    """Borders of the laminae in the median plane, and the tip of the spinous process."""
    arch = arch_outline(mesh)
    found = _borders(arch)
    points = arch.points_mm
    high, low = found["lamina_ventral_upper"], found["lamina_ventral_lower"]
    middle = 0.5 * (high + low)
    face = points[np.abs(points[:, 2] - middle[2]) < 0.4]
    found["spinolaminar_junction"] = extreme(face, [0.0, -1.0, 0.0], within_mm=0.05)
    found["spinous_tip"] = _end(arch, found["spinolaminar_junction"])
    return found


def _end(arch: Outline, root: Points) -> Points:
    """End of the spinous process: halfway between the corners that it has along its own way."""
    along = unit(arch.farthest([0.0, 1.0, 0.0]) - root)
    up = np.cross(along, [-1.0, 0.0, 0.0])
    middle = 0.5 * (arch.farthest(along + up) + arch.farthest(along - up))
    points = arch.points_mm
    return extreme(points[np.abs((points - middle) @ up) < 0.4], along, within_mm=0.2)


def paramedian(mesh: Mesh, sign: float) -> Picks:
    """Borders of a lamina 5 mm beside the midline."""
    behind = back_mm(mesh) + 4.0
    own = [
        one
        for one in section(mesh, 0, sign * _PARAMEDIAN_MM)
        if one.points_mm[:, 1].min() > behind and one.area_mm2 > 20.0
    ]
    return _borders(max(own, key=lambda one: one.area_mm2))


def _borders(arch: Outline) -> Picks:
    """Ventral corners of an outline, and its highest and lowest place right behind them."""
    points = arch.points_mm
    high, low = arch.farthest([0.0, -1.0, 0.35]), arch.farthest([0.0, -0.6, -0.8])
    top, base = (points[points[:, 1] < one[1] + _BEHIND_MM] for one in (high, low))
    return {
        "lamina_upper_edge": extreme(top, [0.0, -0.15, 1.0], within_mm=0.0),
        "lamina_ventral_upper": high,
        "lamina_lower_edge": extreme(base, [0.0, -0.35, -1.0], within_mm=0.0),
        "lamina_ventral_lower": low,
    }


def tips(mesh: Mesh, sign: float, *, lumbar: bool) -> Picks:
    """Highest, lowest and farthest lateral places of the arch on a side.

    None of a transverse process that is so short that it is one with the superior articular one.
    """
    points, behind = mesh.points_mm, back_mm(mesh)
    own = points[sign * points[:, 0] > 4.0]
    arch = own[own[:, 1] > behind + 4.0]
    tip = extreme(own[own[:, 1] > behind - 6.0], [sign, 0.0, 0.0], within_mm=_FLAT_MM)
    first, near = (
        min(
            section(mesh, 0, float(tip[0] - sign * from_tip)),
            key=lambda one: float(np.linalg.norm(one.centre_mm - tip)),
        )
        for from_tip in (1.0, _FROM_TIP_MM)
    )
    beside = arch[sign * arch[:, 0] > (_BESIDE_SPINOUS_MM if lumbar else _BESIDE_STEEP_MM)]
    found = {
        "sap_tip": extreme(arch, [0.0, 0.0, 1.0], within_mm=_FLAT_MM),
        "iap_tip": extreme(beside, [0.0, 0.0, -1.0], within_mm=2.0 * _FLAT_MM),
    }
    upper, lower = (extreme(near.points_mm, [0.0, 0.0, up], within_mm=0.1) for up in (1.0, -1.0))
    if near.area_mm2 < _WIDENED * first.area_mm2:
        found |= {"tp_tip": tip, "tp_tip_upper": upper, "tp_tip_lower": lower}
    return found


def knobs(mesh: Mesh, sign: float) -> Picks:
    """Mamillary and accessory process, and the isthmus under them."""
    points, behind = mesh.points_mm, back_mm(mesh)
    beside, back = sign * points[:, 0], points[:, 1] - behind
    top, low = (tips(mesh, sign, lumbar=True)[name] for name in ("sap_tip", "iap_tip"))
    high = arch_outline(mesh).points_mm[:, 2].max() + 4.0
    pillar = (beside > 4.0) & (beside < sign * top[0] + 12.0) & (back > 6.0)
    mamillary = extreme(points[pillar & (points[:, 2] > high)], [0.5 * sign, 0.87, 0.0])
    isthmus = _isthmus(mesh, sign, low)
    level = np.abs(points[:, 2] - isthmus[2]) < 0.4
    arch = beside[level & (back > 6.0)].max() + 1.5
    low_enough = (points[:, 2] < mamillary[2] - 6.0) & (points[:, 2] > isthmus[2] + 4.0)
    under = pillar & (beside > max(arch, sign * top[0] + 3.0)) & (back > 8.0) & low_enough
    found = {"mamillary_tip": mamillary, "pars_isthmus": isthmus}
    if under.any():
        found["accessory_tip"] = extreme(points[under], [0.6 * sign, 0.7, -0.35])
    return found


def _isthmus(mesh: Mesh, sign: float, low: Points) -> Points:
    """Back of the arch beside the canal, a fifth of the way from the pedicle to the lower tip."""
    rim = rims(mesh)
    at = max(rim[f"{end}_endplate_posterior"][1] for end in ("superior", "inferior")) + 3.5
    own = [one for one in section(mesh, 1, at) if (sign * one.points_mm[:, 0]).min() > 4.0]
    root = max(own, key=lambda one: one.area_mm2)
    under = root.farthest([0.0, 0.0, -1.0])
    level = float(under[2] + 0.2 * (low[2] - under[2]))
    beside = root.farthest([-sign, 0.0, 0.0])[0] + sign * _BESIDE_MM
    cut = np.concatenate([one.points_mm for one in section(mesh, 0, float(beside))])
    return extreme(cut[np.abs(cut[:, 2] - level) < 0.4], [0.0, 1.0, 0.0], within_mm=0.1)


def pedicle(mesh: Mesh, sign: float) -> Picks:
    """The coronal section of least area between body and articular pillar, and its extremes.

    None at all where the area grows from the body on, as the transverse process of L5 begins there.
    """
    rim = rims(mesh)
    start = max(rim[f"{end}_endplate_posterior"][1] for end in ("superior", "inferior")) + 0.5
    found: list[Outline] = []
    for at in np.arange(start, start + 9.0, _STEP_MM):
        own = [
            one for one in section(mesh, 1, float(at)) if (sign * one.points_mm[:, 0]).min() > 4.0
        ]
        before = found[-1] if found else None
        found += [max(own, key=lambda one: _shared(one, before))] if own else []
        if found and found[-1].area_mm2 > _GROWN * min(one.area_mm2 for one in found):
            break
    areas = np.array([one.area_mm2 for one in found])
    flat = np.flatnonzero(areas < _NEARLY * areas.min())
    if flat[0] * _STEP_MM < _LEAST_RUN_MM:
        return {}
    narrow = found[int(flat.mean())]
    points, centre = narrow.points_mm, narrow.centre_mm
    upright = points[np.abs(points[:, 0] - centre[0]) < 0.4]
    level = points[np.abs(points[:, 2] - centre[2]) < 0.4]
    return {
        "pedicle_centre": centre,
        "pedicle_12_oclock": extreme(upright, [0.0, 0.0, 1.0], within_mm=0.1),
        "pedicle_6_oclock": extreme(upright, [0.0, 0.0, -1.0], within_mm=0.1),
        "pedicle_lateral": extreme(level, [sign, 0.0, 0.0], within_mm=0.1),
        "pedicle_medial": extreme(level, [-sign, 0.0, 0.0], within_mm=0.1),
    }


def _shared(one: Outline, before: Outline | None) -> float:
    """How much an outline is the same bone's as one in the section before: large ones near it."""
    if before is None:
        return one.area_mm2
    return -float(np.linalg.norm(one.centre_mm - before.centre_mm))


def joint(upper: Mesh, lower: Mesh, sign: float) -> Picks:
    """Middle of the facet joint between two vertebrae, both in the upper one's frame.

    The joint is where the two surfaces face one another across less than 3 mm, sideways.
    """
    behind = back_mm(upper) + 4.0
    sides = [
        one.points_mm[(sign * one.points_mm[:, 0] > 3.0) & (one.points_mm[:, 1] > behind)]
        for one in (upper, lower)
    ]
    gap, nearest = KDTree(sides[1]).query(sides[0])
    step = sides[1][nearest] - sides[0]
    own = (gap < _JOINT_MM) & (np.abs(step[:, 2]) < 0.5 * gap)
    middle = sides[0][own] + 0.5 * step[own]
    return {"joint_below_centre": middle.mean(axis=0)}


def _holding(outlines: list[Outline], axis: int) -> Outline:
    """The outline around the body: the one that crosses the origin along an axis, the largest."""
    around = [one for one in outlines if np.prod(_range(one.points_mm[:, axis])) < 0]
    return max(around, key=lambda one: one.area_mm2)


def _range(values: NDArray[np.float64]) -> Points:
    return np.array([values.min(), values.max()])


_MEDIAN: tuple[Callable[[Mesh], Picks], ...] = (rims, walls, laminae)
_SIDED: tuple[Callable[[Mesh, float], Picks], ...] = (
    corners,
    body_side,
    pedicle,
)
_LUMBAR: tuple[Callable[[Mesh, float], Picks], ...] = (paramedian, knobs)


def sacral_picks(mesh: Mesh) -> Picks:
    """Picks on a sacrum: its upper endplate, the ends of its dorsal wall, its upper processes."""
    body, wall = body_outline(mesh), arch_outline(mesh)
    top = wall.points_mm[wall.points_mm[:, 2] > wall.points_mm[:, 2].max() - 8.0]
    front = body.farthest([0.0, -1.0, 1.0])
    found = {
        "promontory": front,
        "superior_endplate_anterior": front,
        "superior_endplate_posterior": body.farthest([0.0, 1.0, 1.0]),
        "lamina_upper_edge": extreme(top, [0.0, -0.15, 1.0], within_mm=0.0),
        "lamina_ventral_upper": extreme(top, [0.0, -0.45, 0.9], within_mm=0.0),
        "hiatus_apex": wall.farthest([0.0, -0.5, -0.87]),
    }
    for side, sign in SIGNS.items():
        own = mesh.points_mm[sign * mesh.points_mm[:, 0] > 12.0]
        found[f"{side} sap_tip"] = extreme(own, [0.0, 0.0, 1.0], within_mm=_FLAT_MM)
    return found
