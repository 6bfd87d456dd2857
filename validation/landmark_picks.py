"""Landmarks picked on a mesh of a vertebra, by vertices and plane sections alone.

A rule knows the axes of the body frame (+x left, +y posterior, +z cranial) and the mesh, and none
of the sizes the vertebra was built from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.transform import unit
from validation.body_picks import (
    SIGNS,
    Picks,
    arch_outline,
    back_mm,
    body_side,
    corners,
    rims,
    walls,
)
from validation.process_picks import knobs, tips
from validation.sections import Outline, Points, extreme, section

_PARAMEDIAN_MM = 5.0
_OVER_ARCH_MM = 4.0  # so far beyond the laminae a process is alone
_FREE_MM, _NEAREST_MM = 0.5, 2.0
_STEP_MM = 0.25
_BEHIND_MM = 1.5  # a border is looked at so far behind its ventral corner
_NEARLY = 1.02  # sections so near the least are one neck, its middle is the isthmus
_GROWN = 1.3  # so much larger than the least, a section is the pillar's
_LOWER_BORDER = "lamina_lower_edge", "lamina_ventral_lower"
_LEAST_RUN_MM = 1.0  # a least section so near the body is where the pedicle grows out of it


def picks(mesh: Mesh, *, lumbar: bool) -> Picks:
    """Every pick on a vertebra by the landmark's name, those of a side with the side before it.

    Mamillary and accessory process are those of a lumbar one. The lower border of a thoracic lamina
    runs into a steep spinous process without a corner, and beside it is one with the inferior one.
    """
    found: Picks = {}
    for rule in _MEDIAN:
        found |= rule(mesh)
    if not lumbar:
        for name in (*_LOWER_BORDER, "spinolaminar_junction"):
            del found[name]  # the junction is looked for halfway down to that corner
    for side, sign in SIGNS.items():
        own = tips(mesh, sign, lumbar=lumbar)
        for of_side in (*_SIDED, knobs) if lumbar else _SIDED:
            own |= of_side(mesh, sign)
        if not lumbar:
            own = {name: at for name, at in own.items() if name not in _LOWER_BORDER}
        found |= {f"{side} {name}": at for name, at in own.items()}
    return found


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
    """Borders of a lamina 5 mm beside the midline; the upper one nearer to it where a superior
    process reaches so far medially."""
    behind = back_mm(mesh) + 4.0
    found: Picks = {}
    for end, at in (("upper", free_mm(mesh, sign)), ("lower", _PARAMEDIAN_MM)):
        own = [
            one
            for one in section(mesh, 0, sign * at)
            if one.points_mm[:, 1].min() > behind and one.area_mm2 > 20.0
        ]
        if own:
            borders = _borders(max(own, key=lambda one: one.area_mm2))
            found |= {name: point for name, point in borders.items() if end in name}
    return found


def free_mm(mesh: Mesh, sign: float) -> float:
    """How far beside the midline the upper border of a lamina stands free, at most 5 mm: half a
    millimetre off the medial side of what rises over it."""
    points, behind = mesh.points_mm, back_mm(mesh)
    high = points[:, 2] > arch_outline(mesh).points_mm[:, 2].max() + _OVER_ARCH_MM
    own = high & (sign * points[:, 0] > 0.0) & (points[:, 1] > behind + 6.0)
    medial = float((sign * points[own, 0]).min(initial=np.inf))
    return float(np.clip(medial - _FREE_MM, _NEAREST_MM, _PARAMEDIAN_MM))


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


def pedicle_sections(mesh: Mesh, sign: float) -> list[Outline]:
    """Coronal sections of the pedicle of a side from the body back to where the pillar begins: the
    last is the first one that is so much larger than the least."""
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
    return found


def pedicle(mesh: Mesh, sign: float) -> Picks:
    """The coronal section of least area between body and articular pillar, and its extremes.

    None at all where the area grows from the body on, as the transverse process of L5 begins there.
    """
    found = pedicle_sections(mesh, sign)
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


_MEDIAN: tuple[Callable[[Mesh], Picks], ...] = (rims, walls, laminae)
_SIDED: tuple[Callable[[Mesh, float], Picks], ...] = (corners, body_side, pedicle, paramedian)
