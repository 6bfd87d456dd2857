"""Landmarks picked in the groove between superior articular and transverse process of a mesh.

By plane sections alone. The groove holds the medial branch; its floor is the valley of coronal
sections seen from above and beside, at 45 degrees.
"""

from __future__ import annotations

import numpy as np

from needle_sim.geometry.mesh import Mesh
from validation.body_picks import Picks, back_mm
from validation.process_picks import tips
from validation.sections import Outline, Points, section

_STEP_MM, _STRIP_MM = 0.5, 0.4  # between coronal sections; across the groove in one of them
_PIECES = 6  # of each piece of an outline, so that every strip holds some
_BANK_MM, _ROUND_MM = 0.3, 0.1  # a valley is so deep; what is so near its bottom is its bottom
_MEDIAL_MM, _LATERAL_MM, _UNDER_MM = 6.0, 14.0, 24.0  # it is looked for so near a process's tip
_BEHIND_BODY_MM, _BEFORE_TIP_MM = 3.0, 1.0
_JUMP_MM = 1.5  # from a section to the next: farther lies another valley or border
_LEAST = 3  # sections of a groove
_BESIDE_MM = (3.0, 4.0, 5.0)  # lateral of the groove the border runs on the process alone
_NEAR_MM = 4.0  # that border is looked for so near the beginning of the groove, back or forth,
_NEAR_UP_MM = 8.0  # and up or down
_TOP_MM = 0.05


def groove(mesh: Mesh, sign: float) -> Picks:
    """Ventral end of the neck: where the floor of the groove crosses the upper border of the
    transverse process. None where a side has no groove or no border beside it."""
    tip = tips(mesh, sign, lumbar=True)["sap_tip"]
    line = floor(mesh, sign, tip)
    if not len(line):
        return {}
    border = upper_border(mesh, sign, line[0])
    if not len(border):
        return {}
    depth = border[:, 1].mean()
    at = [np.interp(depth, line[:, 1], line[:, axis]) for axis in range(3)]
    return {"sap_neck_ventral": np.array(at)}


def floor(mesh: Mesh, sign: float, tip: Points) -> Points:
    """Floor (N, 3) of the groove under a superior process with this tip, from the front back.

    The highest of the valleys that run on from section to section before the tip; lower ones lie
    under the transverse process.
    """
    lines: list[list[Points]] = [[]]
    first, last = back_mm(mesh) + _BEHIND_BODY_MM, float(tip[1]) - _BEFORE_TIP_MM
    for at in np.arange(first, last, _STEP_MM):
        low = _valley(section(mesh, 1, float(at)), sign, tip)
        if low is None or (lines[-1] and np.linalg.norm(low - lines[-1][-1]) > _JUMP_MM):
            lines.append([])
        if low is not None:
            lines[-1].append(low)
    long = [np.stack(line) for line in lines if len(line) >= _LEAST]
    return max(long, key=lambda line: float(line[:, 2].max()), default=np.zeros((0, 3)))


def _valley(outlines: list[Outline], sign: float, tip: Points) -> Points | None:
    """Bottom (3,) of the first valley lateral of a process in a coronal section."""
    points = _fine(outlines)
    lateral = sign * (points[:, 0] - tip[0])
    own = (lateral > -_MEDIAL_MM) & (lateral < _LATERAL_MM) & (points[:, 2] > tip[2] - _UNDER_MM)
    points = points[own]
    if not len(points):
        return None
    reach, across = sign * points[:, 0] + points[:, 2], sign * points[:, 0] - points[:, 2]
    strips = np.floor(across / _STRIP_MM).astype(int)
    order = np.lexsort((-reach, strips))
    top = order[np.unique(strips[order], return_index=True)[1]]
    height = reach[top]
    banks = np.maximum.accumulate(height), np.maximum.accumulate(height[::-1])[::-1]
    deep = np.flatnonzero(np.minimum(*banks) - height > _BANK_MM)
    if not len(deep):
        return None
    run = np.split(deep, np.flatnonzero(np.diff(deep) > 1) + 1)[0]
    low = top[run[height[run] < height[run].min() + _ROUND_MM]]
    return np.asarray(points[low].mean(axis=0))


def upper_border(mesh: Mesh, sign: float, beginning: Points) -> Points:
    """Upper border (N, 3) of the transverse process beside the beginning of the groove: the top of
    sagittal sections, from lateral inwards, as far as it runs on.

    Where it jumps, a wide pedicle stands higher in front, and the top is the pedicle's.
    """
    found: list[Points] = []
    for beside in reversed(_BESIDE_MM):
        points = _fine(section(mesh, 0, float(beginning[0] + sign * beside)))
        off = np.abs(points - beginning)
        own = points[(off[:, 1] < _NEAR_MM) & (off[:, 2] < _NEAR_UP_MM)]
        if not len(own):
            continue
        top = own[own[:, 2] > own[:, 2].max() - _TOP_MM]
        middle = 0.5 * (top.min(axis=0) + top.max(axis=0))
        if found and abs(middle[1] - found[-1][1]) > _JUMP_MM:
            break
        found.append(middle)
    return np.asarray(found[::-1]).reshape(-1, 3)


def _fine(outlines: list[Outline]) -> Points:
    """Places (N, 3) along outlines, several on each of their pieces."""
    share = np.linspace(0.0, 1.0, _PIECES)[None, :, None]
    found = [np.zeros((0, 3))]
    for one in outlines:
        start, stop = one.points_mm[one.ends[:, 0]], one.points_mm[one.ends[:, 1]]
        found.append((start[:, None] + share * (stop - start)[:, None]).reshape(-1, 3))
    return np.concatenate(found)
