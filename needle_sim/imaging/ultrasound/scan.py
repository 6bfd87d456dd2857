"""`sonogram`: lines marched through a scene, needles added, blurred, compressed and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.ultrasound import _kernels, needle_echo
from needle_sim.imaging.ultrasound.acoustics import AIR, BONES, MUSCLE_DB, SOFT_ECHO, table_for
from needle_sim.imaging.ultrasound.point_spread import FWHM_OF_SIGMA, PointSpread, point_spread
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.scene import Echoes, prepare
from needle_sim.imaging.ultrasound.sonogram import Sonogram, layout
from needle_sim.imaging.ultrasound.textures import PER_DB, scatterers
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.jit import in_slabs

Floats = NDArray[np.float64]

TGC_DB_CM_MHZ = 0.6
"""Attenuation that the time-gain compensation makes up for by default (usual soft tissue)."""

WHITE_DB = -10.0
"""Envelope, against a perfect mirror, that is drawn white without gain (proposed)."""

NOISE_DB = -104.0
"""Electronic noise at the receiver, before the compensation (proposed: 9 MHz then reaches 5 cm of
muscle and 3.5 MHz more than 12 cm)."""

BONE_MIRROR = 0.59
"""Amplitude reflected from muscle to cortical bone, (6.71 - 1.73) / (6.71 + 1.73)."""

LOBE, ROUGH = 9.0, 0.28
BONE_LOSS_DB_MM, BLOOM_DB_MM = 20.0, 11.0
CLUTTER_DB = -27.0
MULTIPLE = 0.006
SKIN_MM, CONTACT_MM = 1.5, 14.0
MOST_OFF_MM, MOST_IN_MM = 3.0, 15.0
MOST_SAMPLES = 8192

_SLAB = 16
_BLOCK = 64
_REACH_SIGMA = 2.6
_PER_LINE = 2.0  # lines within the half-width of a beam, at least
_TAPS_SIGMA = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Blur:
    """The point spread in lines and samples, as `_kernels.blur` takes it.

    ``gain`` (S,) makes blurred noise of mean square 1 of unblurred; ``stride`` marched lines make
    one of the picture, ``pad`` more lie on either side.
    """

    weights: NDArray[np.float32]
    reach: NDArray[np.int64]
    taps: NDArray[np.float32]
    gain: NDArray[np.float32]
    stride: int
    pad: int
    spread: PointSpread


def sonogram(
    anatomy_or_echoes: Anatomy | Echoes,
    probe: Probe,
    patient_from_probe: Transform,
    *,
    needles: Sequence[PlacedNeedle] = (),
    depth_mm: float | None = None,
    gain_db: float = 0.0,
    dynamic_range_db: float = 60.0,
    tgc: float = TGC_DB_CM_MHZ,
    slices: int = 1,
    lines: int | None = None,
    samples: int = 1024,
    rng: np.random.Generator | None = None,
) -> Sonogram:
    """A B-mode picture of a patient.

    Lines are marched through the scene: loss on the way, echoes where impedance changes and from
    bone, speckle of scatterers that are fixed in the tissue. Needles are added exactly. A Gaussian
    of the width of the array's point spread at each depth blurs the complex lines, whose envelope
    is compensated, compressed and drawn.

    Parameters
    ----------
    anatomy_or_echoes : Anatomy or Echoes
        Give `Echoes` (from `prepare`) when more than one picture is taken of a region.
    probe : Probe
    patient_from_probe : Transform
        From the probe's frame: origin in the middle of the face, +z into the body, +x towards the
        marker, which is drawn at the left.
    needles : sequence of PlacedNeedle
    depth_mm : float, mm
        Of the picture; the probe's own by default.
    gain_db, dynamic_range_db : float, dB
    tgc : float, dB/(cm MHz)
        Attenuation that is made up for; 0 is off.
    slices : int
        Planes within the thickness of the beam that are marched; 1 weighs bone and needles by the
        slice profile alone.
    lines, samples : int
    rng : Generator or None
        Draws electronic noise; without it the picture has none.

    Returns
    -------
    Sonogram
        The same bytes for any number of threads.

    Raises
    ------
    InputError
        The face lies off the skin by more than 3 mm or more than 15 mm inside the body: the message
        says how far it is to be moved. Gaps under a curved face are filled, as by soft tissue that
        bulges, up to 14 mm; lines with more have no contact and stay black.
    """
    depth = probe.depth_mm if depth_mm is None else float(depth_mm)
    count = probe.lines if lines is None else lines
    _check(depth, gain_db, dynamic_range_db, tgc, slices, count, samples)
    if not (patient_from_probe.target.meets(PATIENT) and patient_from_probe.source.meets(PROBE)):
        raise InputError(
            f"patient_from_probe maps {patient_from_probe.source} to {patient_from_probe.target}"
        )
    echoes = _scene(anatomy_or_echoes, probe, patient_from_probe, depth)
    _check_contact(echoes, patient_from_probe)
    blur = blur_of(probe, depth, count, samples)
    echo, through, codes, surface = _marched(
        echoes, probe, patient_from_probe, depth, count, samples, slices, blur
    )
    back = patient_from_probe.inverse()
    step = depth / samples
    for placed in needles:
        found = needle_echo.deposit(
            placed,
            back,
            probe,
            blur.spread,
            lines=count * blur.stride,
            step_mm=step,
            samples=samples,
        )
        needle_echo.add(found, through, echo, blur.pad)
    lines_db = _detected(echo, blur, count, rng)
    lines_db += np.float32(gain_db) + _tgc_db(probe, depth, samples, tgc)
    return _drawn(
        lines_db, codes, surface, probe, patient_from_probe, depth, dynamic_range_db, needles, blur
    )


def _check(
    depth_mm: float,
    gain_db: float,
    range_db: float,
    tgc: float,
    slices: int,
    lines: int,
    samples: int,
) -> None:
    limits = (
        ("depth_mm", depth_mm, 10.0, 300.0),
        ("gain_db", gain_db, -60.0, 60.0),
        ("dynamic_range_db", range_db, 20.0, 120.0),
        ("tgc", tgc, 0.0, 3.0),
        ("slices", slices, 1, 15),
        ("lines", lines, 8, 2048),
        ("samples", samples, 64, MOST_SAMPLES),
    )
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise InputError(f"{name} of a sonogram must be {low:g} to {high:g}, got {value}")


def _scene(
    given: Anatomy | Echoes, probe: Probe, patient_from_probe: Transform, depth_mm: float
) -> Echoes:
    if isinstance(given, Echoes):
        return given
    half = 0.5 * depth_mm
    return prepare(given, patient_from_probe.apply([0.0, 0.0, half]), reach_mm=half + 20.0)


def _check_contact(echoes: Echoes, patient_from_probe: Transform) -> None:
    """Refuse a face that is not on the skin."""
    along = np.arange(-60.0, 60.0, 0.25)
    points = patient_from_probe.apply(np.stack([0 * along, 0 * along, along], axis=1))
    inside = (echoes.words(points) & 255) != AIR
    if not inside.any():
        raise InputError(
            f"the probe's axis meets no skin within 60 mm of its face at "
            f"{points[240].round(1)} (patient LPS, mm); point +z of the probe into the body"
        )
    air = np.flatnonzero(~inside & (np.arange(len(along)) <= np.flatnonzero(inside).max()))
    if inside[240] and not (air < 240).any():
        raise InputError(
            "the probe's face lies more than 60 mm inside the body; move it out along its -z"
        )
    first = 240
    if inside[240]:
        first = int(air[air < 240].max()) + 1
    else:
        ahead = np.flatnonzero(inside[240:])
        if not len(ahead):
            raise InputError("the probe points away from the body; turn its +z into it")
        first = 240 + int(ahead[0])
    gap = along[first]
    if gap > MOST_OFF_MM:
        raise InputError(
            f"the probe's face is {gap:.1f} mm off the skin, at most {MOST_OFF_MM:g} are bridged by "
            f"gel; move it {gap:.1f} mm along its +z, into the body"
        )
    if -gap > MOST_IN_MM:
        raise InputError(
            f"the probe's face is {-gap:.1f} mm inside the body, at most {MOST_IN_MM:g} can be "
            f"pressed in; move it {-gap:.1f} mm along its -z, out of the body"
        )


@lru_cache(maxsize=8)
def blur_of(probe: Probe, depth_mm: float, lines: int, samples: int) -> Blur:
    """The point spread of a probe on a grid of lines and samples."""
    step = depth_mm / samples
    at = (np.arange(samples) + 0.5) * step
    spread = point_spread(probe).at(at)
    wide = spread.lateral_mm / probe.spacing_mm(lines, at)
    stride = max(1, int(np.ceil(_PER_LINE / wide.min())))
    stride += 1 - stride % 2  # odd, so that a line of the picture lies on one that is marched
    sigma = np.maximum(wide * stride / FWHM_OF_SIGMA, 0.3)
    pad = int(np.ceil(_REACH_SIGMA * sigma.max()))
    away = np.arange(pad + 1)[:, None]
    weights = np.exp(-0.5 * (away / sigma) ** 2) * (away <= np.ceil(_REACH_SIGMA * sigma))
    weights /= weights[0] + 2 * weights[1:].sum(axis=0)
    blocks = -(-samples // _BLOCK)
    block = -(-samples // blocks)
    reach = np.array(
        [
            int(np.ceil(_REACH_SIGMA * sigma[b * block : (b + 1) * block].max()))
            for b in range(blocks)
        ]
    )
    along = spread.axial_mm / step / FWHM_OF_SIGMA
    taps = np.exp(-0.5 * (np.arange(int(np.ceil(_TAPS_SIGMA * along)) + 1) / along) ** 2)
    power = (weights[0] ** 2 + 2 * (weights[1:] ** 2).sum(axis=0)) * _power(taps, spread, step)
    return Blur(
        weights.astype(np.float32),
        reach,
        taps.astype(np.float32),
        (1.0 / np.sqrt(power)).astype(np.float32),
        stride,
        pad,
        spread,
    )


def cell_mm(spread: PointSpread) -> float:
    """Side of the cubes that each hold one scatterer amplitude: well under the pulse's length."""
    return 0.5 * spread.axial_mm


def _power(taps: Floats, spread: PointSpread, step_mm: float) -> float:
    """Mean square of noise of mean square 1 after the taps; neighbours share a cell in part."""
    full = np.concatenate([taps[:0:-1], taps])
    lag = np.abs(np.arange(len(full))[:, None] - np.arange(len(full)))
    # of all directions, the mean chance that two places a lag apart fall into one cube
    alike = np.maximum(0.0, 1.0 - 0.9 * lag * step_mm / cell_mm(spread)) ** 1.2
    return float(full @ alike @ full)


def _marched(
    echoes: Echoes,
    probe: Probe,
    patient_from_probe: Transform,
    depth_mm: float,
    lines: int,
    samples: int,
    slices: int,
    blur: Blur,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], Floats]:
    """Complex lines (2, P + L + P, S), what gets through (L, S), codes (L, S), first bone (L,)."""
    count, step = lines * blur.stride, depth_mm / samples
    starts, along = probe.rays(count)
    to_voxel = echoes.patient_from_voxel.inverse() @ patient_from_probe
    begin = to_voxel.apply(starts + 0.5 * step * along)
    steps, lift = to_voxel.turn(along) * step, to_voxel.turn([0.0, 1.0, 0.0])
    table = table_for(probe)
    tone = (10.0 ** ((np.arange(256) - 128) / (20.0 * PER_DB))).astype(np.float64)
    weight = table.speckle / table.speckle  # per line and tissue, from the direction of fibres
    weight = _anisotropy(table.anisotropy_db, patient_from_probe.turn(along))
    bone = (
        BONE_MIRROR,
        LOBE,
        ROUGH,
        10 ** (-BONE_LOSS_DB_MM * step / 20),
        BLOOM_DB_MM * np.log(10) / 20,
        10 ** ((MUSCLE_DB + CLUTTER_DB) / 20),
        MULTIPLE,
        SOFT_ECHO,
    )
    marks = (
        AIR,
        label("skin"),
        label("fat"),
        label("muscle"),
        round(SKIN_MM / step),
        round(CONTACT_MM / step),
    )
    echo = np.zeros((2, count + 2 * blur.pad, samples), dtype=np.float32)
    inner = echo[:, blur.pad : blur.pad + count]
    through = np.zeros((count, samples), dtype=np.float32)
    codes = np.zeros((count, samples), dtype=np.uint8)
    surface = np.full(count, np.inf)
    places, shares = _planes(slices)
    given = (table.speckle, table.impedance_mrayl, table.wall, weight, tone, scatterers())
    loss = 10 ** (-table.loss_db_mm * step / 20)
    cells = echoes.step_mm / cell_mm(blur.spread)
    for place, share in zip(places, shares, strict=True):
        offset = place * blur.spread.slice_mm

        def work(
            start: int,
            stop: int,
            offset: Floats = offset,
            share: float = share,
            place: float = place,
        ) -> None:
            rays = (echoes.grid, begin, steps, lift, offset, loss, *given)
            to = (start, stop, inner, through, codes, surface)
            _kernels.march(*rays, cells, blur.gain, step, bone, marks, share, place == 0.0, *to)

        in_slabs(work, count, slab=_SLAB)
    echo[:, : blur.pad] = inner[:, :1]
    echo[:, blur.pad + count :] = inner[:, -1:]
    surface = np.where(surface < _kernels.FAR, (surface + 0.5) * step, np.inf)
    return echo, through, codes, surface


def _planes(slices: int) -> tuple[Floats, Floats]:
    """Places, in widths of the slice, and shares of the planes that stand for it."""
    if slices == 1:
        return np.zeros(1), np.ones(1)
    if slices % 2 == 0:
        raise InputError(f"slices must be odd, so that one is in the plane, got {slices}")
    places = np.linspace(-0.6, 0.6, slices)
    shares = np.exp(-4 * np.log(2) * places**2)
    return places, shares / shares.sum()


def _anisotropy(loss_db: Floats, beam: Floats) -> Floats:
    """Amplitude (L, T) of each tissue's speckle: fibres along the spine send least back along it."""
    along = np.abs(beam[:, 2])
    return np.asarray(10.0 ** (-np.outer(along**2, loss_db) * 2.0 / 20.0))


def _detected(
    echo: NDArray[np.float32], blur: Blur, lines: int, rng: np.random.Generator | None
) -> NDArray[np.float32]:
    """Envelope (L, S) in dB after the point spread, with the receiver's noise."""
    samples = echo.shape[2]
    out = np.empty((2, lines, samples), dtype=np.float32)
    first = blur.pad + blur.stride // 2

    def work(start: int, stop: int) -> None:
        row = np.zeros(samples + 2 * len(blur.taps), dtype=np.float32)
        to = (blur.stride, first, start, stop, row, out)
        _kernels.blur(echo, blur.weights, blur.reach, blur.taps, *to)

    in_slabs(work, lines, slab=_SLAB)
    if rng is not None:
        noise = rng.standard_normal(out.shape, dtype=np.float32)
        out += noise * np.float32(10 ** (NOISE_DB / 20) * np.sqrt(0.5))
    power = out[0] * out[0] + out[1] * out[1]
    power += np.float32(1e-20)
    return np.asarray(np.float32(10.0 / np.log(10.0)) * np.log(power))


def _tgc_db(probe: Probe, depth_mm: float, samples: int, tgc: float) -> NDArray[np.float32]:
    """Compensation (S,) in dB, there and back."""
    at_cm = (np.arange(samples) + 0.5) * depth_mm / samples * 0.1
    return (2.0 * tgc * probe.frequency_mhz * at_cm).astype(np.float32)


def _drawn(
    lines_db: NDArray[np.float32],
    codes: NDArray[np.uint8],
    surface: Floats,
    probe: Probe,
    patient_from_probe: Transform,
    depth_mm: float,
    range_db: float,
    needles: Sequence[PlacedNeedle],
    blur: Blur,
) -> Sonogram:
    lines, samples = lines_db.shape
    lay = layout(probe, lines, samples, depth_mm)
    array = np.empty(lay.at_line.shape, dtype=np.float32)
    seen = np.empty(lay.at_line.shape, dtype=np.uint8)
    tone = (blur.stride, float(WHITE_DB - range_db), float(range_db))

    def work(start: int, stop: int) -> None:
        to = (start, stop, array, seen)
        _kernels.convert(lines_db, codes, lay.at_line, lay.at_sample, *tone, *to)

    in_slabs(work, len(array), slab=80)
    bone = seen >= 128
    labels = (seen & 63).astype(np.uint16)
    labels[bone] = BONES[0]
    back = patient_from_probe.inverse()
    slab = float(blur.spread.slice_mm[samples // 2])
    truth = {
        "labels": labels,
        "bone": bone,
        "shadow": (seen & 64) > 0,
        "surface_mm": surface[blur.stride // 2 :: blur.stride],
        "needles": needle_echo.truth_of(needles, back, lay.pixel_mm, lay.origin_px, slab),
    }
    return Sonogram(
        array,
        lay.at_line >= 0,
        lay.pixel_mm,
        lay.origin_px,
        lines_db,
        probe,
        patient_from_probe,
        depth_mm,
        truth,
    )
