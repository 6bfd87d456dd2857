"""Widths of a point and time of a line: the sonogram's point spread beside PyMUST's full waves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import metadata

import numpy as np
import pymust
from numpy.typing import NDArray

from benchmarks.peers.row import Row, say
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.ultrasound.point_spread import point_spread
from needle_sim.imaging.ultrasound.probe import PROBE, SPEED_MM_US, Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.ultrasound.scene import prepare
from needle_sim.jit import set_threads
from needle_sim.volume.volume import Volume, axis_aligned

DEPTHS_MM = {"curved_3p5mhz": (40.0, 60.0, 90.0), "linear_9mhz": (15.0, 25.0, 40.0)}
SCATTERERS, LINES, SAMPLES, ROUNDS = 1024, 256, 1024, 5
Floats = NDArray[np.float64]


def rows() -> Iterator[Row]:
    set_threads(1)
    for name, depths in DEPTHS_MM.items():
        probe = Probe.preset(name)
        line_ms = _ours_line_ms(probe), _theirs_line_ms(probe)
        per_scatterer_us = (1e3 * line_ms[0] / SAMPLES, 1e3 * line_ms[1] / SCATTERERS)
        yield _row(
            f"{name}, a line of {SCATTERERS} scatterers",
            per_scatterer_us,
            "µs a scatterer and line",
            line_ms,
            "PyMUST sums waves to and from every element, ours blurs what a line met",
        )
        widths = [_widths_mm(probe, depth) for depth in depths]
        ours = point_spread(probe).at(np.array(depths))
        for depth, mine, (theirs, _) in zip(depths, ours.lateral_mm, widths, strict=True):
            yield _row(f"{name}, a point at {depth:g} mm", (mine, theirs), "width across, mm")
        along = float(np.mean([one for _, one in widths]))
        yield _row(f"{name}, a point", (ours.axial_mm, along), "width along, mm")


def _row(
    task: str,
    found: tuple[float, float],
    what: str,
    ms: tuple[float, float] | None = None,
    remark: str = "",
) -> Row:
    version = metadata.version("pymust")
    times = (None, None, None) if ms is None else (*ms, ms[0] / ms[1])
    return Row("pymust", version, task, *times, *found, what, remark)


def _ours_line_ms(probe: Probe) -> float:
    """A whole picture of one tissue, over its lines; every sample has its scatterer."""
    place = axis_aligned((2.0, 2.0, 2.0), (-90.0, -30.0, -40.0))
    muscle = np.full((41, 91, 91), label("muscle"), dtype=np.uint16)
    muscle[:, :15] = label("air")
    body = Anatomy(
        "block", Volume(np.zeros(muscle.shape, np.int16), place), Volume(muscle, place, "label")
    )
    pose = np.eye(4)  # pressed 1 mm into the skin, looking along +y, the marker towards +x
    pose[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    pose[1, 3] = 1.0
    echoes = prepare(body, (0.0, 45.0, 0.0), reach_mm=70.0)
    patient_from_probe = Transform(pose, target=PATIENT, source=PROBE)

    def picture() -> float:
        start = time.process_time()
        sonogram(echoes, probe, patient_from_probe, lines=LINES, samples=SAMPLES)
        return time.process_time() - start

    picture()
    return 1e3 * min(picture() for _ in range(ROUNDS)) / LINES


def _theirs_line_ms(probe: Probe) -> float:
    """Echoes of a scatterer for each sample of a line, heard by all elements; no beam is formed."""
    rng = np.random.default_rng(0)
    z_mm = np.linspace(5.0, probe.depth_mm, SCATTERERS)
    x_mm = rng.uniform(-2.0, 2.0, SCATTERERS)
    return 1e3 * min(_echoes(probe, x_mm, z_mm)[2] for _ in range(2))


def _echoes(probe: Probe, x_mm: Floats, z_mm: Floats) -> tuple[Floats, float, float]:
    """Signals (T, E) of a line through the middle, their sampling rate in MHz, and CPU seconds."""
    param = pymust.utils.Param()
    param.fc = probe.frequency_mhz * 1e6
    param.pitch = param.width = probe.pitch_mm * 1e-3
    param.kerf = 0.0
    param.Nelements = probe.elements
    param.bandwidth = 100.0 * probe.bandwidth
    param.c, param.TXnow = SPEED_MM_US * 1e3, 1
    param.radius = probe.radius_mm * 1e-3 if probe.kind == "curved" else np.inf
    at = _elements_mm(probe)
    place = (np.arange(probe.elements) - 0.5 * (probe.elements - 1)) * probe.pitch_mm
    span = 0.5 * probe.aperture * probe.pitch_mm
    param.TXapodization = np.where(np.abs(place) < span, np.cos(0.5 * np.pi * place / span) ** 2, 0)
    away = np.hypot(at[:, 0], probe.focus_mm - at[:, 1])
    delays = (away.max() - away) / SPEED_MM_US * 1e-6
    chord = -at[:, 1].min()  # PyMUST counts depth from the ends of a curved face
    param.fs = 4 * param.fc
    start = time.process_time()
    found, _ = pymust.simus(
        x_mm * 1e-3, (z_mm + chord) * 1e-3, np.ones(len(x_mm)), delays[None], param
    )
    return np.asarray(found), 4 * probe.frequency_mhz, time.process_time() - start


def _elements_mm(probe: Probe) -> Floats:
    """Across and down (E, 2) from the middle of the face."""
    place = (np.arange(probe.elements) - 0.5 * (probe.elements - 1)) * probe.pitch_mm
    if probe.kind == "linear":
        return np.stack([place, np.zeros_like(place)], axis=1)
    angle = place / probe.radius_mm
    return probe.radius_mm * np.stack([np.sin(angle), np.cos(angle) - 1.0], axis=1)


def _widths_mm(probe: Probe, depth_mm: float) -> tuple[float, float]:
    """Full widths at half of the amplitude across and along the line, delays set on its middle."""
    across = np.linspace(0.0, max(4 * probe.wavelength_mm, 0.1 * depth_mm), 25)
    at = _elements_mm(probe)
    place = (np.arange(probe.elements) - 0.5 * (probe.elements - 1)) * probe.pitch_mm
    most = 0.5 * probe.aperture * probe.pitch_mm
    span = max(min(0.5 * depth_mm / probe.f_number, most), 2 * probe.pitch_mm)
    weight = np.where(np.abs(place) < span, np.cos(0.5 * np.pi * place / span) ** 2, 0)
    way = np.hypot(at[:, 0], depth_mm - at[:, 1])
    peaks, along = [], 0.0
    for x in across:
        heard, rate_mhz, _ = _echoes(probe, np.array([x]), np.array([depth_mm]))
        count = 8 * len(heard)
        frequency = np.fft.rfftfreq(len(heard), 1 / rate_mhz)
        # bring all elements to one time, then sum; eight samples for one, and the envelope
        shift = np.exp(2j * np.pi * np.outer(frequency, way - depth_mm) / SPEED_MM_US)
        wave = (np.fft.rfft(heard, axis=0) * shift) @ weight
        spectrum = np.zeros(count, dtype=complex)
        spectrum[: len(wave)] = wave
        envelope = np.abs(np.fft.ifft(spectrum))
        peaks.append(envelope.max())
        if x == 0:
            along = _width(envelope) / (8 * rate_mhz) * SPEED_MM_US / 2
    profile = np.array(peaks) / peaks[0]
    low = int(np.flatnonzero(profile < 0.5)[0])
    share = (profile[low - 1] - 0.5) / (profile[low - 1] - profile[low])
    return float(2 * (across[low - 1] + share * (across[low] - across[low - 1]))), along


def _width(envelope: Floats) -> float:
    """Samples over half of the largest value, around it."""
    top, half = int(envelope.argmax()), 0.5 * envelope.max()
    above = envelope >= half
    after = top + int(np.argmin(above[top:]))
    before = top - int(np.argmin(above[top::-1]))
    rise = (half - envelope[before]) / (envelope[before + 1] - envelope[before])
    fall = (half - envelope[after]) / (envelope[after - 1] - envelope[after])
    return float((after - fall) - (before + rise))


if __name__ == "__main__":
    say(rows())
