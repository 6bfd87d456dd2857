"""The ribs of the lower thoracic vertebrae, in the patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import unit

_Points = NDArray[np.float64]

_HALF_MM = (6.0, 3.2)
"""Half height and half thickness of the shaft (texts, from memory)."""
_NECK_HALF_MM = (4.2, 3.2)
_JOINT_MM = 1.2  # of cartilage between head and vertebra (proposed)
_STEP_MM = 14.0
_OVER_CAVITY_MM = 4.7  # of the shaft's middle outside the inner face of the wall (proposed)
_ANGLE_MM = 26.0  # lateral of the head the rib comes to lie in the wall (proposed)
_PLACES, _LOOKS = 60, 4


def ribs(column: Column, trunk: Mapping[str, float]) -> Iterator[tuple[str, Implicit]]:
    """Name (``"T12 left rib"``) and bone of each rib that the vertebrae have."""
    for level in column.levels:
        if column.vertebrae[level].rib_length_mm > 0.0:
            for side in SIDES:
                path = rib_path(column, level, side, trunk)
                yield f"{level} {side} rib", rib_shape(path)


def rib_path(column: Column, level: str, side: str, trunk: Mapping[str, float]) -> _Points:
    """Middle of a rib (N, 3) from its head, as long as ``rib_length_mm``, patient.

    Behind and beside the spine it runs within the muscular wall, over the pleura and under what
    fat there is, and falls by ``rib_fall_deg``.
    """
    spec, body, wall = column.vertebrae[level], column.bodies[level], Trunk(column, trunk)
    post = Posts(spec, "left" if side == "left" else "right")
    slant = np.cos(np.radians(spec.pedicle_transverse_deg))
    beside = 0.5 * spec.canal_width_mm + spec.pedicle_width_mm / slant + _NECK_HALF_MM[1]
    head = body.apply(post.at(beside + _JOINT_MM, spec.back_mm + 2.0, spec.pedicle_rise_mm + 2.0))
    fall = np.sin(np.radians(spec.rib_fall_deg))
    turn = np.radians(np.linspace(5.0, 165.0, _PLACES))
    height = np.full(_PLACES, head[2] - 3.0)
    axis = wall.axis_mm(height[:1])
    behind = abs(float(head[0] - axis[0])) + _ANGLE_MM
    for _ in range(_LOOKS):  # the wall is looked up at the height that the rib has come down to
        around = wall.in_wall_mm(height, turn, trunk["wall_mm"] - _OVER_CAVITY_MM)
        around[:, 0] = axis + post.sign * around[:, 0]
        path = np.concatenate([head[None], around[post.sign * (around[:, 0] - axis) > behind]])
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        path[1:, 2] = head[2] - 3.0 - fall * np.maximum(along[1:] - 12.0, 0.0)
        height[-len(path) + 1 :] = path[1:, 2]
    path = resample(path, 2.0)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.asarray(path[along <= spec.rib_length_mm + 1e-9])


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
