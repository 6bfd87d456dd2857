"""Landmarks picked on the processes of a vertebra's mesh, by vertices and plane sections alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from needle_sim.geometry.mesh import Mesh
from needle_sim.geometry.transform import unit
from validation.body_picks import Picks, arch_outline, back_mm, rims
from validation.sections import Points, extreme, section

FLAT_MM = 0.5
"""The middle of what lies so near the farthest point is a tip."""
_LOW_MM = 0.7  # the section of an inferior process so far over its lowest place tells its middle
_ROOT_MM = 5.0  # a section that reaches nearer to the midline is the spinous process's too
_FROM_TIP_MM = 3.0
_BESIDE_MM = 1.0  # the back of the isthmus is looked at so far lateral of the pedicle's medial wall
_BESIDE_SPINOUS_MM, _BESIDE_STEEP_MM = 7.5, 9.5
"""Nearer to the midline the lowest place is the spinous process's root, which is steep on T10."""
_SUMMIT_MM = 2.0  # a summit has nothing higher so near to it
_SUMMIT_UNDER_MM = 1.5  # it is looked for so far under the farthest place
_JOINED_MM = 1.0  # two edges of the mesh: places farther apart belong to two summits
_WIDENED = 2.2  # so much wider than its tip, a section of a transverse process is its root


def tips(mesh: Mesh, sign: float, *, lumbar: bool) -> Picks:
    """Highest, lowest and farthest lateral places of the arch on a side, and the isthmus.

    None of a transverse process that is so short that it is one with the superior articular one.
    """
    points, behind = mesh.points_mm, back_mm(mesh)
    own = points[sign * points[:, 0] > 4.0]
    arch = own[own[:, 1] > behind + 4.0]
    tip = extreme(own[own[:, 1] > behind - 6.0], [sign, 0.0, 0.0], within_mm=FLAT_MM)
    first, near = (
        min(
            section(mesh, 0, float(tip[0] - sign * from_tip)),
            key=lambda one: float(np.linalg.norm(one.points_mm - tip, axis=1).min()),
        )
        for from_tip in (1.0, _FROM_TIP_MM)
    )
    beside = arch[sign * arch[:, 0] > (_BESIDE_SPINOUS_MM if lumbar else _BESIDE_STEEP_MM)]
    found = {"sap_tip": extreme(arch, [0.0, 0.0, 1.0], within_mm=FLAT_MM)}
    found |= _lowest(mesh, sign, beside)
    if "iap_tip" in found:
        found["pars_isthmus"] = _isthmus(mesh, sign, found["iap_tip"])
    upper, lower = (extreme(near.points_mm, [0.0, 0.0, up], within_mm=0.1) for up in (1.0, -1.0))
    if near.area_mm2 < _WIDENED * first.area_mm2:
        found |= {"tp_tip": tip, "tp_tip_upper": upper, "tp_tip_lower": lower}
    return found


def _lowest(mesh: Mesh, sign: float, beside: Points) -> Picks:
    """Lower end of the inferior process, in the middle of its section there.

    None where that runs into the root of a steep spinous process and has no end of its own.
    """
    low = beside[np.argmin(beside[:, 2])]
    own = min(
        section(mesh, 2, float(low[2] + _LOW_MM)),
        key=lambda one: float(np.linalg.norm(one.points_mm - low, axis=1).min()),
    )
    if (sign * own.points_mm[:, 0]).min() < _ROOT_MM:
        return {}
    return {"iap_tip": np.array([*own.centre_mm[:2], low[2]])}


def knobs(mesh: Mesh, sign: float) -> Picks:
    """Mamillary and accessory process, over the isthmus."""
    points, behind = mesh.points_mm, back_mm(mesh)
    beside, back = sign * points[:, 0], points[:, 1] - behind
    ends = tips(mesh, sign, lumbar=True)
    if "iap_tip" not in ends:
        return {}
    top, isthmus = ends["sap_tip"], ends["pars_isthmus"]
    high = arch_outline(mesh).points_mm[:, 2].max() + 4.0
    pillar = (beside > 4.0) & (beside < sign * top[0] + 12.0) & (back > 6.0)
    back_of = points[pillar & (points[:, 2] > high)]
    mamillary = extreme(back_of, [0.5 * sign, 0.87, 0.0], joined_mm=_JOINED_MM)
    level = np.abs(points[:, 2] - isthmus[2]) < 0.4
    arch = beside[level & (back > 6.0)].max() + 1.5
    low_enough = (points[:, 2] < mamillary[2] - 6.0) & (points[:, 2] > isthmus[2] + 4.0)
    inner = max(arch, sign * top[0] + 3.0)
    under = pillar & (beside > inner) & (back > 8.0) & low_enough
    found = {"mamillary_tip": mamillary}
    tops = summits(points, under, [0.6 * sign, 0.7, -0.35])
    if len(tops):  # the process stands beside the pillar, which may stand out more
        found["accessory_tip"] = tops[np.argmax(sign * tops[:, 0])]
    return found


def summits(points: Points, own: NDArray[np.bool_], towards: ArrayLike) -> Points:
    """Places (N, 3) among some of the points (P, 3) that none of all within 2 mm stands out beyond.

    The middle of each cap; what stands out most at the edge of what is looked at is no summit.
    """
    reach = points @ unit(np.asarray(towards, dtype=np.float64))
    high = np.flatnonzero(own)
    high = high[reach[high] > reach[high].max(initial=-np.inf) - _SUMMIT_UNDER_MM]
    around = KDTree(points).query_ball_point(points[high], _SUMMIT_MM)
    tops = [
        extreme(points[near], towards)
        for at, near in zip(high, around, strict=True)
        if reach[at] >= reach[near].max()
    ]
    return np.asarray(tops).reshape(-1, 3)


def _isthmus(mesh: Mesh, sign: float, low: Points) -> Points:
    """Back of the arch beside the canal, a fifth of the way from the pedicle to the lower tip."""
    rim = rims(mesh)
    at = max(rim[f"{end}_endplate_posterior"][1] for end in ("superior", "inferior")) + 3.5
    own = [one for one in section(mesh, 1, at) if (sign * one.points_mm[:, 0]).min() > 4.0]
    root = max(own, key=lambda one: one.area_mm2)
    under = root.farthest([0.0, 0.0, -1.0])
    inner = root.farthest([-sign, 0.0, 0.0])[0] + sign * _BESIDE_MM
    level = float(under[2] + 0.2 * (low[2] - under[2]))
    beside = float(inner + 0.2 * (low[0] - inner))
    cut = np.concatenate([one.crossing(2, level) for one in section(mesh, 0, beside)])
    return extreme(cut, [0.0, 1.0, 0.0], within_mm=0.0)
