"""`simulate`: scatter and primary on a detector behind a box of voxels, by Monte Carlo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.grid import Grid
from validation.scatter._kernels import primary, walk
from validation.scatter.photons import BONE, WATER, photons

Floats = NDArray[np.float64]
QUANTILES = 2001


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What photons from the origin towards +z meet; lengths in cm.

    ``density`` (2, I, J, K) g/cm3 of a soft and a hard material fills the box ``low`` to ``high``;
    the detector lies at ``plane``, reaches ``half`` to all sides; ``field`` (4,) are the half sides
    of the beam on it across and down, and its middle.
    """

    density: Floats
    low: Floats
    high: Floats
    plane: float
    half: float
    field: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Signal, keV a photon and cm2, without and with grid (first axis).

    ``first`` and ``later`` (2, N, N) are scatter; ``spread`` (2, N, N) the standard error of their
    sum; ``absorbed`` keV a photon and voxel.
    """

    first: Floats
    later: Floats
    spread: Floats
    absorbed: Floats

    @property
    def scatter(self) -> Floats:
        return self.first + self.later


def slab(thick_cm: float, field_cm: float, *, exit_cm: float, plane: float, half: float) -> Scene:
    """Water of 1 g/cm3, so wide that its sides do not matter; ``field_cm`` on the detector."""
    wide = 60.0
    density = np.zeros((2, 1, 1, 1))
    density[0] = 1.0
    low = np.array([-wide, -wide, exit_cm - thick_cm])
    high = np.array([wide, wide, exit_cm])
    side = 0.5 * field_cm / plane
    return Scene(density, low, high, plane, half, np.array([side, side, 0.0, 0.0]))


def simulate(
    scene: Scene,
    weights: Floats,
    detector: Detector,
    grid: Grid,
    *,
    histories: int,
    seed: int = 1,
    batches: int = 8,
    cells: int = 13,
    soft: Mapping[str, float] = WATER,
    hard: Mapping[str, float] = BONE,
) -> Found:
    """Scatter of photons of a spectrum ``weights`` (E,) at the package's energies."""
    energies, depth = energies_kev(), _depth(detector)
    kinds = photons(soft), photons(hard)
    mu = np.stack([one.mu for one in kinds])
    most = scene.density.reshape(2, -1).max(axis=1)
    highest = most @ mu.sum(axis=1)
    total = np.cumsum(weights) / weights.sum()
    energy_at = energies[np.searchsorted(total, np.linspace(0, 1, QUANTILES) * (1 - 1e-12))]
    run = np.zeros((batches, 2, 2, cells, cells))
    absorbed = np.zeros(scene.density.shape[1:])
    each = histories // batches
    for batch in range(batches):
        walk(
            seed * 1000 + batch,
            each,
            energy_at,
            energies,
            scene.low,
            scene.high,
            scene.density,
            highest,
            scene.field,
            scene.plane,
            scene.half,
            mu,
            np.stack([one.angle for one in kinds]),
            np.stack([one.drawn for one in kinds]),
            np.asarray(detector.kept.mean_kev),
            depth,
            _grid(grid),
            run[batch],
            absorbed,
        )
    cell = (2.0 * scene.half / cells) ** 2
    run /= each * cell
    error = run.sum(axis=2).std(axis=0, ddof=1) / np.sqrt(batches)
    mean = run.mean(axis=0)
    return Found(mean[:, 0], mean[:, 1], error, absorbed / (each * batches))


def unscattered(
    scene: Scene,
    weights: Floats,
    detector: Detector,
    grid: Grid,
    places: Floats,
    *,
    soft: Mapping[str, float] = WATER,
    hard: Mapping[str, float] = BONE,
) -> Floats:
    """Primary (2, P), keV a photon and cm2, at places (P, 2) of the detector, cm."""
    out = np.zeros((2, len(places)))
    mu = np.stack([photons(one).mu for one in (soft, hard)])
    primary(
        np.asarray(places, dtype=np.float64),
        scene.low,
        scene.high,
        scene.density,
        scene.plane,
        weights / weights.sum(),
        np.asarray(detector.kept.mean_kev),
        mu,
        _depth(detector),
        _grid(grid),
        out,
    )
    area = 4.0 * scene.field[0] * scene.field[1] * scene.plane**2
    return np.asarray(out / area)


def weights_of(beam: Beam) -> Floats:
    """Shares (E,) of the photons of a beam."""
    photon = spectrum(beam)
    return np.asarray(photon / photon.sum())


def _depth(detector: Detector) -> Floats:
    csi = material("csi")
    return np.asarray(csi.mu_rho * csi.density_g_cm3 * detector.csi_um * 1e-4 * detector.packing)


def _grid(grid: Grid) -> Floats:
    found = np.zeros((3, len(energies_kev())))
    found[0], found[1] = grid.strip_per_cm(), grid.between_per_cm()
    found[2, :3] = grid.height_mm * 0.1, grid.strip_mm * 0.1, grid.pitch_mm * 0.1
    return found
