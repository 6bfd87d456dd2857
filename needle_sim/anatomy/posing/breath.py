"""What a breath moves between the bones: organs towards the feet, the belly forwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import rank
from needle_sim.anatomy.posing.posture import Breathing
from needle_sim.geometry.transform import Transform

Points = NDArray[np.float64]

_BESIDE_BONE_MM = 12.0  # from bone to where organs move freely, about (proposed)
_STEP_MM = 36.0  # from one body to the next where only some are known (texts, from memory)
_BACK_MM = (20.0, 60.0)  # behind the middles of bodies: organs end, muscles of the back lie
_WALL_MM = 110.0  # from the front of the bodies to the abdominal wall (proposed)
_FRONT_MM = 20.0
_FALL = 2.0  # organs follow the diaphragm less further down: kidneys by 0.65 of it (SONG11)


def breathed_in(phase: float) -> float:
    """Share of a breath at a phase of its cycle: 0 at end expiration (0, 1), 1 at 0.5.

    References
    ----------
    Lujan et al. (1999), doi:10.1118/1.598577, with the even power 2.
    """
    return float(np.sin(np.pi * phase) ** 2)


@dataclass(frozen=True, slots=True)
class Breath:
    """What a share of a breath moves at places of the posed patient.

    Parameters
    ----------
    breathing : Breathing
    share : float
        0 to 1.
    top_mm, low_mm : float
        Patient z of T12, where organs move as the diaphragm does, and of S1, where they rest.
    line_mm : (N, 2) array
        z and y of the bodies' middles, z rising.
    """

    breathing: Breathing
    share: float
    top_mm: float
    low_mm: float
    line_mm: Points

    @classmethod
    def of(
        cls, anatomy: Anatomy, moved: dict[str, Transform], breathing: Breathing, share: float
    ) -> Breath | None:
        """The breath of an anatomy; None where nothing moves, or no vertebra is known."""
        stirs = breathing.diaphragm_mm or breathing.wall_mm
        if not anatomy.bodies or not share or not stirs:
            return None
        middles = {
            one: moved[one].apply(anatomy.bodies[one].matrix[:3, 3]) for one in anatomy.bodies
        }

        def height(level: str) -> float:
            near = min(middles, key=lambda one: abs(rank(one) - rank(level)))
            return float(middles[near][2] + _STEP_MM * (rank(near) - rank(level)))

        line = np.array(sorted((point[2], point[1]) for point in middles.values()))
        return cls(breathing, share, height("T12"), height("S1") + _STEP_MM, line)

    def at(self, points_mm: Points, away_mm: Points) -> Points:
        """How far (P, 3) what is now at points (P, 3) has come; ``away_mm`` (P,) is off bone."""
        z, y = points_mm[:, 2], points_mm[:, 1]
        spine = np.interp(z, self.line_mm[:, 0], self.line_mm[:, 1])
        rise = np.clip((z - self.low_mm) / (self.top_mm - self.low_mm), 0.0, 1.0)
        high = 1.0 - (1.0 - rise) ** _FALL
        off = np.maximum(away_mm, 0.0) ** 2
        free = off / (off + _BESIDE_BONE_MM**2)
        start, end = _BACK_MM
        inside = np.clip((spine + end - y) / (end - start), 0.0, 1.0)
        front = np.clip((spine - _FRONT_MM - y) / _WALL_MM, 0.0, 1.0)
        found = np.zeros_like(points_mm)
        found[:, 2] = -self.share * self.breathing.diaphragm_mm * high * free * inside
        found[:, 1] = -self.share * self.breathing.wall_mm * np.minimum(2 * high, 1.0) * front
        return found
