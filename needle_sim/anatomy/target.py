"""`Target`: where a needle is meant to come to lie, from landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import unit
from needle_sim.shown import Shown


@dataclass(frozen=True, slots=True, eq=False)
class Target(Shown):
    """A place for the tip, with the way it is approached.

    Parameters
    ----------
    name, kind, level, vertebra, side : str
        ``level`` is the nerve (L4), ``vertebra`` the bone it lies on (L5).
    centre_mm : (3,) array
        Where the tip should come to lie, patient LPS.
    radius_mm : float
        Success window about the centre.
    approach : (3,) array
        Unit direction of travel, from the skin to the target.
    nerve_mm : (N, 3) array or None
        The stretch of nerve that a lesion is to cover.
    window_mm : (2, 3) array or None
        The two ends of the bone stretch that the active tip must lie along (rear, front).
    """

    name: str
    kind: Literal["medial_branch", "point"]
    level: str
    vertebra: str
    side: str
    centre_mm: NDArray[np.float64]
    radius_mm: float
    approach: NDArray[np.float64]
    nerve_mm: NDArray[np.float64] | None = None
    window_mm: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not self.radius_mm > 0:
            raise InputError(f"radius_mm of a target must be positive, got {self.radius_mm}")
        object.__setattr__(self, "centre_mm", as_points([self.centre_mm], "centre_mm")[0])
        object.__setattr__(self, "approach", unit(self.approach))
        for name, least in (("nerve_mm", 2), ("window_mm", 2)):
            value: ArrayLike | None = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, as_points(value, name, least=least))

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "target": self.name,
            "on": self.vertebra,
            "centre, mm LPS": ", ".join(f"{x:.1f}" for x in self.centre_mm),
        }
