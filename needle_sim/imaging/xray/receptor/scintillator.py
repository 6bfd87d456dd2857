"""`kept`: what caesium iodide keeps of a photon's energy, and how unevenly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import energies_kev, material, mu_rho

Floats = NDArray[np.float64]

# Iodine, then caesium: K edge, mean energy of the K lines, share of the photoelectrons of the atom
# that come from its K shell (1 - 1 / jump), fluorescence yield; xraydb 4.5.8.
_EDGE_KEV = (33.169, 35.985)
_LINE_KEV = (29.205, 31.631)
_SHELL = (1 - 1 / 6.039, 1 - 1 / 5.949)
_YIELD = (0.8934, 0.9118)
_IODINE = 0.4885  # its share of the mass of CsI


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Moments of the energy that a photon leaves in a scintillator, per photon that meets it.

    Parameters
    ----------
    mean_kev : (E,) array, keV
        Mean energy at the centres of the 1 keV bins of all spectra.
    square_kev2 : (E,) array, keV2
        Mean square, light's unevenness included: it sets the quantum noise.
    escaped : (E,) array
        Share of the photons absorbed whose K fluorescence leaves the layer.
    """

    mean_kev: Floats
    square_kev2: Floats
    escaped: Floats


@lru_cache(maxsize=64)
def kept(csi_um: float, packing: float, swank: float) -> Kept:
    """The energy kept by a layer of CsI.

    A photon is absorbed once (its Compton electron's share of energy counts as absorbed). Above a
    K edge it may send out a fluorescence photon, evenly to all sides, which leaves the layer unless
    it is absorbed on its way to either face; what is absorbed again counts at the same place.

    Parameters
    ----------
    csi_um : float, µm
    packing : float
        Density over that of the crystal.
    swank : float
        First moment squared over second moment of the light of equal energies (Swank 1973,
        doi:10.1063/1.1662918).
    """
    csi = material("csi")
    if csi.absorbed is None:
        raise InputError("attenuation.toml: csi.absorbed is missing")
    energies = energies_kev()
    mass = csi_um * 1e-4 * packing * csi.density_g_cm3
    stopped = -np.expm1(-csi.absorbed * mass)
    of_iodine = _IODINE * material("iodine").mu_rho / csi.mu_rho
    mean, square, escaped = energies.copy(), energies**2, np.zeros_like(energies)
    for edge, line, shell, lit, of_atom in zip(
        _EDGE_KEV, _LINE_KEV, _SHELL, _YIELD, (of_iodine, 1 - of_iodine), strict=True
    ):
        share = np.where(energies > edge, of_atom * shell * lit, 0.0)
        share *= _leaves(csi.absorbed * mass, float(mu_rho("csi", line)) * mass)
        escaped += share
        mean -= share * line
        square += share * ((energies - line) ** 2 - energies**2)
    found = Kept(stopped * mean, stopped * square / swank, escaped)
    for values in (found.mean_kev, found.square_kev2, found.escaped):
        values.flags.writeable = False
    return found


def _leaves(depth: Floats, own: float) -> Floats:
    """Share (E,) of isotropic photons, born where a beam is absorbed, that leave a layer.

    ``depth`` (E,) is the layer's optical depth for the beam, ``own`` that for the photons.
    """
    nodes, weights = np.polynomial.legendre.leggauss(48)
    at, step = 0.5 * (nodes + 1.0), 0.5 * weights  # of the thickness, from the face of entry
    out = 0.5 * (special.expn(2, own * at) + special.expn(2, own * (1.0 - at)))
    born = np.exp(-depth[:, None] * at)
    return np.asarray((born * out) @ step / (born @ step))
