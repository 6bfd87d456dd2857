"""`Beam`: a tube's setting, its spectrum behind the filters, and how materials attenuate it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.units import KEV_J

Spectrum = NDArray[np.float64]

# The unfiltered spectrum is a thick-target sum over the electron's energy T on its way into the
# anode: bremsstrahlung (T + mc2) B(E / T) / E, slowing by Thomson-Whiddington T0^2 - T^2 = C x,
# filtered by the tungsten that the photon crosses on its way out; after Tucker, Barnes and
# Chakraborty (1991), doi:10.1118/1.596709. The numbers below were fitted here to SpekPy 2.5.4
# (doi:10.1002/mp.14945) at 40-125 kV and take-off angles of 4 to 24 degrees; tests bound the rest.
_STOPPING = (1314.58e3, 0.68836)  # C in keV2 cm2/g at 80 kV, and its power of the tube voltage
_SHAPE = (5.64887, -9.61854, 61.79994, -117.87819, 68.75651)
# B(v) as a polynomial of v = E / T, 1e6 photons / (cm2 mAs)
_SLOPE = (-0.41364, -0.19753)  # (kV/80)^first (E/kV)^(second ln(kV/80)): backscatter and straggling
_STEEPNESS = (
    0.94633  # power of the cotangent of the take-off angle: electrons stray from their path
)
_LINES = (31.6849, 1.51465)  # scale, and power of the overvoltage less 1
_LINE_DEPTH = (57.0507e-4, 3.89635)  # g/cm2 at 80 kV, and its power of the tube voltage
_K_EDGE_KEV = 69.525  # tungsten, xraydb
_K_LINES_KEV = ((57.98, 0.58), (59.32, 1.0), (67.1, 0.335), (69.1, 0.09))  # energy, strength
_LINE_BIN = 49  # 59.5 keV, where the lines are strongest
_ELECTRON_KEV = 510.99895  # CODATA 2018
_LEAST_KVP, _MOST_KVP = 40.0, 125.0
# K edges of molybdenum, iodine, caesium, barium, tungsten, iridium, platinum, lead; xraydb
_EDGES_KEV = (20.0, 33.169, 35.985, 37.441, 69.525, 76.111, 78.395, 88.005)
_STEP_DEG = 0.25  # take-off angles between which a spectrum is taken as linear

AnodeSide = Literal["first_row", "last_row", "none"]


@dataclass(frozen=True, slots=True)
class Beam:
    """The setting of the tube for one picture.

    Parameters
    ----------
    kvp : float, kV
        Tube voltage, 40 to 125: where the spectra are tested.
    mas : float, mAs
        Tube current times time.
    pulse_ms : float, ms
        Length of the pulse.
    filters_mm : mapping of material to float, mm
        Total filtration by name of a material in ``attenuation.toml``.
    anode_deg : float, degrees
        Anode angle of a tungsten tube: the take-off angle of the central ray.
    anode_side : "first_row", "last_row" or "none"
        The anode-cathode axis runs along the rows of the detector, head to foot at rest, whatever
        the orbital angle: a tube mounted square to the plane of the C. The heel effect weakens and
        hardens the beam towards the anode, by default the first row (the head), so that the
        cathode looks at the thicker pelvis. "none": no heel effect.
    """

    kvp: float
    mas: float
    pulse_ms: float
    filters_mm: Mapping[str, float]
    anode_deg: float = 12.0
    anode_side: AnodeSide = "first_row"

    def __post_init__(self) -> None:
        if not _LEAST_KVP <= self.kvp <= _MOST_KVP:
            raise InputError(
                f"kvp must be {_LEAST_KVP:g} to {_MOST_KVP:g}, the range of the tube, "
                f"got {self.kvp}"
            )
        if not (0 < self.mas <= 1000 and 0 < self.pulse_ms <= 10_000):
            raise InputError(
                "a beam needs mas over 0 and at most 1000, pulse_ms over 0 and at most 10000, "
                f"got {self.mas=} {self.pulse_ms=}"
            )
        if not 5 <= self.anode_deg <= 25:
            raise InputError(f"anode_deg must be 5 to 25, got {self.anode_deg}")
        if self.anode_side not in get_args(AnodeSide):
            raise InputError(
                f"anode_side must be one of {get_args(AnodeSide)}, got {self.anode_side!r}"
            )
        for name, thick in self.filters_mm.items():
            material(str(name))
            if not 0 <= thick <= 100:
                raise InputError(f"filters_mm.{name} must be 0 to 100, got {thick}")
        object.__setattr__(self, "filters_mm", MappingProxyType(dict(self.filters_mm)))

    @classmethod
    def preset(cls, name: str) -> Beam:
        """A shipped beam by name: ``lumbar_ap``, ``lumbar_oblique``, ``lumbar_lateral``."""
        return _beam(name)


@cache
def _beam(name: str) -> Beam:
    presets.numbers(presets.table("beams", name), f"beams.toml: {name}.")
    return presets.preset(Beam, "beams", name)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Attenuation of a material at the centres of 1 keV bins (`energies_kev`).

    Parameters
    ----------
    density_g_cm3 : float
    mu_rho : (E,) array, cm2/g
        Total mass attenuation, coherent scatter included.
    absorbed : (E,) array or None, cm2/g
        Mass energy absorption, where it is known.
    """

    density_g_cm3: float
    mu_rho: Spectrum
    absorbed: Spectrum | None


@cache
def _attenuation() -> dict[str, Any]:
    return presets.read_toml(presets.folder("presets") / "attenuation.toml")


@cache
def energies_kev() -> Spectrum:
    """Centres (E,) of the 1 keV bins of all spectra and tables."""
    table = _attenuation()
    count = len(table["water"]["mu_rho"]["value"])
    energies = table["first_kev"] + table["step_kev"] * np.arange(count)
    energies.flags.writeable = False
    return np.asarray(energies)


@cache
def materials() -> tuple[str, ...]:
    """Names of all materials of ``attenuation.toml``."""
    return tuple(key for key, one in _attenuation().items() if isinstance(one, dict))


@cache
def material(name: str) -> Material:
    """A material of ``attenuation.toml`` by name (xraydb 4.5.8, Elam tables)."""
    tables = {key: one for key, one in _attenuation().items() if isinstance(one, dict)}
    if name not in tables:
        raise InputError(f"no attenuation is known of {name!r}{presets.nearest(name, tables)}")
    entries = presets.plain(tables[name])
    found = {key: np.array(entries[key]) for key in ("mu_rho", "absorbed") if key in entries}
    for values in found.values():
        values.flags.writeable = False
    return Material(float(entries["density_g_cm3"]), found["mu_rho"], found.get("absorbed"))


def mu_rho(name: str, energy_kev: ArrayLike) -> NDArray[np.float64]:
    """Total mass attenuation, cm2/g, at any energies; log-log between the bins.

    Never across a K edge: beside one the nearer bins on its own side are carried on.
    """
    energy = np.asarray(energy_kev, dtype=np.float64)
    centres = energies_kev()
    if not ((energy >= centres[0]) & (energy <= centres[-1])).all():
        raise InputError(
            f"attenuation is tabled from {centres[0]} to {centres[-1]} keV, got {energy}"
        )
    x, values = np.log(centres), np.log(material(name).mu_rho)
    found = np.interp(np.log(energy), x, values)
    for edge in _EDGES_KEV:
        above = int(np.searchsorted(centres, edge))
        if values[above] <= values[above - 1]:
            continue  # not an edge of this material
        for low, part in (
            (above - 2, (energy > centres[above - 1]) & (energy < edge)),
            (above, (energy >= edge) & (energy < centres[above])),
        ):
            slope = (values[low + 1] - values[low]) / (x[low + 1] - x[low])
            carried = values[low] + slope * (np.log(energy) - x[low])
            found = np.where(part, carried, found)
    return np.asarray(np.exp(found))


def spectrum(beam: Beam, *, toward_cathode_deg: float = 0.0) -> Spectrum:
    """Photons (E,) per cm2 and mAs in each 1 keV bin, at 1 m, behind the filters.

    Parameters
    ----------
    beam : Beam
    toward_cathode_deg : float, degrees
        Angle of the ray to the central ray in the plane of anode and cathode: the heel effect.
        Behind the heel of the anode (negative beyond ``anode_deg``) there is nothing. The filters
        are crossed squarely; the ray's own distance is the caller's.
    """
    takeoff = beam.anode_deg + toward_cathode_deg
    low = math.floor(takeoff / _STEP_DEG)
    share = takeoff / _STEP_DEG - low
    behind = (1.0 - share) * _unfiltered(beam.kvp, low * _STEP_DEG)
    behind += share * _unfiltered(beam.kvp, (low + 1) * _STEP_DEG)
    for name, thick_mm in beam.filters_mm.items():
        filtering = material(name)
        behind *= np.exp(-filtering.mu_rho * filtering.density_g_cm3 * thick_mm * 0.1)
    return behind


def kerma_ugy_mas(beam: Beam, *, toward_cathode_deg: float = 0.0) -> float:
    """Air kerma free in air at 1 m, µGy/mAs (collision kerma, from the absorption of air)."""
    absorbed = material("air").absorbed
    if absorbed is None:
        raise InputError("attenuation.toml: air.absorbed is missing")
    photons = spectrum(beam, toward_cathode_deg=toward_cathode_deg)
    # keV/g to µGy: KEV_J J/keV, 1e3 g/kg, 1e6 µGy/Gy
    return float((photons * energies_kev() * absorbed).sum() * KEV_J * 1e9)


def half_value_layer_mm(beam: Beam, name: str = "aluminium", *, share: float = 0.5) -> float:
    """Thickness, mm, that leaves half of the air kerma, or another ``share`` (narrow beam)."""
    added = material(name)
    air = material("air").absorbed
    weight = spectrum(beam) * energies_kev() * (air if air is not None else 1.0)
    slope_per_mm = added.mu_rho * added.density_g_cm3 * 0.1
    low, high = 0.0, 200.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        left = float((weight * np.exp(-slope_per_mm * middle)).sum() / weight.sum())
        low, high = (middle, high) if left > share else (low, middle)
    return 0.5 * (low + high)


@lru_cache(maxsize=2048)
def _unfiltered(kvp: float, takeoff_deg: float) -> Spectrum:
    """Photons (E,) per cm2 and mAs in each 1 keV bin at 1 m out of the anode."""
    energies, tungsten = energies_kev(), material("tungsten").mu_rho
    photons = np.zeros_like(energies)
    photons.flags.writeable = False
    if takeoff_deg <= 0:
        return photons
    nodes, weights = _nodes()
    seen = energies < kvp
    energy = energies[seen][:, None]
    electron = energy + 0.5 * (kvp - energy) * (nodes + 1.0)  # the electron's energy, keV
    stopping = _STOPPING[0] * (kvp / 80.0) ** _STOPPING[1]
    depth = (kvp**2 - electron**2) / stopping  # g/cm2
    way = np.tan(np.deg2rad(takeoff_deg)) ** -_STEEPNESS  # out of the anode, per depth
    share = np.polynomial.polynomial.polyval(energy / electron, np.array(_SHAPE))
    out = np.exp(-tungsten[seen][:, None] * depth * way)
    made = share * (electron + _ELECTRON_KEV) / _ELECTRON_KEV / energy * out
    tilt = (kvp / 80.0) ** _SLOPE[0] * (energy / kvp) ** (_SLOPE[1] * np.log(kvp / 80.0))
    photons = np.zeros_like(energies)
    photons[seen] = 1e6 * ((tilt * made) @ weights) * 0.5 * (kvp - energies[seen])
    if kvp > _K_EDGE_KEV:
        strength = 1e6 * _LINES[0] * (kvp / _K_EDGE_KEV - 1.0) ** _LINES[1]
        deep = _LINE_DEPTH[0] * (kvp / 80.0) ** _LINE_DEPTH[1] * way
        strength *= np.exp(-tungsten[_LINE_BIN] * deep)
        for line_kev, part in _K_LINES_KEV:
            photons[int(np.abs(energies - line_kev).argmin())] += part * strength
    photons.flags.writeable = False
    return photons


@cache
def _nodes() -> tuple[Spectrum, Spectrum]:
    """Places and weights of the sum over the electron's energy."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights
