"""`let_through`: what grid and slant make of photons that come from aside."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.beam import energies_kev, material
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.scattering.groups import Group

Floats = NDArray[np.float64]

REACH = np.array([0.15, 0.6])
"""Slopes across and along the strips of a grid are tabled at x / (x + these)."""

_ACROSS, _ALONG = 33, 13
_SHIFTS = 24


def let_through(groups: list[Group], detector: Detector, left: float) -> Floats:
    """Share (G, A, B) that grid and slant make of a photon's signal."""
    centres, tables = energies_kev(), _tables(detector)
    lower = np.searchsorted(centres, centres * left).clip(0, len(centres) - 1)
    weights = np.stack([group.weights for group in groups])
    seen = np.flatnonzero(weights.sum(axis=0))
    return np.asarray(np.tensordot(weights[:, seen], tables[lower[seen]], axes=1))


def _slopes() -> tuple[Floats, Floats]:
    """Slopes across and along the strips (A, 1), (B,) at which tables stand."""
    parts = np.linspace(0, 1, _ACROSS)[:, None], np.linspace(0, 1, _ALONG)
    across, along = (
        reach * part / np.maximum(1.0 - part, 1e-3)
        for reach, part in zip(REACH, parts, strict=True)
    )
    return across, along


@lru_cache(maxsize=64)
def smoothed(wide: float) -> Floats:
    """What takes means (A, A) of a table over slopes ``wide`` across the strips."""
    across = _slopes()[0][:, 0]
    shifts = wide * ((np.arange(_SHIFTS) + 0.5) / _SHIFTS - 0.5)
    at = np.abs(across[:, None] + shifts)
    return np.stack([np.interp(at, across, one).mean(axis=1) for one in np.eye(_ACROSS)], axis=1)


@lru_cache(maxsize=16)
def _tables(detector: Detector) -> Floats:
    """Share (E, A, B) that the grid lets through, times what slanted photons leave more."""
    across, along = _slopes()
    csi, grid = material("csi"), detector.grid
    thick = csi.density_g_cm3 * detector.csi_um * 1e-4 * detector.packing
    depth = csi.mu_rho[:, None, None] * thick
    share = np.expm1(-depth * np.sqrt(1.0 + across**2 + along**2)) / np.expm1(-depth)
    if grid is None:
        return np.asarray(share)
    strips, between = (one[:, None, None] for one in (grid.strip_per_cm(), grid.between_per_cm()))
    return np.asarray(share * grid.lets_through(across, along, strips, between))
