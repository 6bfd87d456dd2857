"""`Detector`: what an image receptor makes of the photons: absorption, blur, noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam, energies_kev, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.grid import Grid
from needle_sim.imaging.xray.receptor import scintillator
from needle_sim.imaging.xray.receptor.intensifier import Intensifier
from needle_sim.imaging.xray.receptor.scintillator import Kept
from needle_sim.imaging.xray.receptor.sharpness import (
    PERFECT,
    Sharpness,
    Taps,
    aperture_taps,
    blur_taps,
    noise_taps,
    spread,
    stated,
)
from needle_sim.jit import aside

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

DEFAULT_DETECTOR = "mobile_flat_panel"


@dataclass(frozen=True, slots=True)
class Detector:
    """A columnar CsI receptor behind an anti-scatter grid, and the focal spot before it.

    Parameters
    ----------
    csi_um : float, µm
        Thickness of the scintillator.
    packing : float
        Its density over that of the crystal.
    mtf : (at 1/mm, at 2/mm) or None
        Presampled modulation transfer at 1 and 2 line pairs per mm with the receptor's own pixels,
        their aperture included, veiling glare not. None: nothing blurs but pixels.
    focal_spot_mm : float, mm
        Side of the focal spot, taken as a square; it blurs everything as if at the isocentre.
    electronic_kev : float, keV
        Standard deviation of the electronic noise of one of the receptor's own pixels.
    target_kev_mm2 : float, keV/mm2
        Signal that exposure control aims at.
    pixel_mm : float, mm
        Side of the receptor's own pixels. Those of a picture (`CArm.pixel_mm`) are sums over as
        many of them as they cover: their electronic noise adds up, their aperture is wider.
    shape : (rows, columns)
        Own pixels.
    swank : float
        Unevenness of the light of equal energies, 1 for none; see `scintillator.kept`.
    grid : Grid or None
        The anti-scatter grid before it.
    scatter : bool
        Whether scattered photons come at all; see `scatter.scatter_veil`.
    intensifier : Intensifier or None
        Of an image intensifier: round field, distortion, veiling glare.
    """

    csi_um: float
    packing: float
    mtf: tuple[float, float] | None
    focal_spot_mm: float
    electronic_kev: float
    target_kev_mm2: float
    pixel_mm: float
    shape: tuple[int, int]
    swank: float = 1.0
    grid: Grid | None = None
    scatter: bool = True
    intensifier: Intensifier | None = None

    def __post_init__(self) -> None:
        positive = self.csi_um, self.target_kev_mm2, self.pixel_mm, *self.shape
        if not (all(0 < one < np.inf for one in positive) and 0 < self.packing <= 1):
            raise InputError(
                "a detector's csi_um, packing, target_kev_mm2, pixel_mm and shape must be "
                f"positive and packing at most 1, got {self}"
            )
        noises = self.focal_spot_mm, self.electronic_kev
        if not all(0 <= one < np.inf for one in noises):
            raise InputError(f"a detector's blur and noise must be 0 or more, got {self}")
        if not 0.5 <= self.swank <= 1:
            raise InputError(f"swank must be 0.5 to 1, got {self.swank}")
        if self.mtf is not None:
            stated(tuple(self.mtf), self.pixel_mm)

    @classmethod
    def preset(cls, name: str) -> Detector:
        """The detector of a shipped C-arm by the C-arm's name."""
        return _preset(name)

    @property
    def kept(self) -> Kept:
        """Moments of the energy that a photon leaves, per 1 keV bin."""
        return scintillator.kept(self.csi_um, self.packing, self.swank)

    @property
    def stopped(self) -> Floats:
        """Share (E,) of a photon's energy that the scintillator keeps, per 1 keV bin."""
        return np.asarray(self.kept.mean_kev / energies_kev())

    @property
    def sharpness(self) -> Sharpness:
        """The scintillator's point spread, without any pixel."""
        return PERFECT if self.mtf is None else stated(tuple(self.mtf), self.pixel_mm)

    def quantum_efficiency(self, beam: Beam) -> float:
        """Detective quantum efficiency at no frequency, electronic noise apart."""
        photons = spectrum(beam)
        mean, square = photons @ self.kept.mean_kev, photons @ self.kept.square_kev2
        return float(mean**2 / (photons.sum() * square))


@cache
def _preset(name: str) -> Detector:
    table = presets.table("carms", name).get("detector")
    where = f"carms.toml: {name}.detector"
    if not isinstance(table, dict):
        raise InputError(f"{where} is missing")
    presets.numbers(table, f"{where}.")
    return presets.into(Detector, table, where=where)


def aperture(image: Image) -> Image:
    """Values at pixel centres as means over the pixels."""
    return spread(image, aperture_taps())


def blur(carm: CArm, detector: Detector) -> Taps:
    """The point spread of focal spot (of what lies at the isocentre) and scintillator."""
    beyond = carm.magnification - 1.0
    return blur_taps(detector.sharpness, carm.pixel_mm, detector.focal_spot_mm * beyond)


def noisy(
    signal: Image, quantum_kev: Image, carm: CArm, detector: Detector, rng: np.random.Generator
) -> Image:
    """A blurred signal with its quantum noise and electronic noise.

    The quanta of a pixel have the variance ``signal * quantum_kev``; their light spreads over
    several pixels, so that the noise of neighbours goes together and is less. Electronic noise is
    each pixel's own.
    """
    counted = rng.standard_normal(signal.shape, dtype=np.float32)
    drawn = aside(lambda: rng.standard_normal(signal.shape, dtype=np.float32))
    counted *= np.sqrt(np.maximum(signal, 0) * quantum_kev)
    seen = spread(counted, noise_taps(detector.sharpness, carm.pixel_mm))
    own = drawn()
    own *= np.float32(electronic_kev(carm, detector))
    seen += own
    seen += signal
    return np.asarray(seen)


def electronic_kev(carm: CArm, detector: Detector) -> float:
    """Standard deviation of a picture pixel's electronic noise, keV: that of the pixels it sums."""
    return detector.electronic_kev * carm.pixel_mm / detector.pixel_mm
