"""Quantum noise of a reconstructed CT: its spectrum, its size, and how it follows the body.

Filtered back-projection turns white noise of the rays into noise of the power spectrum
``f A(f)**2``: the ramp, squared, over the density of the projections' lines in the plane (Riederer,
Pelc, Chesler 1978, doi:10.1088/0031-9155/23/3/008); voxels fold what they cannot hold (Kijewski,
Judy 1987, doi:10.1088/0031-9155/32/5/003). Noise along a direction of the plane comes from
the rays across it, so that long lateral ways through a pelvis make streaks along its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from needle_sim.anatomy.phantom import _kernels
from needle_sim.anatomy.phantom.blocks import Grid
from needle_sim.errors import InputError

Floats = NDArray[np.float64]

WATER_PER_MM = 0.0193
"""Attenuation of water at 70 keV, about the mean of 120 kV behind a patient (xraydb 4.5.8)."""

TILE = 256
_EVERY = 4  # slices between which the body's water path is interpolated
_SMOOTH_MM = 12.0
_MODULATED = 0.5
"""Tube current modulation and bow tie take half of the logarithm of what attenuation does to the
variance: current as the root of attenuation is best (Gies et al. 1999, doi:10.1118/1.598779)."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How the scanner that made a CT was set.

    Parameters
    ----------
    noise_hu : float, HU
        SD of the noise where ``water_mm`` of water lie along every ray and slices are 1 mm thick;
        it falls with the root of their thickness. Modulated abdominal scans measure 12 to 15 HU at
        noise indices of 12.5 and 15 (Schindera et al. 2008, phantoms of three sizes).
    cutoff_per_mm : float, 1/mm
        Where the reconstruction kernel (ramp times a Hann window) ends; 0.8 is a soft-tissue
        kernel: half of the contrast is left at 0.4 /mm, noise is strongest at 0.24 /mm.
    water_mm : float, mm
    """

    noise_hu: float = 12.0
    cutoff_per_mm: float = 0.8
    water_mm: float = 260.0

    def __post_init__(self) -> None:
        if not (0 <= self.noise_hu <= 200 and 0.2 <= self.cutoff_per_mm <= 3):
            raise InputError(
                "a scan needs noise_hu of 0 to 200 and cutoff_per_mm of 0.2 to 3, got "
                f"{self.noise_hu} and {self.cutoff_per_mm}"
            )

    def power(self, per_mm: Floats) -> Floats:
        """Power of the noise at spatial frequencies (...), 1/mm, up to a factor."""
        inside = np.abs(per_mm) < self.cutoff_per_mm
        window = 0.5 * (1.0 + np.cos(np.pi * per_mm / self.cutoff_per_mm))
        return np.asarray(np.where(inside, np.abs(per_mm) * window**2, 0.0))


def quantum_tiles(scan: Scan, voxel_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Periodic noise (2, 256, 256), rows first: of rays along rows, and along columns.

    The two have unit variance and together, halved, the spectrum of the kernel. Frequencies that
    voxels cannot hold fold back, as they do in a scanner.
    """
    whole = np.arange(-1, 2) / voxel_mm
    f = fft.fftfreq(TILE, voxel_mm)
    tiles = []
    for share in (_of_lateral, _of_upright):
        power = np.zeros((TILE, TILE))
        for v in (f + shift for shift in whole):
            for u in (f + shift for shift in whole):
                radius = np.hypot(v[:, None], u[None, :])
                power += scan.power(radius) * share(v[:, None], u[None, :], radius)
        white = fft.fft2(rng.standard_normal((TILE, TILE)))
        tile = fft.ifft2(white * np.sqrt(power)).real
        tiles.append(tile / tile.std())
    return np.stack(tiles).astype(np.float32)


def noise_sd_hu(hu: NDArray[np.float32], voxel_mm: float, scan: Scan) -> tuple[Floats, Floats]:
    """SD (I, J) of the noise from lateral rays and (I, K) from upright ones, for a body (I, J, K).

    At a place they add as variances.
    """
    count = -(-len(hu) // _EVERY) + 1
    lateral = np.zeros((count, hu.shape[1]), dtype=np.float64)
    upright = np.zeros((count, hu.shape[2]), dtype=np.float64)
    _kernels.water_paths(hu, _EVERY, lateral, upright)
    at = np.minimum(np.arange(count) * _EVERY, len(hu) - 1)
    base = scan.noise_hu * np.sqrt(0.5 / voxel_mm)  # half of the variance each, slice as a voxel
    found = []
    for paths in (lateral, upright):
        path_mm = _smooth(paths * voxel_mm, max(1, round(_SMOOTH_MM / voxel_mm)))
        size = base * np.exp(0.5 * _MODULATED * WATER_PER_MM * (path_mm - scan.water_mm))
        low = np.searchsorted(at[1:-1], np.arange(len(hu)), side="right")
        share = ((np.arange(len(hu)) - at[low]) / np.maximum(at[low + 1] - at[low], 1))[:, None]
        found.append(np.asarray(size[low] * (1 - share) + size[low + 1] * share))
    return found[0], found[1]


def noise_on(part: Grid, hu: NDArray[np.float32], whole: Grid, scan: Scan) -> tuple[Floats, Floats]:
    """The same for the voxels of a part of the body ``hu`` on the grid ``whole``."""
    rows, columns = noise_sd_hu(hu, whole.voxel_mm, scan)
    thinner = np.sqrt(whole.voxel_mm / part.voxel_mm)
    z, y, x = (
        np.clip(
            np.rint((part.axis_mm(axis) - whole.low_mm[axis]) / whole.voxel_mm).astype(int),
            0,
            whole.shape[2 - axis] - 1,
        )
        for axis in (2, 1, 0)
    )
    return thinner * rows[np.ix_(z, y)], thinner * columns[np.ix_(z, x)]


def _of_lateral(v: Floats, u: Floats, radius: Floats) -> Floats:
    """Share of the lateral rays in the noise at frequencies along columns v and rows u."""
    return np.asarray((v / np.maximum(radius, 1e-12)) ** 2)


def _of_upright(v: Floats, u: Floats, radius: Floats) -> Floats:
    return _of_lateral(u, v, radius)


def _smooth(values: Floats, width: int) -> Floats:
    """Running mean along the last axis: rays of other angles see what lies beside."""
    padded = np.pad(values, ((0, 0), (width, width)), mode="edge")
    total = np.cumsum(padded, axis=1)
    return np.asarray((total[:, 2 * width :] - total[:, : -2 * width]) / (2 * width))
