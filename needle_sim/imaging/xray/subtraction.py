"""Subtraction: a mask moved under its pictures by parts of a pixel, and the roadmap made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.observer import shadows
from needle_sim.imaging.xray.opened import opened, shut
from needle_sim.imaging.xray.sequence import ContrastRun

Image = NDArray[np.float32]
Floats = NDArray[np.float64]
Shift = tuple[float, float] | Literal["found"]

MOST_PX = 24.0
"""A patient who moved further needs a new mask."""

_SMOOTH_PX = 1.0  # noise is held down before pictures are compared
_BROAD_PX = 6.0  # shading broader than this says nothing about a shift
_STEPS = 25
_NEAR_PX = 1e-3  # a step so small is the last
_OUTLIER = 1.5  # residuals over so many spreads weigh less: contrast, a moved needle
_FLOOR = 1e-3  # share of the median under which a signal is drawn as that before the logarithm


def found_shift(mask: Image, picture: Image) -> tuple[float, float]:
    """How far, pixels down and across, a picture lies from its mask.

    Whole pixels by cross-correlation, then parts of them by least squares on the logarithms
    (Lucas-Kanade), in which what differs for another reason than a shift weighs little (Cauchy).

    Parameters
    ----------
    mask, picture : (R, C) arrays
        Detector signal before and after contrast.
    """
    if mask.shape != picture.shape or min(mask.shape) < 32:
        raise InputError(
            f"a shift is found between two pictures of one shape and 32 pixels a side or more, "
            f"got {mask.shape} and {picture.shape}"
        )
    before, after = _band(mask), _band(picture)
    start = _whole_pixels(before, after)
    return _parts(before, after, start)


def moved(image: Image, shift_px: tuple[float, float]) -> Image:
    """The picture (R, C) moved down and across by parts of a pixel; edges go on as they end."""
    if not (np.isfinite(shift_px).all() and max(np.abs(shift_px)) <= MOST_PX):
        raise InputError(
            f"a mask is moved at most {MOST_PX:g} pixels, got {shift_px}; take a new mask"
        )
    if shift_px == (0.0, 0.0):
        return image
    return np.asarray(ndimage.shift(image, shift_px, order=3, mode="nearest"), dtype=np.float32)


def subtracted(
    mask: Image,
    pictures: Sequence[Image],
    *,
    shift_px: Shift | None = None,
    landmark: float = 0.0,
) -> tuple[Image, ...]:
    """Logarithm (R, C) of the mask over each picture; iodine is positive.

    Parameters
    ----------
    mask, pictures : (R, C) arrays, and a sequence of them
        Detector signal.
    shift_px : (down, across), "found" or None
        Pixel shift of the mask, given, or found anew for each picture.
    landmark : float
        Share, 0 to 1, of the anatomy that is left in, as operators use it to find their way.
    """
    if not 0 <= landmark <= 1:
        raise InputError(f"landmark must be 0 to 1, got {landmark}")
    kept = []
    for picture in pictures:
        by = found_shift(mask, picture) if shift_px == "found" else (shift_px or (0.0, 0.0))
        under = moved(mask, (float(by[0]), float(by[1])))
        shadow = shadows(under, [picture])[0]
        if landmark:
            depth = np.log(_floored(under))
            shadow = shadow - np.float32(landmark) * (depth - np.median(depth))
        kept.append(np.asarray(shadow, dtype=np.float32))
    return tuple(kept)


def registered(run: ContrastRun, *, shift_px: Shift = "found") -> ContrastRun:
    """A subtraction run with its mask moved under each picture."""
    if run.mode != "dsa":
        raise InputError(f"a {run.mode} run has no mask; take it with mode='dsa'")
    return replace(run, subtracted=_of_run(run, run.mask, shift_px))


def remasked(run: ContrastRun, index: int) -> ContrastRun:
    """A subtraction run with one of its own pictures as the mask."""
    if not 0 <= index < len(run.frames):
        raise InputError(f"the run has pictures 0 to {len(run.frames) - 1}, got {index}")
    mask = run.frames[index]
    return replace(run, mask=mask, subtracted=_of_run(run, mask, None))


@dataclass(frozen=True, slots=True, eq=False)
class Roadmap:
    """A peak-opacified mask: live pictures are subtracted from it.

    Parameters
    ----------
    carm : CArm
        Pose of the mask; a roadmap holds for no other.
    mask : (R, C) float32 array, keV/pixel
        The scene before the injection.
    peak : (R, C) float32 array
        Deepest shadow of contrast that each place had in the run, natural logarithm.
    """

    carm: CArm
    mask: Image
    peak: Image


def roadmap(run: ContrastRun, *, shift_px: Shift | None = None) -> Roadmap:
    """The roadmap of an injection: where contrast went, at its fullest."""
    depths = np.stack(_of_run(run, run.mask, shift_px))
    depths = ndimage.gaussian_filter(depths, (0.0, _SMOOTH_PX, _SMOOTH_PX))
    peak = depths.max(axis=0)
    # the largest of several noises is not 0
    peak = np.maximum(peak - np.median(peak[opened(run.mask)]), 0.0)
    peak = shut(np.asarray(peak, dtype=np.float32), run.mask)
    return Roadmap(run.frames[0].carm, run.mask.array, peak)


def under_roadmap(road: Roadmap, live: Radiograph, *, shift_px: Shift | None = None) -> Image:
    """A live picture (R, C) on its roadmap: needle positive, vessels negative, anatomy gone.

    Drawn with positive dark, a needle is black in white vessels.
    """
    if live.carm != road.carm:
        raise InputError(
            "the roadmap was taken in another pose or field: make it anew after moving the C-arm "
            f"(roadmap {road.carm}, live {live.carm})"
        )
    field = opened(live)
    if shift_px == "found":
        shift_px = found_shift(road.mask[field], live.array[field])
    shadow = subtracted(road.mask, [live.array], shift_px=shift_px)[0]
    level = shadow - np.median(shadow[field])  # another charge
    return shut(np.asarray(level - road.peak, dtype=np.float32), live)


def _of_run(run: ContrastRun, mask: Radiograph, shift_px: Shift | None) -> tuple[Image, ...]:
    """The pictures of a run from a mask; a shift is found in the open field, as blades stay."""
    field, kept = opened(mask), []
    for frame in run.frames:
        by = shift_px
        if by == "found":
            by = found_shift(mask.array[field], frame.array[field])
        kept.append(shut(subtracted(mask.array, [frame.array], shift_px=by)[0], mask))
    return tuple(kept)


def _floored(signal: Image) -> Floats:
    floor = max(float(np.median(signal)) * _FLOOR, 1e-6)
    return np.maximum(np.asarray(signal, dtype=np.float64), floor)


def _band(signal: Image) -> Floats:
    """Logarithm without noise finer than `_SMOOTH_PX` and shading broader than `_BROAD_PX`."""
    fine = ndimage.gaussian_filter(np.log(_floored(signal)), _SMOOTH_PX)
    return np.asarray(fine - ndimage.gaussian_filter(fine, _BROAD_PX))


def _whole_pixels(before: Floats, after: Floats) -> tuple[float, float]:
    window = np.outer(*(np.hanning(side) for side in before.shape))
    spectra = fft.rfft2(window * before), fft.rfft2(window * after)
    match = fft.irfft2(np.conj(spectra[0]) * spectra[1], s=before.shape)
    most = int(MOST_PX)
    rows, columns = (np.r_[0 : most + 1, -most:0] for _ in range(2))
    near = match[np.ix_(rows, columns)]
    best = np.unravel_index(int(near.argmax()), near.shape)
    return float(rows[best[0]]), float(columns[best[1]])


def _parts(before: Floats, after: Floats, start: tuple[float, float]) -> tuple[float, float]:
    edge = int(MOST_PX) if min(before.shape) > 6 * MOST_PX else min(before.shape) // 8
    inner = (slice(edge, -edge), slice(edge, -edge))
    shift = np.array(start)
    spline = ndimage.spline_filter(before, order=3, mode="nearest")
    for _ in range(_STEPS):
        here = ndimage.shift(spline, shift, order=3, mode="nearest", prefilter=False)
        down, across = (-one[inner].ravel() for one in np.gradient(here))
        left = (after - here)[inner].ravel()
        left = left - np.median(left)
        spread = 1.4826 * float(np.median(np.abs(left))) + 1e-12
        weight = 1.0 / (1.0 + (left / (_OUTLIER * spread)) ** 2)
        slopes = np.stack([down, across])
        normal = (slopes * weight) @ slopes.T
        if not np.linalg.cond(normal) < 1e8:
            raise InputError(
                "the mask has no detail to register by; give the shift, or open the field"
            )
        step = np.linalg.solve(normal, (slopes * weight) @ left)
        shift = shift + step
        if not np.abs(shift).max() <= MOST_PX:
            raise InputError(
                f"the mask lies over {MOST_PX:g} pixels beside the picture; take a new mask"
            )
        if np.abs(step).max() < _NEAR_PX:
            break
    return float(shift[0]), float(shift[1])
