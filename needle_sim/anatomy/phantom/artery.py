"""The artery that makes the cranial half of a foramen unsafe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from needle_sim.anatomy.anatomy import Side, Structure
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.course import root_path
from needle_sim.anatomy.phantom.edges import under_pedicle
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.geometry.shapes import Implicit, Tube
from needle_sim.geometry.transform import unit

_RADIUS_MM = 0.5  # calibre 0.6-1.8 mm (StatPearls, artery of Adamkiewicz)
_UNDER_PEDICLE_MM = 1.5
_DEPTH_SHARE = 0.5  # of the foramen's depth: 96 % lie in its ventral cranial quadrant
_BESIDE_ROOT_MM = 0.9
_BEFORE = unit([0.0, -0.75, 0.66])  # of the root and above it
_VENTRAL_SHARE = 0.55  # of the sac's half depth: it runs on the front of the cord


def radiculomedullary_artery(
    column: Column,
    entry: Entry,
    bone: Implicit,
    sac_mm: NDArray[np.float64],
    sac_half_mm: NDArray[np.float64],
) -> Structure:
    """The artery with a root: over its ganglion, along it into the sac, up the cord.

    Parameters
    ----------
    column : Column
        Vertebrae in place.
    entry : Entry
        The root's level, one of the column, and side.
    bone : Implicit
        That vertebra in its body frame.
    sac_mm, sac_half_mm : (N, 3) and (N,) array
        Axis of the dural sac from above downwards, and its half depth.

    References
    ----------
    Murthy (2010), Pain Med 11:1756: 88 % on the left, 97 % in the cranial half of the foramen (88 %
    in its upper third), none in its lowest fifth. Pic and Gregg (2017), AJNR 38:1054: 96 % in the
    ventral cranial quadrant of the foramen.
    """
    spec, body = column.vertebrae[entry.level], column.bodies[entry.level]
    side: Side = "left" if entry.side == "left" else "right"
    post, root = Posts(spec, side), root_path(spec, side)
    over = under_pedicle(post, bone, _DEPTH_SHARE, _UNDER_PEDICLE_MM)
    lift = float(np.interp(0.5, [0, 1], root.radius_mm[2:4])) + _RADIUS_MM + _BESIDE_ROOT_MM
    beside = 0.5 * (root.points_mm[2] + root.points_mm[3]) + lift * _BEFORE
    inlet = root.points_mm[2] + (float(root.radius_mm[2]) + _RADIUS_MM + _BESIDE_ROOT_MM) * _BEFORE
    outer = [over + post.at(16.0, -9.0, 1.0), over + post.at(7.0, -3.0, 0.2), over]
    foramen = body.apply(np.stack([*outer, beside, inlet]))
    above = sac_mm[:, 2] > foramen[-1, 2] + 4.0
    cord = sac_mm[above][::-1]
    front = _VENTRAL_SHARE * sac_half_mm[above][::-1, None] * -body.matrix[:3, 1]
    aside = np.linspace(3.0, 0.0, 4)
    aside = np.concatenate([aside, np.zeros(max(0, len(cord) - 4))])[: len(cord)]
    points = np.concatenate(
        [foramen, cord + front + post.sign * aside[:, None] * body.matrix[:3, 0]]
    )
    steps = np.arange(len(points), dtype=np.float64)
    fine = np.linspace(0.0, steps[-1], 4 * len(points))
    tube = Tube(PchipInterpolator(steps, points)(fine), np.full(len(fine), _RADIUS_MM))
    return Structure(entry.artery, "vessel", (tube,), "constructed")


def artery_note(entry: Entry | None, column: Column, *, drawn: bool) -> str:
    """What a phantom says of its artery."""
    if entry is None:
        return "this patient has no great radiculomedullary artery, as 15 % (Taterra 2019)"
    told = f"the great radiculomedullary artery enters with the {entry} root"
    if entry.level not in column.levels[:-1]:
        return f"{told}, outside what is built: it is in no picture"
    stated = "" if drawn else ": a stated variant; 89 % lie at T8-L1 (Taterra 2019)"
    return f"{told}, in the cranial half of the foramen, as 97 % (Murthy 2010){stated}"
