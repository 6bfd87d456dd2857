"""How wide a point appears: across the lines, along them, and out of their plane.

The array's field is summed over its elements at the frequencies of the pulse, and the width of the
two-way echo read off; the picture then uses a Gaussian of that width at each depth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.ultrasound.probe import SPEED_MM_US, Probe

Floats = NDArray[np.float64]

LEAST_MM = 2.0
"""Depth of the first entry of the table; nearer to the face the field of an array has no beam."""

FWHM_OF_SIGMA = float(2.0 * np.sqrt(2.0 * np.log(2.0)))

_CYCLES = 1.0  # of the transmitted pulse
_FREQUENCIES = 25
_DEPTHS, _ACROSS = 22, 49
_NEAR_FOCUS = np.array([0.8, 0.9, 1.0, 1.1, 1.25])
_LENS_STRIPS = 40


@dataclass(frozen=True, slots=True, eq=False)
class PointSpread:
    """Full widths at half of the amplitude, mm; along the line one for all depths.

    Parameters
    ----------
    depth_mm, lateral_mm, slice_mm : (D,) arrays
    axial_mm : float
    """

    depth_mm: Floats
    lateral_mm: Floats
    slice_mm: Floats
    axial_mm: float

    def at(self, depth_mm: Floats) -> PointSpread:
        """The widths at other depths (S,), linear between those of the table."""
        lateral, slab = (
            np.interp(depth_mm, self.depth_mm, one) for one in (self.lateral_mm, self.slice_mm)
        )
        return replace(self, depth_mm=depth_mm, lateral_mm=lateral, slice_mm=slab)


def spectrum(probe: Probe) -> tuple[Floats, Floats]:
    """Frequencies (F,), MHz, and two-way amplitudes (F,) of a pulse of one cycle.

    The array's response is a generalised normal window of the probe's -6 dB bandwidth, as in
    SIMUS: Garcia (2022), doi:10.1016/j.cmpb.2022.106726.
    """
    centre = probe.frequency_mhz
    band = probe.bandwidth * centre
    f = np.linspace(0.02 * centre, 1.98 * centre, _FREQUENCIES)
    power = np.log(126.0) / np.log(2.0 / probe.bandwidth)
    response = np.exp(-((np.abs(f - centre) / (0.5 * band / np.log(2.0) ** (1 / power))) ** power))
    pulse = np.abs(np.sinc((f - centre) * _CYCLES / centre) - np.sinc((f + centre) / centre))
    return f, response * pulse


@lru_cache(maxsize=32)
def point_spread(probe: Probe) -> PointSpread:
    """Widths of the echo of a point from `LEAST_MM` to 300 mm below the face."""
    focus = np.concatenate([_NEAR_FOCUS * probe.focus_mm, _NEAR_FOCUS * probe.elevation_focus_mm])
    depth = np.unique(np.concatenate([np.geomspace(LEAST_MM, 300.0, _DEPTHS), focus]))
    depth = depth[(depth >= LEAST_MM) & (depth <= 300.0)]
    f, amplitude = spectrum(probe)
    lateral = np.array([_lateral_mm(probe, z, f, amplitude) for z in depth])
    slab = np.array([_slice_mm(probe, z, f, amplitude) for z in depth])
    for array in (depth, lateral, slab):
        array.flags.writeable = False
    return PointSpread(depth, lateral, slab, _axial_mm(f, amplitude))


def _axial_mm(f: Floats, amplitude: Floats) -> float:
    range_mm = np.linspace(0.0, 4.0 * SPEED_MM_US / probe_band(f, amplitude), 2001)
    wave = np.exp(4j * np.pi * np.outer(range_mm, f) / SPEED_MM_US) @ amplitude
    return 2.0 * _half_at(range_mm, np.abs(wave))


def probe_band(f: Floats, amplitude: Floats) -> float:
    """Width of a spectrum in MHz: its integral over its height."""
    return float(amplitude.sum() * (f[1] - f[0]) / amplitude.max())


def _half_at(across: Floats, profile: Floats) -> float:
    """Where a profile that starts at its middle first falls to half of it, linear in between."""
    low = np.flatnonzero(profile < 0.5 * profile[0])
    if not len(low):
        return float(across[-1])
    one = int(low[0])
    share = (profile[one - 1] - 0.5 * profile[0]) / (profile[one - 1] - profile[one])
    return float(across[one - 1] + share * (across[one] - across[one - 1]))


def _lateral_mm(probe: Probe, z: float, f: Floats, amplitude: Floats) -> float:
    """Two-way width of a line with a fixed transmit focus and a receiving one that follows."""
    at, facing, place = _elements(probe)
    wide = max(4.0 * probe.wavelength_mm, 0.12 * z, 0.6 * probe.aperture * probe.pitch_mm)
    across = np.linspace(0.0, wide, _ACROSS) ** 2 / wide
    points = np.stack([across, np.full(_ACROSS, z)], axis=1)
    span = 0.5 * probe.aperture * probe.pitch_mm
    sent = _field(at, facing, points, _hann(place, span), probe.focus_mm, f, probe.pitch_mm)
    span = max(min(0.5 * z / probe.f_number, span), 2.0 * probe.pitch_mm)
    heard = _field(at, facing, points, _hann(place, span), z, f, probe.pitch_mm)
    return 2.0 * _half_at(across, _peak(sent * heard, f, amplitude))


def _slice_mm(probe: Probe, z: float, f: Floats, amplitude: Floats) -> float:
    """Two-way width out of the plane of an element with a fixed lens, the same both ways."""
    height = probe.elevation_mm
    y = (np.arange(_LENS_STRIPS) + 0.5) / _LENS_STRIPS * height - 0.5 * height
    at, facing = np.stack([y, np.zeros_like(y)], axis=1), np.tile([0.0, 1.0], (len(y), 1))
    across = np.linspace(0.0, height, _ACROSS) ** 2 / height
    points = np.stack([across, np.full(_ACROSS, z)], axis=1)
    even = np.ones(len(y))
    lens = _field(at, facing, points, even, probe.elevation_focus_mm, f, height / _LENS_STRIPS)
    return 2.0 * _half_at(across, _peak(lens * lens, f, amplitude))


def _elements(probe: Probe) -> tuple[Floats, Floats, Floats]:
    """Centres (E, 2), normals (E, 2) and places along the face (E,) of the elements, mm."""
    place = np.asarray(np.arange(probe.elements) - 0.5 * (probe.elements - 1), dtype=np.float64)
    place = np.asarray(place * probe.pitch_mm)
    if probe.kind == "linear":
        flat = np.zeros_like(place)
        return np.stack([place, flat], axis=1), np.stack([flat, flat + 1.0], axis=1), place
    angle = place / probe.radius_mm
    facing = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return probe.radius_mm * (facing - [0.0, 1.0]), facing, place


def _hann(place: Floats, span: float) -> Floats:
    return np.where(np.abs(place) < span, np.cos(0.5 * np.pi * place / span) ** 2, 0.0)


def _field(
    at: Floats,
    facing: Floats,
    points: Floats,
    weight: Floats,
    focus_mm: float,
    f: Floats,
    width_mm: float,
) -> NDArray[np.complex128]:
    """Sum (F, P) over the elements at points (P, 2), delays set for a focus on the axis.

    Soft baffle and element directivity as in SIMUS.
    """
    used = weight > 0
    at, facing, weight = at[used], facing[used], weight[used]
    way = points[:, None] - at
    r = np.linalg.norm(way, axis=2)
    sine = (way[..., 0] * facing[:, 1] - way[..., 1] * facing[:, 0]) / r
    cosine = np.maximum((way * facing).sum(axis=2) / r, 0.0)
    early = np.linalg.norm(np.array([0.0, focus_mm]) - at, axis=1)
    out = np.empty((len(f), len(points)), dtype=np.complex128)
    late = 2j * np.pi / SPEED_MM_US * (r - early + focus_mm)
    turn, step = np.exp(f[0] * late), np.exp((f[1] - f[0]) * late)  # frequencies are even
    spread = weight * cosine / np.sqrt(r)
    for n, one in enumerate(f):
        out[n] = (spread * np.sinc(one / SPEED_MM_US * width_mm * sine) * turn).sum(axis=1)
        turn *= step
    return out


def _peak(response: NDArray[np.complex128], f: Floats, amplitude: Floats) -> Floats:
    """Largest value over time (P,) of the echo whose spectrum (F, P) is given."""
    range_mm = 2.0 * np.linspace(-1.0, 1.0, 161) * SPEED_MM_US / probe_band(f, amplitude)
    first = response[:, 0]
    middle = np.unwrap(np.angle(first))
    weight = amplitude * np.abs(first)
    slope = np.polyfit(f, middle, 1, w=weight / weight.max() + 1e-9)[0]  # delay of the echo
    wave = np.exp(2j * np.pi * np.outer(2.0 * range_mm / SPEED_MM_US, f) - 1j * slope * f)
    return np.asarray(np.abs(wave @ (amplitude[:, None] * response)).max(axis=0))
