"""`Grid`: lead strips before the detector that stop scatter more than they stop the primary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import material, materials

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """A focused grid of parallel strips; its focus is the focal spot.

    Parameters
    ----------
    ratio : float
        Height of the strips over the distance between them; 0 for no grid.
    lines_per_cm : float, 1/cm
    strip_um : float, µm
        Thickness of a lead strip.
    between : str
        Material of ``attenuation.toml`` between the strips.
    between_g_cm3 : float, g/cm3
        Its density as it is used there.
    """

    ratio: float
    lines_per_cm: float
    strip_um: float
    between: str
    between_g_cm3: float

    def __post_init__(self) -> None:
        if not (0 <= self.ratio <= 30 and 10 <= self.lines_per_cm <= 200):
            raise InputError(
                "a grid needs a ratio of 0 (none) to 30 and 10 to 200 lines_per_cm, "
                f"got {self.ratio=} {self.lines_per_cm=}"
            )
        if not 0 < self.strip_um < 1e4 / self.lines_per_cm:
            raise InputError(
                f"strip_um must be over 0 and under the pitch of {1e4 / self.lines_per_cm:.4g}, "
                f"got {self.strip_um}"
            )
        if self.between not in materials():
            raise InputError(f"no attenuation is known of {self.between!r} between the strips")
        if not 0 <= self.between_g_cm3 <= 5:
            raise InputError(f"between_g_cm3 must be 0 to 5, got {self.between_g_cm3}")

    @property
    def pitch_mm(self) -> float:
        """From one strip to the next."""
        return 10.0 / self.lines_per_cm

    @property
    def strip_mm(self) -> float:
        """Thickness of a strip."""
        return self.strip_um * 1e-3

    @property
    def height_mm(self) -> float:
        """Height of the strips."""
        return self.ratio * (self.pitch_mm - self.strip_mm)

    def strip_per_cm(self) -> Floats:
        """Attenuation (E,) of the strips, 1/cm, per 1 keV bin."""
        lead = material("lead")
        return np.asarray(lead.mu_rho * lead.density_g_cm3)

    def between_per_cm(self) -> Floats:
        """Attenuation (E,) of what is between the strips, 1/cm, per 1 keV bin."""
        return np.asarray(material(self.between).mu_rho * self.between_g_cm3)

    @property
    def primary(self) -> Floats:
        """Share (E,) of the unscattered photons let through, per 1 keV bin."""
        return self.lets_through(0.0, 0.0, self.strip_per_cm(), self.between_per_cm())

    def lets_through(
        self,
        across: ArrayLike,
        along: ArrayLike,
        strip_per_cm: ArrayLike,
        between_per_cm: ArrayLike,
    ) -> Floats:
        """Share of photons let through, by the tangents of their angle off the focused direction.

        ``across`` the strips and ``along`` them; averaged over the place where a photon comes in.
        All four are broadcast. As in Day and Dance (1983), Phys Med Biol 28:1429.
        """
        x, y = np.abs(np.asarray(across, float)), np.asarray(along, float)
        strips, clear = np.asarray(strip_per_cm, float), np.asarray(between_per_cm, float)
        height, strip, pitch = (0.1 * one for one in (self.height_mm, self.strip_mm, self.pitch_mm))
        if height == 0:
            return np.ones(np.broadcast_shapes(x.shape, y.shape, strips.shape))
        way = height * np.sqrt(1.0 + x**2 + y**2)
        moved = np.maximum(height * x, 1e-7)  # cm; so little is as good as straight
        slope = (strips - clear) * way / moved
        whole = np.floor(moved / pitch)
        rest = moved - whole * pitch
        least, most = np.maximum(0.0, rest + strip - pitch), np.minimum(rest, strip)
        seen = np.abs(pitch - rest - strip) * np.exp(-slope * least)
        seen = seen + np.abs(rest - strip) * np.exp(-slope * most)
        seen = seen + 2.0 * (np.exp(-slope * least) - np.exp(-slope * most)) / slope
        return np.asarray(seen / pitch * np.exp(-slope * whole * strip - clear * way))
