"""`triangulate`: a point from where two views show it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm, rays_of_pixels

LEAST_APART_DEG = 3.0
"""Rays that meet under less than this are refused: an error of a pixel would grow 19-fold along
them (1 / sin)."""


def triangulate(
    carm_a: CArm, px_a: ArrayLike, carm_b: CArm, px_b: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The point that two views show, halfway between their rays where these are nearest.

    Parameters
    ----------
    carm_a, carm_b : CArm
        Two poses with the patient unmoved between them.
    px_a, px_b : (..., 2) arrays, pixels
        Row and column of the same points in either picture.

    Returns
    -------
    (..., 3) array, mm
        Patient LPS.
    (...) array, mm
        The gap between the two rays: a measure of how well the places belong together. What lies
        in the plane of the two rays and both focal spots (an error along the epipolar line) does
        not widen it.

    Raises
    ------
    InputError
        Two rays that are nearly parallel, or that meet behind a focal spot.
    """
    source_a, along_a = rays_of_pixels(carm_a, px_a)
    source_b, along_b = rays_of_pixels(carm_b, px_b)
    along_a, along_b = np.broadcast_arrays(along_a, along_b)
    across = np.cross(along_a, along_b)
    square = (across**2).sum(axis=-1)  # of the sine between the rays
    worst = float(np.degrees(np.arcsin(np.sqrt(np.clip(square.min(initial=1.0), 0.0, 1.0)))))
    if worst < LEAST_APART_DEG:
        raise InputError(
            f"the rays of the two views meet under {worst:.2f} degrees, at least "
            f"{LEAST_APART_DEG:g} are needed; turn the C-arm further between them"
        )
    apart = source_b - source_a
    far_a = (np.cross(apart, along_b) * across).sum(axis=-1) / square
    far_b = (np.cross(apart, along_a) * across).sum(axis=-1) / square
    if not ((far_a > 0).all() and (far_b > 0).all()):
        nearest = float(min(far_a.min(), far_b.min()))
        raise InputError(
            f"the rays of the two views meet {-nearest:.0f} mm behind a focal spot; "
            "are the two places of the same point, and of these two poses?"
        )
    on_a = source_a + far_a[..., None] * along_a
    on_b = source_b + far_b[..., None] * along_b
    gap = np.linalg.norm(on_a - on_b, axis=-1)
    return np.asarray(0.5 * (on_a + on_b)), np.asarray(gap)
