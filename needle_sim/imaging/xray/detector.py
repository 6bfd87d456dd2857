"""`Detector`: what a flat panel makes of the photons: absorption, scatter veil, blur, noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray import _kernels
from needle_sim.imaging.xray.beam import material
from needle_sim.imaging.xray.carm import CArm
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

DEFAULT_DETECTOR = "mobile_flat_panel"

_BOX = 1.0 / 12.0  # variance of a box of one pixel, pixels squared
_SLAB = 32
_TAP_US = 0.001  # about what a tap takes at a pixel, both ways
_COARSE = 16  # pixels of a cell in which the scatter veil is smoothed


@dataclass(frozen=True, slots=True)
class Detector:
    """A columnar CsI flat panel behind an anti-scatter grid, and the focal spot before it.

    Parameters
    ----------
    csi_um : float, µm
        Thickness of the scintillator.
    packing : float
        Its density over that of the crystal.
    blur_mm : float, mm
        Standard deviation of the detector's point spread.
    focal_spot_mm : float, mm
        Side of the focal spot, taken as a square.
    electronic_kev : float, keV
        Standard deviation of a pixel's electronic noise.
    scatter_per_g_cm2 : float, cm2/g
        Scatter over primary behind the grid, per mass per area on the way: a model choice. 0 turns
        scatter off.
    scatter_spread_mm : float, mm
        Standard deviation of the smooth veil on the detector.
    target_kev_mm2 : float, keV/mm2
        Signal that exposure control aims at.
    """

    csi_um: float
    packing: float
    blur_mm: float
    focal_spot_mm: float
    electronic_kev: float
    scatter_per_g_cm2: float
    scatter_spread_mm: float
    target_kev_mm2: float

    def __post_init__(self) -> None:
        if not (self.csi_um > 0 and 0 < self.packing <= 1 and self.target_kev_mm2 > 0):
            raise InputError(f"csi_um, packing and target_kev_mm2 must be positive, got {self}")
        least = min(self.blur_mm, self.focal_spot_mm, self.electronic_kev, self.scatter_per_g_cm2)
        if least < 0 or not self.scatter_spread_mm > 0:
            raise InputError(f"a detector's blur, noise and scatter must be 0 or more, got {self}")

    @classmethod
    def preset(cls, name: str) -> Detector:
        """The detector of a shipped C-arm by the C-arm's name."""
        return _preset(name)

    @property
    def stopped(self) -> Floats:
        """Share (E,) of a photon's energy that the scintillator keeps, per 1 keV bin."""
        csi = material("csi")
        if csi.absorbed is None:
            raise InputError("attenuation.toml: csi.absorbed is missing")
        mass = self.csi_um * 1e-4 * self.packing * csi.density_g_cm3
        return np.asarray(-np.expm1(-csi.absorbed * mass))


@cache
def _preset(name: str) -> Detector:
    table = presets.table("carms", name).get("detector")
    where = f"carms.toml: {name}.detector"
    if not isinstance(table, dict):
        raise InputError(f"{where} is missing")
    presets.numbers(table, f"{where}.")
    return presets.into(Detector, table, where=where)


def blurred(image: Image, variance: float) -> Image:
    """The image (R, C), float32, after a discrete Gaussian of this very variance, pixels squared.

    Lindeberg (1990), doi:10.1109/34.49051: its taps are exp(-t) I_n(t), so that blurs add up even
    when they are narrower than a pixel.
    """
    if variance <= 0:
        return image
    taps = _taps(float(variance))
    image = np.ascontiguousarray(image, dtype=np.float32)
    out = np.empty_like(image)

    def work(start: int, stop: int) -> None:
        line = np.empty(image.shape[1] + len(taps) - 1, dtype=np.float32)
        _kernels.blur(image, taps, start, stop, line, out)

    row_us = image.shape[1] * len(taps) * _TAP_US
    in_slabs(work, image.shape[0], slab=_SLAB, row_us=row_us)
    return out


@lru_cache(maxsize=32)
def _taps(variance: float) -> Image:
    """As many weights as count, their sum 1."""
    reach = reach_px(variance)
    taps = special.ive(np.abs(np.arange(-reach, reach + 1)), variance)
    needed = int((taps[reach:] / taps.sum() > 1e-7).sum()) - 1
    taps = taps[reach - needed : reach + needed + 1]
    return np.asarray(taps / taps.sum(), dtype=np.float32)


def reach_px(variance: float) -> int:
    """How far `blurred` looks, pixels: beyond it a change is not felt."""
    return 0 if variance <= 0 else int(np.ceil(5 * np.sqrt(variance))) + 2


def aperture(image: Image) -> Image:
    """Values at pixel centres as means over the pixels, to second order."""
    return blurred(image, _BOX)


def focal_variance(carm: CArm, detector: Detector) -> float:
    """Variance, pixels squared, of the focal spot's blur of what lies at the isocentre."""
    beyond = carm.magnification - 1.0
    return (detector.focal_spot_mm * beyond / carm.pixel_mm) ** 2 / 12.0


def scatter_veil(signal: Image, mass_g_cm2: Image, carm: CArm, detector: Detector) -> Image:
    """Scattered signal of each pixel: primary times the local ratio, spread out smoothly.

    The ratio is ``scatter_per_g_cm2`` times the mass per area (R, C) on the way: a model choice
    that gives 0.6 behind 20 g/cm2. No measured table stands behind it yet.
    """
    if detector.scatter_per_g_cm2 == 0:
        return np.zeros_like(signal)
    source = signal * mass_g_cm2 * np.float32(detector.scatter_per_g_cm2)
    rows, columns = signal.shape
    fold = _COARSE if min(rows, columns) >= 4 * _COARSE else 1
    padded = np.pad(source, ((0, -rows % fold), (0, -columns % fold)), mode="edge")
    high, wide = padded.shape[0] // fold, padded.shape[1] // fold
    coarse = padded.reshape(high, fold, wide, fold).mean(axis=(1, 3))
    sigma = detector.scatter_spread_mm / carm.pixel_mm / fold
    smooth = ndimage.gaussian_filter(coarse, sigma, mode="nearest", truncate=3.0)
    if fold == 1:
        return np.asarray(smooth, dtype=np.float32)
    at_row = (np.arange(rows) + 0.5) / fold - 0.5
    at_column = (np.arange(columns) + 0.5) / fold - 0.5
    # linear, one axis after the other: cells are far smaller than the veil is smooth
    tall = _interpolated(smooth.astype(np.float32), at_row)
    return np.ascontiguousarray(_interpolated(np.ascontiguousarray(tall.T), at_column).T)


def _interpolated(rows: Image, at: Floats) -> Image:
    at = np.clip(at, 0, len(rows) - 1)  # the outer half cells keep the outer value
    low = np.minimum(at.astype(int), max(len(rows) - 2, 0))
    share = (at - low).astype(np.float32)[:, None]
    return np.asarray(rows[low] * (1 - share) + rows[np.minimum(low + 1, len(rows) - 1)] * share)


def noisy(
    signal: Image, quantum_kev: Image, carm: CArm, detector: Detector, rng: np.random.Generator
) -> Image:
    """Quantum noise of variance ``signal * quantum_kev``, detector blur, then electronic noise."""
    spread = np.sqrt(signal * quantum_kev)
    counted = signal + spread * rng.standard_normal(signal.shape, dtype=np.float32)
    seen = blurred(counted, (detector.blur_mm / carm.pixel_mm) ** 2)
    electronic = np.float32(detector.electronic_kev)
    return np.asarray(seen + electronic * rng.standard_normal(signal.shape, dtype=np.float32))
