"""What an observer can tell from pictures of an injection: a rule on the pictures alone.

Shadows are compared with the picture before the injection: the mask of a subtraction, the first
picture of a live run, or the working view that a single shot is held against. A shadow is seen
where it stands over noise, and over anatomy as far as the mode leaves it in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.carm import CArm

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Lengths are taken at the isocentre. All of these are choices of this observer (proposed).
BLUR_MM = 0.7  # the eye sums over about the width of a small vessel
SPECK_MM2 = 4.0  # smaller shadows are taken for noise
# Nothing is called seen without one part as large as this: in 72 runs without iodine, a needle
# in them, on fields up to 512 x 512 in three views, noise hung together over at most 5.3 mm2.
LEAST_MM2 = 12.0
ALONG_SHARE = 0.65  # once a part is seen, the eye follows it down to this share of the threshold
CLEARS_SHARE = 0.5  # what falls under this share of its peak has cleared
RUN_OFF_MM, RUN_OFF_MM2 = 7.0, 8.0  # so long and so large a stretch must clear
LINE_MM, LINE_WIDE_MM = 21.0, 3.5  # a shadow so long and so narrow is a vessel
FRINGE_MM = 3.5  # beside a broad shadow a stretch is its own edge
SURE_LINE_MM = 26.0  # and this long even beside a column, whose faint edge may look like a line
COLUMN_MM, COLUMN_WIDE_MM = 58.0, 9.0  # so long and wide a shadow is cerebrospinal fluid,
COLUMN_TEXTURE = 0.175  # where it is as even as this (0.06-0.16 in the sac, 0.31 on outside it)
_ROUGH_MM = 2.5  # what a shadow's own unevenness is finer than
_TEXTURE_MM = 3.0  # anatomy that hides a small shadow changes over this length


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured on the pictures; lengths and areas at the isocentre.

    ``contrast_to_noise`` is the strongest shadow over its noise, ``footprint_mm2`` the area seen in
    any picture, ``largest_mm2`` that of its largest part, ``length_mm`` and ``width_mm`` of the
    largest part in the last picture that shows one, ``line_mm`` the longest narrow stretch in any
    picture, ``cleared_mm2`` and ``cleared_mm`` what was seen and went, ``texture`` the unevenness
    of the shadow, ``density`` its mean depth (natural logarithm).
    """

    contrast_to_noise: float
    footprint_mm2: float
    largest_mm2: float
    length_mm: float
    width_mm: float
    line_mm: float
    cleared_mm2: float
    cleared_mm: float
    texture: float
    density: float

    def to_row(self) -> dict[str, float]:
        """Flat, unit-named scalars."""
        return {f"seen_{name}": float(getattr(self, name)) for name in self.__slots__}


def shadows(mask: Image, frames: Sequence[Image]) -> list[Image]:
    """Logarithmic subtraction (R, C) of each picture from the mask; iodine is positive."""
    floor = np.float32(max(float(np.median(mask)) * 1e-3, 1e-6))
    before = np.log(np.maximum(mask, floor))
    return [np.asarray(before - np.log(np.maximum(one, floor))) for one in frames]


def evidence(
    mask: Image, frames: Sequence[Image], carm: CArm, *, threshold: float, clutter: float
) -> Evidence:
    """What stands out of the pictures (R, C) of a run.

    Parameters
    ----------
    mask, frames : (R, C) arrays, and a sequence of them
        Detector signal before the injection, and of each picture in order.
    carm : CArm
        Gives the size of a pixel at the isocentre.
    threshold : float
        Contrast over noise from which a shadow is seen.
    clutter : float
        Share of the anatomy's own texture that counts as noise: 0 where it is subtracted.
    """
    pixel_mm = carm.pixel_mm / carm.magnification
    sigma = BLUR_MM / pixel_mm
    seen, deep, smooth = [], [], np.zeros_like(mask)
    hidden, dim = clutter * _texture(mask, pixel_mm), _dimness(mask, sigma)
    strongest = 0.0
    for shadow in shadows(mask, frames):
        smooth = ndimage.gaussian_filter(shadow, sigma)
        smooth = smooth - np.median(smooth)
        over = smooth / np.sqrt(_noise(smooth, dim) ** 2 + hidden**2)
        strongest = max(strongest, float(over.max()))
        seen.append(_without_specks(_grown(over, threshold), pixel_mm))
        deep.append(smooth)
    any_seen = np.logical_or.reduce(seen)
    peak = np.max(np.where(seen, deep, 0.0), axis=0)
    noise = np.sqrt(_noise(deep[-1], dim) ** 2 + hidden**2)
    fell = any_seen & (deep[-1] < CLEARS_SHARE * peak)
    fell &= peak - deep[-1] > ALONG_SHARE * threshold * noise
    cleared = _without_specks(fell, pixel_mm)
    last = next((one for one in reversed(seen) if one.any()), any_seen)
    part = _largest(last)
    length, width = _size(part, pixel_mm)
    density, texture = _inside(part, smooth, pixel_mm)
    return Evidence(
        contrast_to_noise=strongest,
        footprint_mm2=float(any_seen.sum()) * pixel_mm**2,
        largest_mm2=float(_largest(any_seen).sum()) * pixel_mm**2,
        length_mm=length,
        width_mm=width,
        line_mm=max(_line_mm(*one, pixel_mm) for one in zip(seen, deep, strict=True)),
        cleared_mm2=float(cleared.sum()) * pixel_mm**2,
        cleared_mm=_size(_largest(cleared), pixel_mm)[0],
        texture=texture,
        density=density,
    )


def judged(found: Evidence) -> str | None:
    """What the shadow looks like; None where nothing is seen.

    ``"vascular"``: some of it clears or runs off, or it is a long thin line. ``"intrathecal"``: a
    long even column, as told from behind or obliquely (from the side bone makes it uneven).
    ``"contrast"``: anything else, which stays.
    """
    if found.largest_mm2 < LEAST_MM2:
        return None
    ran_off = found.cleared_mm >= RUN_OFF_MM and found.cleared_mm2 >= RUN_OFF_MM2
    if ran_off or found.line_mm >= SURE_LINE_MM:
        return "vascular"
    wide = found.length_mm >= COLUMN_MM and found.width_mm >= COLUMN_WIDE_MM
    if wide and found.texture < COLUMN_TEXTURE:
        return "intrathecal"
    return "vascular" if found.line_mm >= LINE_MM else "contrast"


def _spread(image: Image) -> float:
    """Standard deviation of the noise, from the median deviation: a shadow hardly moves it."""
    return 1.4826 * float(np.median(np.abs(image - np.median(image)))) + 1e-9


def _dimness(mask: Image, sigma: float) -> Image:
    """How much noisier (R, C) each place is than the middle one: few photons come through there."""
    middle = float(np.median(mask))
    signal = np.maximum(ndimage.gaussian_filter(mask, sigma), max(middle * 1e-3, 1e-6))
    return np.asarray(np.sqrt(ndimage.gaussian_filter(max(middle, 1e-6) / signal, sigma)))


def _noise(image: Image, dim: Image) -> Image:
    """Standard deviation (R, C) of the noise, nowhere less than in the middle."""
    return np.asarray(_spread(image / dim) * np.maximum(dim, np.float32(1.0)))


def _texture(mask: Image, pixel_mm: float) -> Image:
    """Local unevenness (R, C) of the anatomy, natural logarithm."""
    depth = np.log(np.maximum(mask, max(float(np.median(mask)) * 1e-3, 1e-6)))
    fine = ndimage.gaussian_filter(depth, BLUR_MM / pixel_mm)
    rough = fine - ndimage.gaussian_filter(fine, _TEXTURE_MM / pixel_mm)
    return np.asarray(np.sqrt(ndimage.gaussian_filter(rough**2, _TEXTURE_MM / pixel_mm)))


def _inside(part: Mask, depth: Image, pixel_mm: float) -> tuple[float, float]:
    """Mean depth of a shadow, and its unevenness less that of the noise, over the mean."""
    if not part.any():
        return 0.0, 0.0
    rough = (depth - ndimage.gaussian_filter(depth, _ROUGH_MM / pixel_mm))[part]
    density = float(depth[part].mean())
    spread = float(np.sqrt(max(float(rough.var()) - _spread(depth) ** 2, 0.0)))
    return density, spread / density if density > 0 else 0.0


def _grown(over: Image, threshold: float) -> Mask:
    """What stands over a threshold, and what hangs together with it over a lower one."""
    parts, count = ndimage.label(over > ALONG_SHARE * threshold, structure=np.ones((3, 3)))
    held = np.zeros(count + 1, dtype=bool)
    held[parts[over > threshold]] = True
    held[0] = False
    return np.asarray(held[parts])


def _without_specks(seen: Mask, pixel_mm: float) -> Mask:
    parts, count = ndimage.label(seen)
    if count == 0:
        return seen
    sizes = np.bincount(parts.reshape(-1))
    sizes[0] = 0
    return np.asarray((sizes * pixel_mm**2 >= SPECK_MM2)[parts])


def _line_mm(seen: Mask, depth: Image, pixel_mm: float) -> float:
    """Length, mm, of the longest narrow part of a shadow."""
    if not seen.any():
        return 0.0
    # the eye takes the middle of a line for its width, however deep the shadow
    crest = ndimage.maximum_filter(depth, round(LINE_WIDE_MM / pixel_mm) | 1)
    seen = seen & (depth > 0.5 * crest)
    half = 0.5 * LINE_WIDE_MM
    core = ndimage.distance_transform_edt(seen, sampling=pixel_mm) > half
    wide = np.zeros_like(seen)
    if core.any():  # what a disc of that width fits into
        wide = ndimage.distance_transform_edt(~core, sampling=pixel_mm) <= half + FRINGE_MM
    parts, count = ndimage.label(seen & ~wide, structure=np.ones((3, 3)))
    longest = 0.0
    for number in range(1, count + 1):
        part = parts == number
        if part.sum() * pixel_mm**2 >= 0.7 * LINE_MM:
            length, width = _size(part, pixel_mm)
            longest = max(longest, length if width <= LINE_WIDE_MM else 0.0)
    return longest


def _largest(seen: Mask) -> Mask:
    parts, count = ndimage.label(seen, structure=np.ones((3, 3)))
    if count == 0:
        return seen
    sizes = np.bincount(parts.reshape(-1))
    sizes[0] = 0
    return np.asarray(parts == int(sizes.argmax()))


def _size(seen: Mask, pixel_mm: float) -> tuple[float, float]:
    """Length along its main axis and mean width, mm."""
    at = np.argwhere(seen) * pixel_mm
    if len(at) < 3:
        return 0.0, 0.0
    middle = at - at.mean(axis=0)
    _, vectors = np.linalg.eigh(middle.T @ middle)
    length = float(np.ptp(middle @ vectors[:, 1])) + pixel_mm
    return length, float(len(at)) * pixel_mm**2 / length
