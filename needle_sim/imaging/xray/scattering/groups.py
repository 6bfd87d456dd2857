"""`Group`: a few energies of a beam as one, and what their photons leave once scattered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.beam import Beam, energies_kev, spectrum
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.scattering.cross import Cross, after_kev, at_energy, cross
from needle_sim.imaging.xray.scattering.pyramid import Pyramid

Floats = NDArray[np.float64]

GROUPS = 3
"""Groups of energies, of the same share in the signal behind the patient."""

_ANGLES = 65  # sines of the half angle


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A few energies as one.

    Parameters
    ----------
    kev : float, keV
    photons : float
        Photons that leave the same signal behind the patient, per cm2 at 1 m.
    weights : (E,) array
        Shares of the energies in that signal.
    """

    kev: float
    photons: float
    weights: Floats


def groups_of(
    beam: Beam, detector: Detector, body: Pyramid, shone: Floats, known: Cross
) -> list[Group]:
    """Energies in groups of the same share in the signal behind the middling column."""
    mass = (body.density.sum(axis=3) * body.step_cm * body.slant[..., 0])[:, shone > 0]
    behind = np.median(mass, axis=1) if mass.size else np.zeros(2)
    photons = spectrum(beam)
    line = behind @ known.total
    least = float(line[photons > 0].min())  # so that no patient is too thick for exponentials
    signal = photons * detector.kept.mean_kev * np.exp(least - line)
    share = signal / signal.sum()
    which = np.minimum(((np.cumsum(share) - 0.5 * share) * GROUPS).astype(int), GROUPS - 1)
    found = []
    for n in np.unique(which[share > 0]):
        weights = np.where(which == n, share, 0.0)
        part = weights.sum()
        kev = float(weights @ energies_kev() / part)
        left = float(np.exp(least - behind @ at_energy(known.total, kev)))
        each = float(at_energy(detector.kept.mean_kev, kev)) * left
        found.append(Group(kev, float(signal.sum() * part / each), weights / part))
    return found


def first_leaves(groups: list[Group], detector: Detector, known: Cross) -> tuple[Floats, Floats]:
    """What a photon scattered once leaves a steradian (G, U), and its attenuation (2, G, U)."""
    sine = np.linspace(0.0, 1.0, _ANGLES)
    leaves, lines = np.empty((len(groups), _ANGLES)), np.empty((2, len(groups), _ANGLES))
    for g, group in enumerate(groups):
        kinds = [float(at_energy(one[0], group.kev)) for one in (known.coherent, known.incoherent)]
        angle = _angles(round(group.kev))
        soft, free = (one * kind / sum(kinds) for one, kind in zip(angle, kinds, strict=True))
        later = after_kev(group.kev, sine)
        leaves[g] = soft * at_energy(detector.kept.mean_kev, group.kev)
        leaves[g] += free * at_energy(detector.kept.mean_kev, later)
        mean = group.kev - (group.kev - later) * free / (soft + free)
        lines[:, g] = at_energy(known.total, mean)
    return leaves, lines


@cache
def _angles(kev: int) -> tuple[Floats, Floats]:
    """`Cross.per_angle` at a whole energy: angles change little within 1 keV."""
    coherent, free = cross().per_angle(float(kev), np.linspace(0.0, 1.0, 8 * (_ANGLES - 1) + 1))
    return coherent[::8], free[::8]


def later_leaves(groups: list[Group], detector: Detector, known: Cross) -> Floats:
    """What a photon scattered again leaves a steradian, and its attenuation (G, 3)."""
    model = known.model
    kev = np.array([group.kev for group in groups]) * model.left
    leaves = model.share * at_energy(detector.kept.mean_kev, kev) / (4.0 * np.pi)
    return np.stack([leaves, *(model.opaque * at_energy(known.total, kev))], axis=1)
