"""Widths beside SIMUS (PyMUST 0.1.9, LGPL, run here): Garcia 2022."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import hilbert

from needle_sim.imaging.ultrasound.point_spread import point_spread
from needle_sim.imaging.ultrasound.probe import Probe

SPEED_M_S = 1540.0
PROBES = {"curved_3p5mhz": (30.0, 60.0, 100.0), "linear_9mhz": (10.0, 25.0, 40.0)}
_KERF = 0.05  # of the pitch


def array_of(probe: Probe):
    """The same array as PyMUST's parameters, its element centres and the depth of its chord."""
    with warnings.catch_warnings():  # its docstrings hold stray backslashes
        warnings.simplefilter("ignore")
        import pymust
    param = pymust.utils.Param()
    param.fc, param.c, param.fs = probe.frequency_mhz * 1e6, SPEED_M_S, 8e6 * probe.frequency_mhz
    param.Nelements, param.pitch = probe.elements, probe.pitch_mm * 1e-3
    param.kerf = _KERF * param.pitch
    param.width = param.pitch - param.kerf
    param.bandwidth, param.TXnow = 100 * probe.bandwidth, 1
    param.radius = probe.radius_mm * 1e-3 if probe.kind == "curved" else np.inf
    along = (np.arange(probe.elements) - 0.5 * (probe.elements - 1)) * probe.pitch_mm
    if probe.kind == "linear":
        return pymust, param, along, np.stack([along, 0 * along], axis=1), 0.0
    angle = along / probe.radius_mm
    at = probe.radius_mm * np.stack([np.sin(angle), np.cos(angle) - 1], axis=1)
    return pymust, param, along, at, -at[0, 1]


def hann(along, half):
    return np.where(np.abs(along) < half, np.cos(0.5 * np.pi * along / half) ** 2, 0.0)


def simus_echo(probe: Probe, point_mm, depth_mm, beam):
    """Envelope (Z,) about a depth of a scan line with a dynamic receiving focus."""
    pymust, param, along, at, sagitta = beam
    half = 0.5 * probe.aperture * probe.pitch_mm
    sent = hann(along, half)
    way = np.linalg.norm([0.0, probe.focus_mm] - at, axis=1)
    delay = np.where(sent > 0, way[sent > 0].max() - way, 0.0) * 1e-3 / SPEED_M_S
    param.TXapodization = sent
    x, y, z = (np.array([value * 1e-3]) for value in point_mm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = z + sagitta * 1e-3
        rf = pymust.simus(x, y, z, np.ones(1), delay[None], param)[0]
    wave, time = hilbert(rf, axis=0), np.arange(len(rf)) / param.fs
    down = np.arange(depth_mm - 1.2, depth_mm + 1.2, 0.01)
    total = np.zeros(len(down), dtype=complex)
    heard = hann(along, max(min(0.5 * depth_mm / probe.f_number, half), 2 * probe.pitch_mm))
    for n in np.flatnonzero(heard > 0):
        back = np.hypot(at[n, 0], down - at[n, 1])
        late = (down + way[sent > 0].max() - probe.focus_mm + back) * 1e-3 / SPEED_M_S
        real, imag = (np.interp(late, time, part[:, n]) for part in (wave.real, wave.imag))
        total += heard[n] * (real + 1j * imag)
    return down, np.abs(total)


def half_width(across, profile):
    low = int(np.flatnonzero(profile < 0.5 * profile[0])[0])
    pair = slice(low - 1, low + 1)
    return 2 * float(np.interp(-0.5 * profile[0], -profile[pair], across[pair]))


@pytest.mark.parametrize("name", list(PROBES))
def test_lateral_and_axial_width_beside_simus(name):
    probe = Probe.preset(name)
    beam, ours = array_of(probe), point_spread(probe).at(np.array(PROBES[name]))
    for depth, lateral in zip(PROBES[name], ours.lateral_mm, strict=True):
        across = np.linspace(0.0, 0.9 * lateral, 9)
        echoes = [simus_echo(probe, (x, 0.0, depth), depth, beam) for x in across]
        peaks = np.array([envelope.max() for _, envelope in echoes])
        down, first = echoes[0]
        top = int(first.argmax())
        rear, front = (
            np.interp(0.5 * first[top], first[part], down[part])
            for part in (slice(None, top + 1), slice(None, top - 1, -1))
        )

        assert lateral == pytest.approx(half_width(across, peaks), rel=0.05)
        assert ours.axial_mm == pytest.approx(front - rear, rel=0.05)
        assert down[top] == pytest.approx(depth, abs=0.05)


@pytest.mark.parametrize("name", list(PROBES))
def test_slice_width_beside_simus(name):
    probe = Probe.preset(name)
    beam, ours = array_of(probe), point_spread(probe).at(np.array(PROBES[name]))
    beam[1].height, beam[1].focus = probe.elevation_mm * 1e-3, probe.elevation_focus_mm * 1e-3
    for depth, width in zip(PROBES[name], ours.slice_mm, strict=True):
        # PyMUST 0.1.9 takes another branch at y = 0 exactly, several times lower than beside it
        away = np.linspace(0.02 * width, 0.9 * width, 9)
        peaks = [simus_echo(probe, (0.0, y, depth), depth, beam)[1].max() for y in away]

        assert width == pytest.approx(half_width(away, np.array(peaks)), rel=0.2)


def test_a_larger_aperture_is_sharper_at_its_focus():
    from dataclasses import replace

    probe = Probe.preset("linear_9mhz")
    small = replace(probe, aperture=32)
    at = np.array([probe.focus_mm])

    assert point_spread(probe).at(at).lateral_mm < point_spread(small).at(at).lateral_mm
