"""Beer-Lambert: what a beam leaves behind path lengths, in a few energy bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

BINS = 12
"""Energy bins of an exposure."""

_BEHIND_G_CM2 = 20.0  # bins hold equal energy behind this much water: about a trunk
_MM_TO_CM = 0.1
_SLAB = 32


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """A spectrum in a few bins, each of about equal energy behind a trunk.

    Parameters
    ----------
    energy_kev : (B,) array, keV
        Mean energy.
    signal_kev : (B,) array, keV/pixel
        Energy that the middle pixel absorbs without a patient.
    mu_rho : mapping of material to (B,) array, cm2/g
    """

    energy_kev: Floats
    signal_kev: Floats
    mu_rho: dict[str, Floats]


def bins(
    beam: Beam, carm: CArm, detector: Detector, names: tuple[str, ...], *, count: int = BINS
) -> Bins:
    """The absorbed spectrum of the middle pixel in ``count`` bins; attenuation of ``names``."""
    energies = energies_kev()
    pixel_cm2 = (carm.pixel_mm * _MM_TO_CM) ** 2
    # inverse square from 1 m to the detector
    photons = spectrum(beam) * beam.mas * pixel_cm2 * (1000.0 / carm.source_detector_mm) ** 2
    signal = photons * energies * detector.stopped
    behind = signal * np.exp(-material("water").mu_rho * _BEHIND_G_CM2)
    rank = np.cumsum(behind) - 0.5 * behind
    # a bin that gets no energy of its own is left out
    share = np.minimum((rank / behind.sum() * count).astype(int), count - 1)
    _, which = np.unique(share, return_inverse=True)
    # attenuation is averaged as seen halfway through, where the bins do most of their work
    halfway = signal * np.exp(-material("water").mu_rho * 0.5 * _BEHIND_G_CM2)

    def mean(values: Floats) -> Floats:
        weight = np.bincount(which, halfway)
        return np.asarray(np.bincount(which, halfway * values) / weight)

    total = np.asarray(np.bincount(which, signal), dtype=np.float64)
    return Bins(mean(energies), total, {name: mean(material(name).mu_rho) for name in names})


def transmitted(paths: PathLengths, bins: Bins) -> tuple[Image, Image]:
    """Primary signal (R, C), keV, and the same with each photon weighted by its energy, keV2.

    Beer-Lambert per energy bin; inverse square and obliquity over the field.
    """
    carm = paths.carm
    signal = np.empty(carm.shape, dtype=np.float32)
    squared = np.empty(carm.shape, dtype=np.float32)
    images = list(paths.mass_g_cm2.values())
    slopes = (
        np.stack([bins.mu_rho[COMPOSITION[name]] for name in paths.mass_g_cm2]) if images else None
    )
    slope = np.zeros((0, len(bins.signal_kev))) if slopes is None else slopes
    field = _field(carm)

    def work(start: int, stop: int) -> None:
        rows = [image[start:stop] for image in images]
        total, weighted = np.zeros_like(field[start:stop]), np.zeros_like(field[start:stop])
        for index, (kev, energy) in enumerate(zip(bins.signal_kev, bins.energy_kev, strict=True)):
            depth = np.zeros_like(total)
            for row, mu in zip(rows, slope[:, index], strict=True):
                depth -= row * np.float32(mu)
            np.exp(depth, out=depth)
            depth *= np.float32(kev)
            total += depth
            depth *= np.float32(energy)
            weighted += depth
        signal[start:stop] = total * field[start:stop]
        squared[start:stop] = weighted * field[start:stop]

    in_slabs(work, carm.shape[0], slab=_SLAB)
    return signal, squared


def _field(carm: CArm) -> Image:
    """Cube of the cosine (R, C) between ray and detector normal: inverse square and obliquity."""
    rows, columns = (
        ((np.arange(side) - 0.5 * (side - 1)) * carm.pixel_mm / carm.source_detector_mm) ** 2
        for side in carm.shape
    )
    return ((1.0 + rows[:, None] + columns[None, :]) ** -1.5).astype(np.float32)
