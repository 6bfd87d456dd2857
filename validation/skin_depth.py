"""Skin to epidural space of a spine, by its shapes alone."""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.interlaminar import interspaces
from needle_sim.anatomy.phantom.spec import SpineSpec
from needle_sim.anatomy.phantom.trunk import Trunk


def skin_to_epidural_mm(spine: SpineSpec, upper: str = "L3") -> float:
    """From the skin straight forwards to the ventral face of the flava in the midline."""
    stack = column(spine)
    space = next(one for one in interspaces(stack, spine.sacrum) if one.upper == upper)
    line = space.ventral_line()
    inside = 0.5 * (line[1] + line[2])
    out = np.arange(0.0, 200.0, 0.1)
    skin = Trunk(stack, spine.trunk).skin_mm(inside + out[:, None] * [0.0, 1.0, 0.0])
    return float(out[np.argmax(skin > 0)])
