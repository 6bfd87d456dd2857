"""Executions of a plan by plain sampling: every pass looked at in even steps, in SciPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.target import Target
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.hand import HandErrors, passes
from needle_sim.planning.hazards import KINDS, STEP_MM, HazardMaps

Floats = NDArray[np.float64]
_CHUNK = 500  # passes at once


def sampled_executions(
    maps: HazardMaps,
    placed: PlacedNeedle,
    target: Target,
    errors: HandErrors,
    *,
    n: int,
    seed: int,
    reach_mm: float,
    far_mm: float,
    step_mm: float,
) -> tuple[Mapping[str, Floats], NDArray[np.bool_]]:
    """Clearance (n,) of each kind around, and whether each tip met the target's window.

    The hand is the package's own (plain NumPy); ``step_mm`` lies between two looks along a pass.
    """
    tips, axes = passes(placed, errors, n=n, rng=np.random.default_rng(seed))
    back = np.arange(0.0, reach_mm, step_mm)
    inside = [KINDS.index(kind) for kind in maps.kinds]
    least = np.full((len(inside), n), far_mm)
    for first in range(0, n, _CHUNK):
        part = slice(first, first + _CHUNK)
        points = tips[part, None] - back[:, None] * axes[part, None]
        at = np.moveaxis((points - maps.low_mm)[..., ::-1] / STEP_MM, -1, 0)
        for row, kind in enumerate(inside):
            found = ndimage.map_coordinates(
                maps.distance_mm[..., kind], at, order=1, mode="constant", cval=far_mm
            )
            least[row, part] = np.minimum(far_mm, found.min(axis=1))
    radius = placed.needle.outer_mm / 2
    clearance = {KINDS[kind]: least[row] - radius for row, kind in enumerate(inside)}
    met = np.linalg.norm(tips - target.centre_mm, axis=1) <= target.radius_mm
    if target.ventral_mm is not None:
        met &= tips[:, 1] >= target.ventral_mm[1]
    return clearance, met
