"""`Trajectory`: a path from skin entry to tip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, length_mm
from needle_sim.geometry.transform import NEEDLE, Transform, rigid, unit


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A path through the patient, entry first and tip last; straight is a special case.

    ``points_mm`` (N, 3), N >= 2, patient LPS.
    """

    points_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        points = as_points(self.points_mm, "points_mm of a trajectory", least=2)
        if not (np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9).all():
            raise InputError("two neighbouring points of a trajectory are the same")
        object.__setattr__(self, "points_mm", points)

    @classmethod
    def straight(cls, entry_mm: ArrayLike, tip_mm: ArrayLike) -> Trajectory:
        """From an entry (3,) straight to a tip (3,)."""
        return cls(np.stack([np.asarray(entry_mm), np.asarray(tip_mm)]))

    @property
    def entry_mm(self) -> NDArray[np.float64]:
        """Where the skin is entered."""
        return np.asarray(self.points_mm[0])

    @property
    def tip_mm(self) -> NDArray[np.float64]:
        """Where the tip comes to lie."""
        return np.asarray(self.points_mm[-1])

    @property
    def depth_mm(self) -> float:
        """Length of the path in the patient."""
        return length_mm(self.points_mm)

    @property
    def axis(self) -> NDArray[np.float64]:
        """Direction (3,) of the last stretch, towards the tip."""
        return unit(self.points_mm[-1] - self.points_mm[-2])

    @property
    def patient_from_needle(self) -> Transform:
        """The needle's frame: origin at the tip, +z along `axis`, +y as near to cranial as can be.

        A bevel clock of 0 faces +y.
        """
        along = self.axis
        up = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.99 else np.array([0.0, -1.0, 0.0])
        side = unit(np.cross(up, along))
        axes = np.stack([side, np.cross(along, side), along], axis=1)
        return rigid(axes, self.tip_mm, source=NEEDLE)
