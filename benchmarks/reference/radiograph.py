"""A picture as a plain polychromatic sum in NumPy: photons of each energy, ray by ray.

The scatter veil is that of the package, which is plain SciPy already.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import HUB_G_CM3, SUBRAYS, chords_cm, parts_of
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import bins
from needle_sim.instruments.placed import PlacedNeedle

Floats = NDArray[np.float64]


def exposed(
    paths: PathLengths, beam: Beam, needles: Sequence[PlacedNeedle], *, every_kev: bool
) -> Floats:
    """Detector signal (R, C), keV/pixel, without noise.

    ``every_kev`` takes all 1 keV bins of the spectrum, otherwise the few that the package takes.
    """
    paths = paths.continued()
    carm, detector = paths.carm, Detector.preset(panel.DEFAULT_DETECTOR)
    names = {*(COMPOSITION[name] for name in paths.mass_g_cm2), "water", "steel"}
    if every_kev:
        kev, mu = _all_energies(beam, carm, detector), {n: material(n).mu_rho for n in names}
    else:
        few = bins(beam, carm, detector, tuple(names))
        kev, mu = few.signal_kev, few.mu_rho
    masses = {COMPOSITION[name]: image for name, image in paths.mass_g_cm2.items()}
    total = np.zeros(carm.shape)
    for n, signal in enumerate(kev):
        total += signal * np.exp(-sum(mu[name][n] * mass for name, mass in masses.items()))
    total = _blurred(total * _field(carm), 1 / 12)  # pixel centres as means over the pixels
    veil = panel.scatter_veil(total, sum(masses.values()), carm, detector)  # of the patient alone
    if needles:
        total *= _through_needles(masses, carm, needles, kev, mu)
    total += veil
    blur = panel.focal_variance(carm, detector) + (detector.blur_mm / carm.pixel_mm) ** 2
    return _blurred(total, blur)


def _blurred(image: Floats, variance: float) -> Floats:
    """The discrete Gaussian of Lindeberg (1990), doi:10.1109/34.49051."""
    n = np.arange(-12, 13)
    taps = special.ive(np.abs(n), variance)
    for axis in (0, 1):
        image = ndimage.correlate1d(image, taps / taps.sum(), axis=axis, mode="nearest")
    return image


def _all_energies(beam: Beam, carm: CArm, detector: Detector) -> Floats:
    """Energy (E,), keV, that the middle pixel absorbs of each 1 keV bin without a patient."""
    pixel_cm2 = (0.1 * carm.pixel_mm) ** 2
    photons = spectrum(beam) * beam.mas * pixel_cm2 * (1000 / carm.source_detector_mm) ** 2
    return photons * energies_kev() * detector.stopped


def _field(carm: CArm) -> Floats:
    """Inverse square and obliquity: the cube of the cosine to the normal."""
    rays = _rays(carm, 0.0, 0.0)
    return (carm.source_detector_mm / np.linalg.norm(rays, axis=-1)) ** 3


def _rays(carm: CArm, row: float, column: float) -> Floats:
    """From the focal spot to a point of each pixel (R, C, 3), mm."""
    rows, columns = np.indices(carm.shape)
    pixels = np.stack([rows + row, columns + column, np.ones(carm.shape)], axis=-1)
    return pixels @ carm.pixel_rays().T


def _through_needles(
    masses: dict[str, NDArray[np.float32]],
    carm: CArm,
    needles: Sequence[PlacedNeedle],
    kev: Floats,
    mu: dict[str, Floats],
) -> Floats:
    """Share (R, C) of the signal that the needles leave, from sub-rays of every pixel."""
    offsets = (np.arange(SUBRAYS) + 0.5) / SUBRAYS - 0.5
    steel, plastic, tissue = np.zeros((3, SUBRAYS**2, *carm.shape))
    steel_g_cm3 = material("steel").density_g_cm3
    for n, (row, column) in enumerate((r, c) for c in offsets for r in offsets):
        rays = _rays(carm, row, column)
        for part in (part for placed in needles for part in parts_of(placed)):
            wall, body = chords_cm(carm.source_mm, rays, part)
            (steel if part.steel else plastic)[n] += wall * (
                steel_g_cm3 if part.steel else HUB_G_CM3
            )
            tissue[n] += body * part.tissue
    touched = (steel + plastic).any(axis=0)
    there = {name: mass[touched] for name, mass in masses.items()}
    steel, plastic = steel[:, touched], plastic[:, touched]
    gone = np.minimum(tissue[:, touched], there.get("water", 0.0))
    bare, left = np.zeros((2, touched.sum()))
    for n, signal in enumerate(kev):
        weight = signal * np.exp(-sum(mu[name][n] * mass for name, mass in there.items()))
        inside = np.exp(mu["water"][n] * (gone - plastic) - mu["steel"][n] * steel)
        bare += weight
        left += weight * inside.mean(axis=0)
    share = np.ones(carm.shape)
    share[touched] = left / bare
    return share
