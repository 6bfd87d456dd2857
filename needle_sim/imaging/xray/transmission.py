"""Beer-Lambert: what a beam leaves behind path lengths, in a few energy bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray import _kernels
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
_EXPONENTIAL_US = 0.002  # about what one takes


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


def transmitted(
    paths: PathLengths, bins: Bins, *, part: tuple[slice, slice] | None = None
) -> tuple[Image, Image]:
    """Primary signal (R, C), keV, and the same with each photon weighted by its energy, keV2.

    Beer-Lambert per energy bin; inverse square and obliquity over the field. ``part`` of the
    detector, rows and columns, if no more is wanted.
    """
    all_of_it = (slice(None), slice(None))
    field = _field(paths.carm)[part or all_of_it]
    names = list(paths.mass_g_cm2)
    images = [paths.mass_g_cm2[name][part or all_of_it] for name in names]
    signal, squared = np.zeros_like(field), np.zeros_like(field)
    slopes = np.zeros((len(names), len(bins.signal_kev)))
    for n, name in enumerate(names):
        slopes[n] = bins.mu_rho[COMPOSITION[name]]
    kev, energy = bins.signal_kev.astype(np.float32), bins.energy_kev.astype(np.float32)

    def work(start: int, stop: int) -> None:
        masses = np.empty((len(images), stop - start, field.shape[1]), np.float32)
        for index, image in enumerate(images):
            masses[index] = image[start:stop]
        line = np.empty(field.shape[1], np.float32)
        into = signal[start:stop], squared[start:stop]
        _kernels.beer(masses, slopes, kev, energy, line, np.empty_like(line, np.int32), *into)
        signal[start:stop] *= field[start:stop]
        squared[start:stop] *= field[start:stop]

    row_us = field.shape[1] * len(kev) * _EXPONENTIAL_US
    in_slabs(work, field.shape[0], slab=_SLAB, row_us=row_us)
    return signal, squared


def _field(carm: CArm) -> Image:
    """Cube of the cosine (R, C) between ray and detector normal: inverse square and obliquity."""
    rows, columns = (
        ((np.arange(side) - 0.5 * (side - 1)) * carm.pixel_mm / carm.source_detector_mm) ** 2
        for side in carm.shape
    )
    return ((1.0 + rows[:, None] + columns[None, :]) ** -1.5).astype(np.float32)
