"""`Photons`: cross sections and angles of photons in a material, from xraydb.

Photoelectric, coherent and incoherent cross sections are Elam's. Coherent angles: form factors of
free atoms (Waasmaier and Kirfel 1995), so that molecules do not interfere. Incoherent angles: Klein
and Nishina times an incoherent function 1 - exp(-a x - b x2) of the material whose a and b are
fitted to its incoherent cross sections from 12 to 120 keV: xraydb has no such functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import xraydb
from numpy.typing import NDArray
from scipy import optimize

from needle_sim.imaging.xray.beam import energies_kev
from tools.attenuation_table import MATERIALS

Floats = NDArray[np.float64]

HC_KEV_ANGSTROM = 12.39842  # CODATA 2018
REST_KEV = 510.99895
RADIUS2_CM2 = 7.9407877e-26  # classical electron radius squared, CODATA 2018
AVOGADRO = 6.02214076e23
ANGLES, QUANTILES = 1025, 1025

# Mass fractions: ICRU Report 44; soft tissue as in AAPM Report 195
WATER, BONE = (MATERIALS[name][1] for name in ("water", "cortical_bone"))
PMMA = {"H": 0.080541, "C": 0.599846, "O": 0.319613}
SOFT_TISSUE = {
    "H": 0.105,
    "C": 0.256,
    "N": 0.027,
    "O": 0.602,
    "Na": 0.001,
    "P": 0.002,
    "S": 0.003,
    "Cl": 0.002,
    "K": 0.002,
}


@dataclass(frozen=True, slots=True, eq=False)
class Photons:
    """A material as photons see it.

    Parameters
    ----------
    mu : (3, E) array, cm2/g
        Photoelectric, coherent, incoherent at the package's energies.
    angle : (2, E, U) array, 1/sr
        Coherent and incoherent, per angle, at sines of the half angle evenly from 0 to 1.
    drawn : (2, E, Q) array
        The same sine by even quantiles.
    free : (2,) array
        a and b of the incoherent function, angstrom and angstrom2.
    """

    mu: Floats
    angle: Floats
    drawn: Floats
    free: Floats


@cache
def _photons(parts: tuple[tuple[str, float], ...]) -> Photons:
    energies = energies_kev()
    mu = np.zeros((3, len(energies)))
    whole = sum(share for _, share in parts)
    for n, kind in enumerate(("photo", "coh", "incoh")):
        for name, share in parts:
            mu[n] += share / whole * xraydb.mu_elam(name, energies * 1e3, kind=kind)
    sine = np.linspace(0.0, 1.0, ANGLES)
    x = energies[:, None] / HC_KEV_ANGSTROM * sine  # 1/angstrom
    coherent = np.zeros_like(x)
    for name, share in parts:
        heavy = share / xraydb.atomic_mass(name)
        coherent += heavy * xraydb.f0(name, x.ravel()).reshape(x.shape) ** 2
    cosine = 1.0 - 2.0 * sine**2
    coherent *= 1.0 + cosine**2
    nishina = klein_nishina(energies[:, None], cosine)
    free = incoherent_function(energies, mu[2], x, sine)
    incoherent = nishina * -np.expm1(-free[0] * x - free[1] * x**2)
    angle = np.stack([coherent, incoherent])
    density = angle * sine  # solid angle is 8 pi s ds
    angle /= 8.0 * np.pi * np.trapezoid(density, sine, axis=2)[..., None]
    drawn = np.empty((2, len(energies), QUANTILES))
    even = np.linspace(0.0, 1.0, QUANTILES)
    for kind in range(2):
        for e in range(len(energies)):
            below = density[kind, e]
            total = np.concatenate([[0.0], np.cumsum(0.5 * (below[1:] + below[:-1]))])
            drawn[kind, e] = np.interp(even, total / total[-1], sine)
    return Photons(mu, angle, drawn, free)


def photons(parts: Mapping[str, float]) -> Photons:
    """A material by its mass fractions."""
    return _photons(tuple(parts.items()))


def klein_nishina(energy_kev: Floats, cosine: Floats) -> Floats:
    """Twice the cross section of a free electron per solid angle over its radius squared."""
    ratio = 1.0 / (1.0 + energy_kev / REST_KEV * (1.0 - cosine))
    return np.asarray(ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2))


def incoherent_function(energies: Floats, mu: Floats, x: Floats, sine: Floats) -> Floats:
    """a and b of the share of electrons that a transfer ``x`` sets free, fitted to ``mu``."""
    nishina = klein_nishina(energies[:, None], 1.0 - 2.0 * sine**2) * sine
    fitted = (energies > 12) & (energies < 120)
    free = np.trapezoid(nishina, sine, axis=1)

    def made(three: Floats) -> Floats:
        share = -np.expm1(-three[0] * x - three[1] * x**2)
        return np.asarray(three[2] * np.trapezoid(nishina * share, sine, axis=1) / free)

    electrons = mu / free  # up to a constant
    scale = electrons.max()

    def off(three: Floats) -> Floats:
        return np.asarray((made(three) / (electrons / scale) - 1.0)[fitted])

    return np.asarray(optimize.least_squares(off, [2.0, 5.0, 1.0], bounds=(0, np.inf)).x[:2])
