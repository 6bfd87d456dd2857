"""Texture of what a fluid runs through: lobules of fat, fibres of muscle, uneven resistance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from needle_sim.injectate.lattice import Cells, Points

_FIXED = 20_240  # the pattern where no generator is given


def drawn(rng: np.random.Generator | None) -> np.random.Generator:
    """The generator, or one that always draws the same pattern."""
    return np.random.default_rng(_FIXED) if rng is None else rng


def septa(points_mm: Points, rng: np.random.Generator, *, lobule_mm: float) -> tuple[Cells, Cells]:
    """Distance measure (P,), mm: 0 in the septa between fat lobules; and a draw (P,) a lobule.

    The measure is the difference of the distances to the two nearest of some scattered centres
    (Worley 1996, doi:10.1145/237170.237267): about twice the distance from the nearest septum. The
    draw is even over 0 to 1.
    """
    low = np.floor(points_mm.min(axis=0) / lobule_mm).astype(int) - 1
    high = np.ceil(points_mm.max(axis=0) / lobule_mm).astype(int) + 2
    grid = np.stack(
        np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"),
        axis=-1,
    ).reshape(-1, 3)
    centres = lobule_mm * (grid + rng.uniform(-0.5, 0.5, grid.shape))
    near, which = cKDTree(centres).query(points_mm, k=2)
    return near[:, 1] - near[:, 0], rng.random(len(centres))[which[:, 0]]


def uneven(points_mm: Points, rng: np.random.Generator, *, size_mm: NDArray[np.float64]) -> Cells:
    """Smooth noise (P,) of variance about 1 that changes over ``size_mm`` (3,) along x, y, z."""
    at = points_mm / size_mm
    low = np.floor(at.min(axis=0)).astype(int) - 2
    count = np.ceil(at.max(axis=0)).astype(int) + 3 - low
    noise = rng.standard_normal(tuple(count))
    smooth = ndimage.gaussian_filter(noise, 0.6, mode="wrap")
    values = ndimage.map_coordinates(smooth, (at - low).T, order=1, mode="nearest")
    # a Gaussian of 0.6 in three directions and linear steps leave this much of the noise
    return np.asarray(values / 0.28)
