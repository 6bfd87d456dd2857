"""`Sharpness`: a stated modulation transfer as a sum of Gaussians, and its taps on any pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from needle_sim.errors import InputError
from needle_sim.imaging.xray.receptor import _kernels
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]
Taps = tuple[tuple[float, Image], ...]
"""Weight of each part and its taps (2 reach + 1), float32."""

_SLAB = 32
_TAP_US = 0.001  # about what a tap takes at a pixel, both ways
_ALIASES = 12  # on either side


@dataclass(frozen=True, slots=True)
class Sharpness:
    """A point spread as a sum of Gaussians that are round on the detector.

    Parameters
    ----------
    weights : tuple of float
        Their sum is 1.
    sigmas_mm : tuple of float, mm
        Standard deviations.
    """

    weights: tuple[float, ...]
    sigmas_mm: tuple[float, ...]

    def transfer(self, per_mm: Floats) -> Floats:
        """Modulation transfer at frequencies in line pairs per mm; no pixel in it."""
        parts = zip(self.weights, self.sigmas_mm, strict=True)
        squared = np.asarray(per_mm, dtype=np.float64) ** 2
        return np.asarray(sum(w * np.exp(-2 * np.pi**2 * s**2 * squared) for w, s in parts))


PERFECT = Sharpness((1.0,), (0.0,))
"""No blur but that of the pixel."""


@lru_cache(maxsize=64)
def stated(mtf: tuple[float, float], pixel_mm: float) -> Sharpness:
    """Two Gaussians whose modulation at 1 and 2 line pairs per mm is that stated.

    Parameters
    ----------
    mtf : (at 1/mm, at 2/mm)
        Presampled: with the aperture of a pixel of ``pixel_mm``, as it is measured.
    pixel_mm : float, mm
        The aperture, a full square; it is taken out of what is stated.

    Notes
    -----
    Between the two the transfer runs as 1 / (1 + b f**c), the usual form for scintillators, through
    both; the Gaussians meet it at 0.5/mm too, as nearly as they can.
    """
    at = np.array([1.0, 2.0])
    own = np.array(mtf) / np.sinc(pixel_mm * at)
    if not 0.0 < own[1] < own[0] < 1.0:
        raise InputError(
            f"mtf must fall from under {np.sinc(pixel_mm):.3f} at 1/mm, the aperture of a pixel of "
            f"{pixel_mm:g} mm, to over 0 at 2/mm, got {mtf}"
        )
    b = 1.0 / own[0] - 1.0
    c = np.log2((1.0 / own[1] - 1.0) / b)
    wanted = np.array([1.0 / (1.0 + b * 0.5**c), *own])

    def of(x: Floats) -> Sharpness:
        narrow, wide = np.exp(x[1]), np.exp(x[1]) + np.exp(x[2])
        share = 1.0 / (1.0 + np.exp(-x[0]))
        return Sharpness((float(share), float(1 - share)), (float(narrow), float(wide)))

    def misses(x: Floats) -> Floats:
        # the two that are stated come first
        weight = np.array([0.03, 1.0, 1.0])
        return np.asarray(weight * (of(x).transfer(np.array([0.5, 1.0, 2.0])) - wanted))

    found = optimize.least_squares(misses, np.log([1.0, 0.08, 0.25]), xtol=1e-12, ftol=1e-14)
    fitted = of(found.x)
    if not np.allclose(fitted.transfer(at), own, rtol=5e-3, atol=0.0):
        raise InputError(f"no sum of two Gaussians has mtf {mtf}: give values between which it can")
    return fitted


def blur_taps(sharpness: Sharpness, pixel_mm: float, square_mm: float = 0.0) -> Taps:
    """Taps of the point spread on pixels of ``pixel_mm``, a square source's blur with it.

    The pixel's own aperture is not in them. ``square_mm`` is the side of the focal spot's image.
    """
    return _blur_taps(sharpness, float(pixel_mm), float(square_mm))


@lru_cache(maxsize=64)
def _blur_taps(sharpness: Sharpness, pixel_mm: float, square_mm: float) -> Taps:
    side = square_mm / pixel_mm
    parts = []
    for weight, sigma_mm in zip(sharpness.weights, sharpness.sigmas_mm, strict=True):
        sigma = sigma_mm / pixel_mm
        reach = int(np.ceil(3.5 * sigma + 0.6 * side)) + (3 if sigma + side > 0 else 0)

        def both(f: Floats, s: float = sigma) -> Floats:
            return np.asarray(_gaussian(f, s) * np.sinc(side * f))

        parts.append((weight, _taps(both, reach)))
    return tuple(parts)


@lru_cache(maxsize=64)
def noise_taps(sharpness: Sharpness, pixel_mm: float) -> Taps:
    """Taps that give white noise of a pixel's quanta the spectrum that quanta have when read out.

    A quantum's light is spread before pixels add it up: the power at a frequency is that of the
    point spread times the aperture, squared, with all that folds back from above the pixels' limit.
    Without blur this is white noise again.
    """
    parts = []
    for weight, sigma_mm in zip(sharpness.weights, sharpness.sigmas_mm, strict=True):
        sigma = sigma_mm / pixel_mm

        def folded(f: Floats, s: float = sigma) -> Floats:
            if s == 0:
                return np.ones_like(f)
            high = f[:, None] + np.arange(-_ALIASES, _ALIASES + 1)
            return np.asarray(np.sqrt((_gaussian(high, s) ** 2 * np.sinc(high) ** 2).sum(axis=1)))

        parts.append((weight, _taps(folded, int(np.ceil(3.5 * sigma)) + (3 if sigma > 0 else 0))))
    return tuple(parts)


def variance_share(sharpness: Sharpness, pixel_mm: float) -> float:
    """Variance of a pixel over that of the quanta that meet it: the integral of their spectrum."""
    at = np.linspace(0.0, _ALIASES, 24 * _ALIASES * 8 + 1)
    total = 0.0
    parts = tuple(zip(sharpness.weights, sharpness.sigmas_mm, strict=True))
    if all(sigma == 0 for _, sigma in parts):
        return 1.0
    for one, a in parts:
        for other, b in parts:
            both = _gaussian(at, a / pixel_mm) * _gaussian(at, b / pixel_mm) * np.sinc(at) ** 2
            total += one * other * (2 * float(np.trapezoid(both, at))) ** 2
    return total


@lru_cache(maxsize=4)
def aperture_taps() -> Taps:
    """Taps that turn values at the centres of pixels into means over them."""
    return ((1.0, _taps(np.sinc, 3)),)


def _gaussian(f: Floats, sigma: float) -> Floats:
    return np.asarray(np.exp(-2 * np.pi**2 * sigma**2 * f**2))


def _taps(transfer: Callable[[Floats], Floats], reach: int) -> Image:
    """Symmetric taps whose transfer is nearest to that wanted, frequencies in cycles per pixel.

    Close to the pixels' limit, where a picture holds next to nothing, less counts; at 0 the sum and
    the second moment are kept.
    """
    if reach == 0:
        return np.ones(1, dtype=np.float32)
    f = np.linspace(0.0, 0.5, 129)
    n = np.arange(reach + 1)
    cosines = np.cos(2 * np.pi * f[:, None] * n) * np.where(n, 2.0, 1.0)
    small = np.array([1e-3])
    curve = (1.0 - float(transfer(small)[0])) / small[0] ** 2
    weight = np.where(f < 0.4, 1.0, 0.2)
    # a sum of 1, and a second moment of the transfer's own curvature at 0
    bound = np.stack([np.where(n, 2.0, 1.0), 2 * (2 * np.pi * n) ** 2 / 2])
    rows = np.concatenate([weight[:, None] * cosines, 1e4 * bound[:1], 10.0 * bound[1:]])
    aims = np.concatenate([weight * transfer(f), [1e4], [10.0 * curve]])
    half = np.linalg.lstsq(rows, aims, rcond=None)[0]
    half /= half[0] + 2 * half[1:].sum()
    return np.concatenate([half[:0:-1], half]).astype(np.float32)


def reach_px(taps: Taps) -> int:
    """How far the taps look, pixels: beyond it a change is not felt."""
    return max(len(one) // 2 for _, one in taps)


def spread(image: Image, taps: Taps) -> Image:
    """The image (R, C), float32, after a point spread; its edge goes on."""
    image = np.ascontiguousarray(image, dtype=np.float32)
    if reach_px(taps) == 0:
        return image
    out = np.zeros_like(image)

    def work(start: int, stop: int) -> None:
        for weight, one in taps:
            line = np.empty(image.shape[1] + len(one) - 1, dtype=np.float32)
            _kernels.spread(image, one, np.float32(weight), start, stop, line, out)

    row_us = image.shape[1] * sum(len(one) for _, one in taps) * _TAP_US
    in_slabs(work, image.shape[0], slab=_SLAB, row_us=row_us)
    return out
