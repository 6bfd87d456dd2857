"""Periodic patterns that make tissue uneven: fibres, lobules, slow change. Always the same."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

SIDE = 128
"""Voxels a side of a tile, a power of two."""

PER_DB = 4.0
"""Steps of a texture code in a decibel; code 128 is 0 dB."""

_SEED = 20261122
_FIBRE_MM = (14.0, 0.9, 1.5)  # correlation lengths along the spine, front to back, across
_LOBULE_MM = (4.0, 1.8, 3.2)
_SLOW_MM = (7.0, 5.0, 6.0)


@lru_cache(maxsize=4)
def tiles(step_mm: float) -> NDArray[np.int8]:
    """Fibres, lobules and slow change (3, N, N, N), quarter decibels about 0."""
    rng = np.random.default_rng(_SEED)
    fibre, lobule, slow = (
        _smooth(rng, np.array(length) / step_mm) for length in (_FIBRE_MM, _LOBULE_MM, _SLOW_MM)
    )
    strands = 2.5 * np.clip(fibre, -2.0, 2.0) - 4.0 + 17.0 * _ramp(fibre, 0.9, 1.9)
    septa = -3.0 + 1.2 * lobule + 17.0 * np.exp(-((lobule / 0.11) ** 2))
    found = np.stack([strands, septa, 4.0 * slow]) * PER_DB
    out = np.clip(np.rint(found), -127, 127).astype(np.int8)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=1)
def scatterers() -> NDArray[np.float32]:
    """Table (2, 65536) of complex amplitudes of mean square 1 that places are hashed to."""
    found = np.random.default_rng(_SEED + 1).standard_normal((2, 65536)) * np.sqrt(0.5)
    found -= found.mean(axis=1, keepdims=True)
    out: NDArray[np.float32] = found.astype(np.float32)
    out.flags.writeable = False
    return out


def _smooth(rng: np.random.Generator, sigma: NDArray[np.float64]) -> NDArray[np.float32]:
    """Periodic Gaussian noise of variance 1 with correlation lengths ``sigma`` (3,), voxels."""
    noise = rng.standard_normal((SIDE, SIDE, SIDE), dtype=np.float32)
    wave = fft.rfftn(noise)
    for axis, one in enumerate(sigma):
        f = fft.rfftfreq(SIDE) if axis == 2 else fft.fftfreq(SIDE)
        shape = [1, 1, 1]
        shape[axis] = -1
        wave *= np.exp(-((2 * np.pi * f * 0.5 * one) ** 2)).reshape(shape).astype(np.float32)
    found = fft.irfftn(wave, s=noise.shape)
    return np.asarray((found - found.mean()) / found.std(), dtype=np.float32)


def _ramp(value: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    share = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), dtype=np.float32)
