"""`Electrode`: the metal of a needle on the axis of a ring grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.thermal.grid import Field, Grid

STEEL_CONDUCTIVITY_W_MK = 15.0
"""Austenitic stainless steel near room temperature, 14-16 W/mK (from memory); along the needle."""

STEEL_ACROSS_W_MK = 5.0
"""Across the needle, less than solid steel: an electrode lies in a cannula (proposed)."""

STEEL_CAPACITY_J_M3K = 4.0e6
"""Stainless steel: 7900-8000 kg/m3 times 500 J/kgK (from memory)."""


@dataclass(frozen=True, slots=True, eq=False)
class Electrode:
    """A solid metal body of revolution, tip at z = 0 and shaft towards -z.

    A bevel is replaced by the body of revolution with the same area of metal at each depth.

    Parameters
    ----------
    profile_mm : (N, 2) array
        z (rising) and radius; 0 outside.
    active_tip_mm : float
        Bare length behind the tip; further back the metal is insulated.
    """

    profile_mm: Field
    active_tip_mm: float

    def __post_init__(self) -> None:
        profile = np.array(self.profile_mm, dtype=np.float64)
        if profile.ndim != 2 or profile.shape[1] != 2 or not (np.diff(profile[:, 0]) > 0).all():
            raise InputError("profile_mm must be (N, 2) with rising z")
        if not self.active_tip_mm > 0:
            raise InputError(
                f"active_tip_mm must be positive to heat, got {self.active_tip_mm}; "
                "choose an RF cannula, e.g. rf_18g_10mm"
            )
        profile.flags.writeable = False
        object.__setattr__(self, "profile_mm", profile)

    @classmethod
    def of(cls, needle: Needle, reach_mm: float = 400.0) -> Electrode:
        """The electrode of a needle, its shaft running to -``reach_mm``."""
        radius = needle.outer_mm / 2
        bevel_mm = needle.outer_mm / np.tan(np.radians(needle.bevel_deg))
        if bevel_mm < 1e-6:
            profile = np.array([[-reach_mm, radius], [0.0, radius]])
            return cls(profile, needle.active_tip_mm)
        share = np.linspace(1.0, 0.0, 33)  # of the diameter that is metal at this depth
        area = np.arccos(1 - 2 * share) - 2 * (1 - 2 * share) * np.sqrt(share * (1 - share))
        taper = np.stack([-share * bevel_mm, radius * np.sqrt(area / np.pi)], axis=1)
        return cls(np.concatenate([[[-reach_mm, radius]], taper]), needle.active_tip_mm)

    @property
    def widest_mm(self) -> float:
        """Largest radius."""
        return float(self.profile_mm[:, 1].max())

    def radius_mm(self, z_mm: ArrayLike) -> Field:
        """Radius of the metal at depths z."""
        z, radius = self.profile_mm.T
        return np.asarray(np.interp(np.asarray(z_mm), z, radius, left=0.0, right=0.0))

    def inside(self, r_mm: ArrayLike, z_mm: ArrayLike) -> NDArray[np.bool_]:
        """True where a point at radius r and depth z is metal."""
        return np.asarray(np.asarray(r_mm) < self.radius_mm(z_mm))

    def metal(self, grid: Grid) -> NDArray[np.bool_]:
        """Metal cells (I, J, K) of a ring grid, by their centres."""
        if grid.kind != "ring":
            raise InputError("an electrode needs a ring grid about its axis, got a box")
        r, _, z = grid.centres
        section = self.inside(r[:, None], z[None, :])
        return np.ascontiguousarray(np.broadcast_to(section[:, None, :], grid.shape))

    def gap(self, r_mm: Field, z_mm: Field, r_metal_mm: Field, z_metal_mm: Field) -> Field:
        """Share of the way from a tissue point to a metal point at which the surface lies."""
        low = np.zeros(np.broadcast_shapes(r_mm.shape, r_metal_mm.shape, z_mm.shape))
        high = np.ones_like(low)
        for _ in range(40):
            share = 0.5 * (low + high)
            there = self.inside(
                r_mm + share * (r_metal_mm - r_mm), z_mm + share * (z_metal_mm - z_mm)
            )
            high, low = np.where(there, share, high), np.where(there, low, share)
        return 0.5 * (low + high)
