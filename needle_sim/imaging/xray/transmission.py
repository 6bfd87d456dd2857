"""Beer-Lambert: what a beam leaves behind path lengths, in a few energy bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray import _kernels
from needle_sim.imaging.xray.beam import Beam, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

BINS = 16
"""Energy bins of an exposure."""

# Water and cortical bone, g/cm2, behind which the bins are to hold good
_BEHIND_G_CM2 = ((0.5, 0), (3, 0), (10, 0), (30, 0), (0, 0.4), (0, 2), (0, 10))
_THIN_G_CM2 = 0.5  # of water, as seen behind which attenuation is averaged in a bin
_MM_TO_CM = 0.1
_SLAB = 32
_EXPONENTIAL_US = 0.002  # about what one takes
_HEEL_STEP_DEG = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """A spectrum in a few bins, set so that log-transmission errs evenly and little.

    Parameters
    ----------
    energy_kev : (B,) array, keV
        What a quantum weighs in the variance: second over first moment of the signal that it
        leaves. Its mean energy, but for what escapes as fluorescence and for Swank noise.
    signal_kev : (B,) array, keV/pixel
        Energy that the middle pixel absorbs without a patient.
    mu_rho : mapping of material to (B,) array, cm2/g
    rows_kev : (R, B) float32 array, keV/pixel
        The same of the other rows: the heel effect. Inverse square and obliquity are not in it.
    """

    energy_kev: Floats
    signal_kev: Floats
    mu_rho: dict[str, Floats]
    rows_kev: Image


def bins(
    beam: Beam, carm: CArm, detector: Detector, names: tuple[str, ...], *, count: int = BINS
) -> Bins:
    """The absorbed spectrum of the middle pixel in ``count`` bins; attenuation of ``names``."""
    kept = detector.kept
    pixel_cm2 = (carm.pixel_mm * _MM_TO_CM) ** 2
    # inverse square from 1 m to the detector
    scale = beam.mas * pixel_cm2 * (1000.0 / carm.source_detector_mm) ** 2
    through = 1.0 if detector.grid is None else detector.grid.primary
    photons = spectrum(beam) * scale * through
    signal = photons * kept.mean_kev
    which = _places(signal, count)
    # attenuation is averaged as seen behind little, where bins are the widest
    thin = signal * np.exp(-material("water").mu_rho * _THIN_G_CM2)

    def mean(values: Floats) -> Floats:
        weight = np.bincount(which, thin)
        return np.asarray(np.bincount(which, thin * values) / weight)

    total = np.asarray(np.bincount(which, signal), dtype=np.float64)
    weighs = np.bincount(which, photons * kept.square_kev2) / total
    rows = _heel(beam, carm, scale * through * kept.mean_kev, which)
    return Bins(weighs, total, {name: mean(material(name).mu_rho) for name in names}, rows)


def _places(signal: Floats, count: int) -> NDArray[np.intp]:
    """Bin (E,) of each energy: as many as ``count``, fewer where the spectrum has no more.

    Within a bin the mean attenuation stands for all: to second order log-transmission errs by the
    variance of the attenuation over that mean. The density of bins that makes the sum of these
    errors least is the cube root of its integrand (Panter and Dite 1951,
    doi:10.1109/JRPROC.1951.230419), here summed over several depths of water and bone.
    """
    water, bone = material("water").mu_rho, material("cortical_bone").mu_rho
    error = np.zeros_like(signal)
    for soft, hard in _BEHIND_G_CM2:
        depth = soft * water + hard * bone
        left = signal * np.exp(-(depth - depth.min()))
        left /= left.sum()
        error += left * np.gradient(depth) ** 2 / (left @ depth)
    density = np.cbrt(error)
    rank = np.cumsum(density) - 0.5 * density
    share = np.minimum((rank / density.sum() * count).astype(int), count - 1)
    # a bin that gets no energy of its own is left out
    return np.unique(share, return_inverse=True)[1]


def _heel(beam: Beam, carm: CArm, kev: Floats, which: NDArray[np.intp]) -> Image:
    """Signal (R, B) of each row's middle: the spectrum at its take-off angle."""
    rows = carm.shape[0]
    across = (np.arange(rows) - 0.5 * (rows - 1)) * carm.pixel_mm / carm.source_detector_mm
    toward = {"first_row": 1.0, "last_row": -1.0, "none": 0.0}[beam.anode_side]
    angle = np.rad2deg(np.arctan(across)) * toward
    step = _HEEL_STEP_DEG
    at = np.arange(np.floor(angle.min() / step), np.ceil(angle.max() / step) + 1.5) * step
    tables = np.stack([np.bincount(which, spectrum(beam, toward_cathode_deg=a) * kev) for a in at])
    found = [np.interp(angle, at, one) for one in tables.T]
    return np.ascontiguousarray(np.stack(found, axis=1), dtype=np.float32)


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
    kev, energy = bins.rows_kev[(part or all_of_it)[0]], bins.energy_kev.astype(np.float32)

    def work(start: int, stop: int) -> None:
        masses = np.empty((stop - start, len(images), 1, field.shape[1]), np.float32)
        for index, image in enumerate(images):
            masses[:, index, 0] = image[start:stop]
        line = np.empty(field.shape[1], np.float32)
        bits = np.empty_like(line, np.int32)
        for row, mass in zip(range(start, stop), masses, strict=True):
            into = signal[row : row + 1], squared[row : row + 1]
            _kernels.beer(mass, slopes, kev[row], energy, line, bits, *into)
        signal[start:stop] *= field[start:stop]
        squared[start:stop] *= field[start:stop]

    row_us = field.shape[1] * len(bins.signal_kev) * _EXPONENTIAL_US
    in_slabs(work, field.shape[0], slab=_SLAB, row_us=row_us)
    return signal, squared


def open_field(carm: CArm, beam: Beam, detector: Detector) -> Image:
    """Signal (R, C), keV a pixel, of the beam without a patient: what a picture is flattened by."""
    rows = bins(beam, carm, detector, ()).rows_kev.sum(axis=1, keepdims=True)
    return np.asarray(rows * _field(carm), dtype=np.float32)


def _field(carm: CArm) -> Image:
    """Cube of the cosine (R, C) between ray and detector normal: inverse square and obliquity."""
    return _cosine_cubed(carm.shape, carm.pixel_mm / carm.source_detector_mm)


@lru_cache(maxsize=8)
def _cosine_cubed(shape: tuple[int, int], pixel: float) -> Image:
    rows, columns = (((np.arange(side) - 0.5 * (side - 1)) * pixel) ** 2 for side in shape)
    found = ((1.0 + rows[:, None] + columns[None, :]) ** -1.5).astype(np.float32)
    found.flags.writeable = False
    return found
