"""The sacroiliac joint: the gap between sacrum and iliac wing where both are near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Bone

GAP_MM = 2.6
"""Bones whose distances from a point add up to less are the two sides of the joint (the gap is
1-2 mm wide, ANES-SIJRFA; the wing is cut 2 mm off the sacrum)."""


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """What lies between two bones that are less than a gap apart.

    Parameters
    ----------
    first, second : Bone
        In the patient.
    gap_mm : float
        Widest gap.
    """

    first: Bone
    second: Bone
    gap_mm: float = GAP_MM

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), negative inside: exact where the gap meets bone,
        too small where it widens."""
        points = np.asarray(points_mm, dtype=np.float64)
        one, other = self.first.distance_mm(points), self.second.distance_mm(points)
        return np.maximum(np.maximum(-one, -other), 0.5 * (one + other - self.gap_mm))

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3)."""
        (low, high), (low2, high2) = self.first.box_mm, self.second.box_mm
        corners = np.maximum(low, low2) - self.gap_mm, np.minimum(high, high2) + self.gap_mm
        return np.stack([np.minimum(*corners), corners[1]])
