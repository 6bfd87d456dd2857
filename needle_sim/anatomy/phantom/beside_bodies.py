"""What runs along the vertebral bodies: the sympathetic chains and the segmental arteries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube, trace_mm

_Points = NDArray[np.float64]

_CHAIN_MM, _KNOT_MM = 0.9, 1.9
"""Radii of the chain and of its ganglia (texts, from memory)."""
_CHAIN_OFF_MM = 2.4  # centreline off the bone
_LUMBAR_DEG, _THORACIC_DEG = 38.0, -8.0
"""Before the lateral wall of the body: lumbar chains lie anterolaterally, medial to psoas, thoracic
ones at the heads of the ribs (texts, from memory)."""
_GANGLION_AT_MM = (
    6.0  # below the middle of the body: lower third of L2, upper third of L3 (FUR-LSB)
)
_LOW_BODY_MM = 9.5  # half its height, of one that is crushed: the chain's places draw together
_ARTERY_MM, _ARTERY_OFF_MM = 1.1, 1.6
_AORTA_DEG = {"left": 62.0, "right": 112.0}  # where it leaves the front, from this side's wall
_CLEAR_MM, _PUSHES, _RESAMPLED = 0.6, 24, 8
_BACK_DEG = -24.0  # where it divides, before the foramen


def sympathetic_chains(
    column: Column, bones: Mapping[str, Implicit], levels: Sequence[str] | None = None
) -> Iterator[Structure]:
    """Both chains over the bodies of the column, in the patient; ``bones`` in their body frames.

    A ganglion lies at each of ``levels``, by default at all but the last, the sacrum.
    """
    for side in SIDES:
        points, radius = [], []
        for level in column.levels[:-1] if levels is None else levels:
            angle = _LUMBAR_DEG if level.startswith("L") else _THORACIC_DEG
            half = 0.5 * column.vertebrae[level].height_mm
            low = min(1.0, (half - 1.0) / 12.0) if half >= _LOW_BODY_MM else (half - 2.0) / 12.0
            for z, size in ((6.0, _CHAIN_MM), (-_GANGLION_AT_MM, _KNOT_MM), (-12.0, _CHAIN_MM)):
                at = around(column, level, bones[level], side, angle, low * z, _CHAIN_OFF_MM)
                points.append(column.bodies[level].apply(at))
                radius.append(size)
        tube = _clear(_smooth(points, radius), column, bones, column.levels)
        yield Structure(f"{side} sympathetic chain", "sympathetic", (tube,), "constructed")


def segmental_arteries(
    column: Column, bones: Mapping[str, Implicit], levels: Sequence[str] | None = None
) -> Iterator[Structure]:
    """A pair at each body from the aorta around its waist to the foramen, in the patient.

    ``levels`` are by default all but the last two: L5 has none of its own, its blood comes from
    the iliolumbar and median sacral arteries.
    """
    for level in column.levels[:-2] if levels is None else levels:
        for side in SIDES:
            start = _AORTA_DEG[side]
            line = [
                around(column, level, bones[level], side, angle, 0.0, _ARTERY_OFF_MM)
                for angle in np.linspace(start, _BACK_DEG, 9)
            ]
            points = [column.bodies[level].apply(at) for at in line]
            tube = _smooth(points, [_ARTERY_MM] * len(points))
            tube = _clear(tube, column, bones, [level])
            kind = "lumbar" if level.startswith("L") else "intercostal"
            yield Structure(f"{level} {side} {kind} artery", "vessel", (tube,), "constructed")


def around(
    column: Column, level: str, bone: Implicit, side: str, angle_deg: float, z: float, off: float
) -> _Points:
    """Place (3,) off the wall of a body, ``angle_deg`` before its lateral wall, body frame."""
    post = Posts(column.vertebrae[level], "left" if side == "left" else "right")
    turn = np.radians(angle_deg)
    out = post.at(np.cos(turn), -np.sin(turn), 0.0)
    return trace_mm(bone, 70.0 * out + [0.0, 0.0, z], -out, off_mm=off)


def _smooth(points: list[_Points], radius: list[float]) -> Tube:
    knots = np.arange(len(points), dtype=np.float64)
    fine = np.linspace(0.0, knots[-1], 6 * len(points))
    return Tube(PchipInterpolator(knots, np.stack(points))(fine), np.interp(fine, knots, radius))


def _clear(
    tube: Tube, column: Column, bones: Mapping[str, Implicit], levels: Iterable[str]
) -> Tube:
    """The tube moved out of the bones of some levels, along their distance."""
    points, radius = tube.points_mm, tube.radius_mm
    frames = [(level, column.bodies[level], column.bodies[level].inverse()) for level in levels]
    for n in range(_PUSHES):
        if n % _RESAMPLED == 0:  # neighbours that were pushed apart must not cut a corner
            steps = np.linspace(0.0, 1.0, len(radius))
            points = resample(points, 1.0)
            radius = np.interp(np.linspace(0.0, 1.0, len(points)), steps, radius)
        for level, out_of, into in frames:
            own, (low, high) = into.apply(points), bones[level].box_mm
            reach = radius[:, None] + _CLEAR_MM
            near = np.flatnonzero(((own > low - reach) & (own < high + reach)).all(axis=1))
            short = radius[near] + _CLEAR_MM - bones[level].distance_mm(own[near])
            at, short = near[short > 0.0], short[short > 0.0]
            if len(at):
                pushed = own[at] + short[:, None] * bones[level].gradient(own[at])
                points[at] = out_of.apply(pushed)
    return Tube(points, radius)
