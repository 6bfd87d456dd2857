"""A picture as a plain polychromatic sum in NumPy: photons of each energy, ray by ray.

The scatter veil is that of the package: `validation/scatter` holds it to a Monte Carlo.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.reference import shadows
from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.beam import Beam, material, materials, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import shadow, spread
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.receptor.sharpness import Taps, aperture_taps
from needle_sim.imaging.xray.scatter import scatter_veil
from needle_sim.imaging.xray.transmission import bins
from needle_sim.instruments.needle_parts import parts_of
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool

Floats = NDArray[np.float64]


def exposed(
    paths: PathLengths, beam: Beam, needles: Sequence[PlacedNeedle | PlacedTool], *, every_kev: bool
) -> Floats:
    """Detector signal (R, C), keV/pixel, without noise.

    ``every_kev`` takes all 1 keV bins of the spectrum, otherwise the few that the package takes.
    """
    paths = paths.continued()
    carm, detector = paths.carm, Detector.preset(panel.DEFAULT_DETECTOR)
    if every_kev:
        kev, mu = _all_energies(beam, carm, detector), {n: material(n).mu_rho for n in materials()}
    else:
        few = bins(beam, carm, detector, materials())
        kev, mu = few.rows_kev, few.mu_rho
    masses = {COMPOSITION[name]: image for name, image in paths.mass_g_cm2.items()}
    total = np.zeros(carm.shape)
    for n, signal in enumerate(kev.T):
        total += signal[:, None] * np.exp(-sum(mu[name][n] * mass for name, mass in masses.items()))
    # pixel centres as means over the pixels
    total = _blurred(total * _field(carm), aperture_taps())
    veil = scatter_veil(paths, beam, detector)  # of the patient alone
    if needles:
        total *= _through_needles(paths, needles, kev, mu)
    total += veil
    return _blurred(total, panel.blur(carm, detector))


def _blurred(image: Floats, taps: Taps) -> Floats:
    """A sum of separable blurs, the edge going on."""
    total = np.zeros_like(image)
    for weight, one in taps:
        part = image
        for axis in (0, 1):
            part = ndimage.correlate1d(part, one.astype(float), axis=axis, mode="nearest")
        total += weight * part
    return total


def _all_energies(beam: Beam, carm: CArm, detector: Detector) -> Floats:
    """Energy (R, E), keV, that the pixels of a row absorb of each 1 keV bin without a patient."""
    scale = beam.mas * (0.1 * carm.pixel_mm) ** 2 * (1000 / carm.source_detector_mm) ** 2
    across = (np.arange(carm.shape[0]) - 0.5 * (carm.shape[0] - 1)) * carm.pixel_mm
    angles = np.degrees(np.arctan(across / carm.source_detector_mm))  # the anode at the first row
    photons = [spectrum(beam, toward_cathode_deg=float(angle)) for angle in angles]
    through = 1.0 if detector.grid is None else detector.grid.primary
    return np.stack(photons) * scale * through * detector.kept.mean_kev


def _field(carm: CArm) -> Floats:
    """Inverse square and obliquity: the cube of the cosine to the normal."""
    rays = _rays(carm, 0.0, 0.0)
    return (carm.source_detector_mm / np.linalg.norm(rays, axis=-1)) ** 3


def _rays(carm: CArm, row: Floats | float, column: Floats | float) -> Floats:
    """From the focal spot to a point of each pixel (R, C, 3), mm."""
    rows, columns = np.indices(carm.shape)
    pixels = np.stack([rows + row, columns + column, np.ones(carm.shape)], axis=-1)
    return pixels @ carm.pixel_rays().T


def _through_needles(
    paths: PathLengths,
    needles: Sequence[PlacedNeedle | PlacedTool],
    kev: Floats,
    mu: dict[str, Floats],
) -> Floats:
    """Share (R, C) of the signal that a needle leaves, from sub-rays of every pixel."""
    carm, patient = paths.carm, paths.patient
    parts = [
        part
        for one in needles
        for part in (one.parts if isinstance(one, PlacedTool) else parts_of(one))
    ]
    share, cast = np.ones(carm.shape[0] * carm.shape[1]), shadow(carm, needles)
    way = np.zeros(carm.shape, dtype=int)  # the same sub-rays of each pixel
    way[cast.rows, cast.columns] = cast.way
    sub = np.moveaxis(spread(), 1, 0)
    for offsets in sub:
        rays = _rays(carm, *np.moveaxis(offsets[way], -1, 0)).reshape(-1, 3)
        hit, mass, ends, gave = shadows.chords(carm.source_mm, rays, parts)
        gone = shadows.gone(patient, carm.source_mm, rays[hit], ends, gave)
        basis = {name: image.reshape(-1)[hit] for name, image in paths.mass_g_cm2.items()}
        less = {name: np.maximum(one - gone[name], 0.0) for name, one in basis.items()}
        before, after = np.zeros((2, len(hit)))
        for n, signal in enumerate(kev[hit // carm.shape[1]].T):
            depth = sum(mu[COMPOSITION[name]][n] * one for name, one in basis.items())
            before += signal * np.exp(-depth)
            depth = sum(mu[COMPOSITION[name]][n] * one for name, one in less.items())
            depth += sum(mu[name][n] * one for name, one in mass.items())
            after += signal * np.exp(-depth)
        share[hit] += (after / before - 1.0) / len(sub)
    return share.reshape(carm.shape)
