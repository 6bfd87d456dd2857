"""`PlacedNeedle`: this needle, here. Pictures draw it, generators heat it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.trajectory import Trajectory


@dataclass(frozen=True, slots=True, eq=False)
class PlacedNeedle:
    """A needle on its trajectory; ``bevel_clock_deg`` turns the bevel about the axis.

    ``stylet`` is True while one fills the bore, its cap in the hub; an empty bore is drawn empty.
    """

    needle: Needle
    trajectory: Trajectory
    bevel_clock_deg: float = 0.0
    stylet: bool = False

    def __post_init__(self) -> None:
        missing = self.trajectory.depth_mm - self.needle.length_mm
        if missing > 1e-6:
            raise InputError(
                f"the path is {self.trajectory.depth_mm:.1f} mm long and the needle "
                f"{self.needle.length_mm:g} mm: {missing:.1f} mm too short; choose a longer needle"
            )

    @property
    def hub_mm(self) -> NDArray[np.float64]:
        """The hub (3,), as far outside the skin as the needle's length leaves over."""
        points = self.trajectory.points_mm
        outward = points[0] - points[1]
        over = self.needle.length_mm - self.trajectory.depth_mm
        return np.asarray(points[0] + outward / np.linalg.norm(outward) * over)

    @property
    def shaft_mm(self) -> NDArray[np.float64]:
        """Polyline (N, 3) from hub to tip."""
        return np.concatenate([self.hub_mm[None], self.trajectory.points_mm])

    @property
    def active_mm(self) -> NDArray[np.float64]:
        """The bare stretch (2, 3) of an RF cannula, its rear end first."""
        tip = self.trajectory.tip_mm
        return np.stack([tip - self.trajectory.axis * self.needle.active_tip_mm, tip])
