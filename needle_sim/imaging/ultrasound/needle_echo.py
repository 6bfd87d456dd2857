"""A needle's echo, exact along its shaft: by angle, distance from the plane, and tip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.blur import Blur
from needle_sim.imaging.ultrasound.march import Marched
from needle_sim.imaging.ultrasound.point_spread import PointSpread, point_spread
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.sonogram import Layout
from needle_sim.instruments.placed import PlacedNeedle

Floats = NDArray[np.float64]

# Off the square the echo is that of roughness and bevel, not of a smooth cylinder, whose lobe falls
# far faster than needles do: Schafhalter-Zoppoth et al. (2004) find a steady fall from 0 to 65
# degrees, and less light of thinner needles; Nichols et al. (2003) a loss of most of it at 75.
SQUARE_DB, LOBE_DEG = -16.0, 11.0
ROUGH_DB, ROUGH_FALL_DB = -30.0, 18.0  # at 0 degrees, and what is lost on the way to 90
GAUGE_MM = 0.72
TIP_MM, TIP_DB, BEVEL_DB = 1.5, 4.0, 4.0
COMET, COMET_FALL, COMETS = 0.12, 0.55, 5
IN_PLANE_DEG = 10.0

_STEP_MM = 0.1
_GRAIN = 1.3


@dataclass(frozen=True, slots=True, eq=False)
class Deposit:
    """Complex amplitudes (N,) to add at fractional lines and samples (N,)."""

    line: Floats
    sample: Floats
    value: NDArray[np.complex128]


def brightness(angle_deg: Floats | float, outer_mm: float) -> tuple[Floats, Floats]:
    """Specular and rough amplitude of a shaft whose normal is ``angle_deg`` off the beam.

    Both fall with the angle, and with the square root of the diameter.
    """
    off = np.asarray(angle_deg, dtype=np.float64)
    size = np.sqrt(outer_mm / GAUGE_MM)
    mirror = size * 10 ** (SQUARE_DB / 20) * np.exp(-((off / LOBE_DEG) ** 2))
    rough = size * 10 ** ((ROUGH_DB - ROUGH_FALL_DB * off / 90.0) / 20)
    return np.asarray(mirror), np.asarray(rough)


def deposit(
    placed: PlacedNeedle,
    probe_from_patient: Transform,
    probe: Probe,
    spread: PointSpread,
    *,
    lines: int,
    step_mm: float,
) -> Deposit:
    """What one needle sends back, before the point spread and the loss on the way.

    Parameters
    ----------
    spread : PointSpread
        At each sample; ``slice_mm`` weighs by the distance from the plane.
    lines : int
        Of the march; ``step_mm`` is the length of a sample.
    """
    shaft = probe_from_patient.apply(resample(placed.shaft_mm, _STEP_MM))
    samples = len(spread.depth_mm)
    axis = np.gradient(shaft, axis=0)
    length = np.linalg.norm(axis, axis=1, keepdims=True)
    axis /= length
    line, depth, beam = _polar(shaft, probe, lines)
    sample = depth / step_mm - 0.5
    seen = (depth > 0) & (sample < samples - 2) & (line > -2) & (line < lines + 1)
    shaft, axis, line, sample, beam = (one[seen] for one in (shaft, axis, line, sample, beam))
    if not len(shaft):
        return Deposit(line, sample, np.empty(0, dtype=np.complex128))
    off = np.degrees(np.arcsin(np.clip(np.abs((axis * beam).sum(axis=1)), 0.0, 1.0)))
    mirror, rough = brightness(off, placed.needle.outer_mm)
    at = np.clip(sample.astype(int), 0, samples - 1)
    slab = np.exp(-4 * np.log(2) * (shaft[:, 1] / spread.slice_mm[at]) ** 2)
    steps = np.abs(np.gradient(line)) if len(line) > 1 else np.zeros(len(line))
    along = np.abs(np.gradient(sample)) if len(line) > 1 else np.zeros(len(line))
    share = steps + along * step_mm / spread.axial_mm
    share += _STEP_MM * np.abs(axis[:, 1]) / spread.slice_mm[at]
    rough = rough * _tip_gain(placed, probe_from_patient, beam, np.flatnonzero(seen), len(seen))
    turn = np.asarray(np.flatnonzero(seen) * _STEP_MM, dtype=np.float64)
    grain = np.exp(2j * np.pi * _scattered(turn)) * np.sqrt(np.minimum(1.0, share))
    value = slab * (mirror * np.minimum(share, 1.0) + _GRAIN * rough * grain)
    return _with_comet(line, sample, value, placed.needle.outer_mm / step_mm, mirror * share * slab)


def _polar(points: Floats, probe: Probe, lines: int) -> tuple[Floats, Floats, Floats]:
    """Fractional line, depth and beam direction (N, 3) of points (N, 3) of the probe's frame."""
    x, z = points[:, 0], points[:, 2]
    if probe.kind == "linear":
        beam = np.tile([0.0, 0.0, 1.0], (len(points), 1))
        return (0.5 - x / probe.footprint_mm) * lines - 0.5, z, beam
    angle = np.arctan2(x, z + probe.radius_mm)
    depth = np.hypot(x, z + probe.radius_mm) - probe.radius_mm
    beam = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
    return (0.5 - angle / np.radians(probe.field_deg)) * lines - 0.5, depth, beam


def _tip_gain(
    placed: PlacedNeedle,
    probe_from_patient: Transform,
    beam: Floats,
    index: NDArray[np.intp],
    count: int,
) -> Floats:
    """The bevel scatters more, most when it faces the probe."""
    from_tip = (count - 1 - index) * _STEP_MM
    clock = np.deg2rad(placed.bevel_clock_deg)
    face = placed.trajectory.patient_from_needle.turn([np.sin(clock), np.cos(clock), 0.0])
    towards = -(beam @ probe_from_patient.turn(face))
    more = TIP_DB + BEVEL_DB * np.clip(towards, 0.0, 1.0)
    return np.where(from_tip < TIP_MM, 10 ** (more / 20), 1.0)


def _scattered(along_mm: Floats) -> Floats:
    """A fixed phase, in turns, of each place on the shaft."""
    return (np.floor(along_mm / 0.3) * 0.6180339887498949 * 7.0) ** 1.5 % 1.0


def _with_comet(
    line: Floats, sample: Floats, value: NDArray[np.complex128], gap: float, mirror: Floats
) -> Deposit:
    """The echo and fainter ones behind it, from sound that runs to and fro in the shaft."""
    places, values = [sample], [value]
    for n in range(1, COMETS + 1):
        places.append(sample + n * 1.6 * gap)
        echo = (mirror * COMET * COMET_FALL ** (n - 1) * (-1.0) ** n).astype(np.complex128)
        values.append(echo)
    return Deposit(np.tile(line, COMETS + 1), np.concatenate(places), np.concatenate(values))


def add(
    found: Deposit,
    through: NDArray[np.float32],
    echo: NDArray[np.float32],
    pad: int,
) -> None:
    """Add a deposit to the lines (2, P + L + P, S), each as weak as the way there has made it."""
    lines, samples = through.shape
    a, b = np.floor(found.line).astype(int), np.floor(found.sample).astype(int)
    u, v = found.line - a, found.sample - b
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        n, s = a + i, b + j
        kept = (n >= 0) & (n < lines) & (s >= 0) & (s < samples)
        n, s = n[kept], s[kept]
        weight = ((u if i else 1 - u) * (v if j else 1 - v))[kept] * through[n, s]
        value = found.value[kept] * weight
        np.add.at(echo[0], (n + pad, s), value.real.astype(np.float32))
        np.add.at(echo[1], (n + pad, s), value.imag.astype(np.float32))


def add_needles(
    needles: Sequence[PlacedNeedle],
    probe_from_patient: Transform,
    probe: Probe,
    found: Marched,
    blur: Blur,
    step_mm: float,
) -> None:
    """Add every needle to marched lines, where sound gets."""
    lines = found.through.shape[0]
    for placed in needles:
        one = deposit(placed, probe_from_patient, probe, blur.spread, lines=lines, step_mm=step_mm)
        add(one, found.through, found.echo, blur.pad)


def truth_of(
    needles: Sequence[PlacedNeedle], probe_from_patient: Transform, lay: Layout, probe: Probe
) -> tuple[dict[str, Any], ...]:
    """Where needles lie on the picture.

    In the plane is a tip within half of the slice's width there, with its shaft at most
    `IN_PLANE_DEG` off the plane.
    """
    found = []
    for placed in needles:
        points = probe_from_patient.apply(placed.shaft_mm)
        row = points[:, 2] / lay.pixel_mm + lay.origin_px[0]
        column = lay.origin_px[1] - points[:, 0] / lay.pixel_mm
        axis = probe_from_patient.turn(placed.trajectory.axis)
        angle = float(np.degrees(np.arcsin(np.clip(abs(axis[1]), 0.0, 1.0))))
        away = float(points[-1, 1])
        slab = float(point_spread(probe).at(points[-1:, 2]).slice_mm[0])
        found.append(
            {
                "tip_px": np.array([row[-1], column[-1]]),
                "polyline_px": np.stack([row, column], axis=1),
                "tip_out_of_plane_mm": away,
                "in_plane": bool(abs(away) <= 0.5 * slab and angle <= IN_PLANE_DEG),
                "angle_deg": angle,
            }
        )
    return tuple(found)
