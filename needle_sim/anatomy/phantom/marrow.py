"""What is not spongy inside a vertebral body: the channels of the basivertebral veins."""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, bar

VEIN_HU = 80.0
"""Vein and fatty marrow around it, with the trabeculae between (proposed)."""

_HALF_MM = (2.4, 1.4)  # across and upright; about 5 x 3 mm at the wall (texts, from memory)
_FORK = 0.38, 0.62  # of the depth of the body: where the trunk forks, and how far branches reach


def vein_channels(spec: VertebraSpec) -> Implicit:
    """The trunk that leaves through the middle of the back wall, and its fork, body frame."""
    depth = 0.5 * (spec.upper_depth_mm + spec.lower_depth_mm)
    wall = np.array([0.0, spec.back_mm - 0.9, 0.0])
    fork = wall - [0.0, _FORK[0] * depth, 0.0]
    thin = 0.55 * _HALF_MM[0], 0.7 * _HALF_MM[1]
    rows = [bar(wall, fork, _HALF_MM, end_radii_mm=(0.8 * _HALF_MM[0], _HALF_MM[1]))]
    for side in (-1.0, 1.0):
        tip = wall + np.array([side * 0.2 * spec.upper_width_mm, -_FORK[1] * depth, 0.0])
        ends = (0.5 * thin[0], 0.6 * thin[1])
        rows.append(bar(fork, tip, thin, end_radii_mm=ends, blend_mm=1.0))
    return Implicit.of(rows)
