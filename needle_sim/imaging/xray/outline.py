"""`side_reach`: how far a trunk goes on beside a field of view that cuts its flanks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.skin_mask import body_of

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

POWER = 2.2
"""Of the superellipse: 2 is an ellipse, more is squarer (proposed; chosen on the phantoms
``lumbar_normal`` and ``obesity_bmi40`` cut by 20 to 60 mm at each side)."""

MOST_BESIDE_MM = 120.0
"""No flank is taken to reach farther beyond the field (proposed)."""

_ALIKE_MM = 25.0  # along the body, over which widths are smoothed
_LEAST_ROWS = 3


def side_reach(hu: NDArray[np.generic], sides_mm: Floats) -> Floats:
    """How far (2, I, J) the body reaches beyond the first and the last column of each row, mm.

    Slices, rows (back to front or the reverse) and columns (across the trunk). In slices whose
    body is cut a superellipse about the middle of its depth is fitted to the outline that is seen,
    for each side on its own; its half width is smoothed along the body.
    """
    body = np.stack([body_of(part) for part in hu])
    found = np.zeros((2, *hu.shape[:2]))
    for side in (0, 1):
        seen = body if side == 1 else body[:, :, ::-1]
        found[side] = _one_side(seen, sides_mm)
    return found


def _one_side(body: Mask, sides_mm: Floats) -> Floats:
    """The reach (I, J) beyond the last column."""
    count = body.shape[2]
    found = np.zeros(body.shape[:2])
    cut = body[:, :, -1].sum(axis=1) >= _LEAST_ROWS
    if not cut.any():
        return found
    # half width from the middle column of the volume, depth from the middle of the body
    half = 0.5 * count * sides_mm[2]
    far = count - np.argmax(body[:, :, ::-1], axis=2)
    wide = np.where(body.any(axis=2), far * sides_mm[2] - half, np.nan)
    wide[wide < 0] = np.nan
    ends = np.array([_ends(part.any(axis=1)) for part in body])
    rows = np.arange(body.shape[1]) + 0.5
    deep = (rows - ends.mean(axis=1)[:, None]) / np.maximum(0.5 * np.diff(ends, axis=1), 0.5)
    seen = ~body[:, :, -1] & np.isfinite(wide) & (np.abs(deep) < 1.0)
    outlines = zip(wide[cut], deep[cut], seen[cut], strict=True)
    widths = np.array([_width(*one, half) for one in outlines])
    widths = ndimage.gaussian_filter1d(widths, _ALIKE_MM / sides_mm[0], mode="nearest")
    reach = widths[:, None] * _profile(deep[cut]) - half
    found[cut] = np.where(body[cut, :, -1], np.clip(reach, 0.0, MOST_BESIDE_MM), 0.0)
    return found


def _ends(rows: Mask) -> tuple[float, float]:
    at = np.flatnonzero(rows)
    return (float(at[0]), float(at[-1] + 1)) if at.size else (0.0, 1.0)


def _profile(deep: Floats) -> Floats:
    """Half width over the greatest at a depth of -1 to 1."""
    return np.asarray((1.0 - np.minimum(np.abs(deep), 1.0) ** POWER) ** (1.0 / POWER))


def _width(wide: Floats, deep: Floats, seen: Mask, half: float) -> float:
    """Greatest half width of the superellipse that is nearest to what is seen of an outline."""
    profile = _profile(deep)
    weight = np.where(seen, profile**2, 0.0)  # what is seen nearest to the cut counts most
    least = half / max(float(profile.max()), 1e-6)
    if not weight.any():
        return least
    fit = (weight * np.nan_to_num(wide) * profile).sum() / (weight * profile**2).sum()
    return max(float(fit), least)
