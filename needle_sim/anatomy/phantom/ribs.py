"""The ribs of the lower thoracic vertebrae, in the patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import unit

_Points = NDArray[np.float64]

_HALF_MM = (6.0, 3.2)
"""Half height and half thickness of the shaft (texts, from memory)."""
_NECK_HALF_MM = (4.2, 3.2)
_JOINT_MM = 1.2  # of cartilage between head and vertebra (proposed)
_STEP_MM = 14.0
_INSIDE_MM = 6.0  # of the shaft's middle within the inner face of the flank's fat (proposed)
_BEHIND_MM = 30.0  # of its angle behind the posterior wall of the body (proposed)


def ribs(column: Column, trunk: Mapping[str, float]) -> Iterator[tuple[str, Implicit]]:
    """Name (``"T12 left rib"``) and bone of each rib that the vertebrae have."""
    for level in column.levels:
        if column.vertebrae[level].rib_length_mm > 0.0:
            for side in SIDES:
                path = rib_path(column, level, side, trunk)
                yield f"{level} {side} rib", rib_shape(path)


def rib_path(column: Column, level: str, side: str, trunk: Mapping[str, float]) -> _Points:
    """Middle of a rib (N, 3) from its head, as long as ``rib_length_mm``, patient.

    Behind and beside the spine it follows an oval within the flank, and falls by ``rib_fall_deg``.
    """
    spec, body = column.vertebrae[level], column.bodies[level]
    post = Posts(spec, "left" if side == "left" else "right")
    slant = np.cos(np.radians(spec.pedicle_transverse_deg))
    beside = 0.5 * spec.canal_width_mm + spec.pedicle_width_mm / slant + _NECK_HALF_MM[1]
    head = body.apply(post.at(beside + _JOINT_MM, spec.back_mm + 2.0, spec.pedicle_rise_mm + 2.0))
    wide = trunk["half_width_mm"] - trunk["skin_mm"] - trunk["subcutis_side_mm"] - _INSIDE_MM
    middle = body.matrix[:3, 3]
    first = column.bodies[column.levels[0]].matrix[:3, 3]
    last = column.bodies["S1"].matrix[:3, 3]
    axis = float(np.interp(middle[2], (last[2], first[2]), (last[0], first[0])))
    deep = float(body.apply([0.0, spec.back_mm + _BEHIND_MM, 0.0])[1] - middle[1])
    front = 0.75 * (trunk["front_mm"] + middle[1])
    start = np.degrees(np.arcsin(min(abs(head[0] - axis) + 26.0, 0.9 * wide) / wide))
    turn = np.radians(np.linspace(start, 165.0, 60))
    half = np.where(turn < np.pi / 2, deep, front)
    oval = np.stack(
        [
            axis + post.sign * wide * np.sin(turn),
            middle[1] + half * np.cos(turn),
            np.full(len(turn), head[2] - 3.0),
        ],
        axis=1,
    )
    path = resample(np.concatenate([head[None], oval]), 2.0)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    fall = np.radians(spec.rib_fall_deg)
    path[:, 2] -= np.sin(fall) * np.maximum(along - 12.0, 0.0)
    path[:, 1] -= 0.1 * np.sin(fall) * along  # the cage narrows downwards
    return np.asarray(path[along <= spec.rib_length_mm * np.cos(fall) + 1e-9])


def rib_shape(path: _Points) -> Implicit:
    """Head, neck and shaft: flat behind the tubercle, round before it."""
    knots = resample(path, _STEP_MM)
    count = len(knots) - 1
    rows = []
    for n, (start, end) in enumerate(pairwise(knots)):
        first, last = (_NECK_HALF_MM if n + k < 2 else _HALF_MM for k in (0, 1))
        taper = 0.55 if n == count - 1 else 1.0
        across = unit(np.cross(end - start, np.cross([0.0, 0.0, 1.0], end - start)))
        rows.append(
            bar(
                start,
                end,
                first,
                end_radii_mm=(taper * last[0], taper * last[1]),
                across=across,
                cap_mm=2.0 if n == count - 1 else 3.0,
                blend_mm=2.0,
            )
        )
    return Implicit.of(rows)
