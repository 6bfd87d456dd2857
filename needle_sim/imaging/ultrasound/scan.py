"""`sonogram`: lines marched through a scene, needles added, blurred, compressed and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.ultrasound import _kernels, needle_echo
from needle_sim.imaging.ultrasound.acoustics import BONES
from needle_sim.imaging.ultrasound.blur import Blur, blur_of, detected
from needle_sim.imaging.ultrasound.contact import check_contact, line_gaps_mm
from needle_sim.imaging.ultrasound.march import Marched, march, rays_of
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.scene import Echoes, prepare
from needle_sim.imaging.ultrasound.sonogram import Sonogram, layout
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.jit import in_slabs

TGC_DB_CM_MHZ = 0.7
"""Attenuation that the time-gain compensation makes up for by default (that of muscle)."""

MOST_TGC_DB = 64.0
"""Compensation ends here, where the speckle of muscle has sunk into the receiver's noise: below it
noise stays as grey as muscle was (proposed)."""

WHITE_DB = -20.0
"""Envelope, against a perfect mirror, that is drawn white without gain (proposed)."""

_SLAB = 80
_BEYOND_MM = 20.0


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
    is compensated, compressed and drawn. Sound runs straight, at 1540 m/s everywhere.

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
    slices : int, odd
        Planes within the thickness of the beam that are marched. With 1, needles fade by the slice
        profile, and the echo of tilted bone is spread over the depths that it has in the slice.
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
        The face lies over 3 mm off the skin or over 15 mm inside the body: the message says how
        far to move it. Gaps at the ends of a curved face are filled, as by tissue that bulges.
    """
    depth = probe.depth_mm if depth_mm is None else float(depth_mm)
    count = probe.lines if lines is None else lines
    _check(depth, gain_db, dynamic_range_db, tgc, slices, count, samples)
    if not (patient_from_probe.target.meets(PATIENT) and patient_from_probe.source.meets(PROBE)):
        raise InputError(
            "patient_from_probe must map the probe's frame to the patient, it maps "
            f"{patient_from_probe.source} to {patient_from_probe.target}"
        )
    echoes = _scene(anatomy_or_echoes, probe, patient_from_probe, depth)
    check_contact(echoes, patient_from_probe)
    blur = blur_of(probe, depth, count, samples)
    rays = rays_of(echoes, probe, patient_from_probe, depth, count * blur.stride, blur)
    found = march(echoes, rays, blur, slices=slices)
    needle_echo.add_needles(needles, patient_from_probe.inverse(), probe, found, blur, rays.step_mm)
    lines_db = detected(found.echo, blur, count, rng)
    lines_db += np.float32(gain_db) + _tgc_db(probe, rays.step_mm, samples, tgc)
    array, codes, truth = _drawn(lines_db, found, probe, depth, dynamic_range_db, blur)
    lay = layout(probe, count, samples, depth)
    truth["needles"] = needle_echo.truth_of(needles, patient_from_probe.inverse(), lay, probe)
    truth["gap_mm"] = line_gaps_mm(echoes, rays, blur.stride)
    picture = (array, lay.at_line >= 0, lay.pixel_mm, lay.origin_px, lines_db)
    told = (probe, patient_from_probe, depth, {**truth, **_named(codes)})
    shown = Sonogram(*picture, *told, gain_db=gain_db, dynamic_range_db=dynamic_range_db)
    return replace(shown, truth={**shown.truth, "cut": _beyond(echoes, shown)})


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
        ("samples", samples, 64, 8192),
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
    return prepare(given, patient_from_probe.apply([0.0, 0.0, half]), reach_mm=half + _BEYOND_MM)


def _tgc_db(probe: Probe, step_mm: float, samples: int, tgc: float) -> NDArray[np.float32]:
    """Compensation (S,) in dB, there and back."""
    at_cm = (np.arange(samples) + 0.5) * step_mm * 0.1
    found = np.minimum(2.0 * tgc * probe.frequency_mhz * at_cm, MOST_TGC_DB)
    return np.asarray(found, dtype=np.float32)


def _drawn(
    lines_db: NDArray[np.float32],
    found: Marched,
    probe: Probe,
    depth_mm: float,
    range_db: float,
    blur: Blur,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], dict[str, object]]:
    """The picture, the codes of its pixels, and depths of bone."""
    lay = layout(probe, *lines_db.shape, depth_mm)
    array = np.empty(lay.at_line.shape, dtype=np.float32)
    codes = np.empty(lay.at_line.shape, dtype=np.uint8)
    given = (lines_db, found.codes, lay.at_line, lay.at_sample, blur.stride)

    def work(start: int, stop: int) -> None:
        tone = (float(WHITE_DB - range_db), float(range_db))
        _kernels.convert(*given, *tone, start, stop, array, codes)

    in_slabs(work, len(array), slab=_SLAB)
    return array, codes, {"surface_mm": found.surface_mm[blur.stride // 2 :: blur.stride]}


def _beyond(echoes: Echoes, shown: Sonogram) -> NDArray[np.bool_]:
    """Pixels (R, C) of the sector that lie off the scene, where its rim goes on."""
    voxel_from_pixel = (echoes.patient_from_voxel.inverse() @ shown.patient_from_pixel).matrix
    rows, columns = shown.array.shape
    least, most = np.zeros(rows), np.full(rows, columns - 1.0)  # columns within, row by row
    for (down, across, _, first), count in zip(voxel_from_pixel, echoes.grid.shape, strict=False):
        at = first + down * np.arange(rows)
        if abs(across) < 1e-12:
            most[(at < -0.5) | (at > count - 0.5)] = -1.0
            continue
        ends = np.sort([(-0.5 - at) / across, (count - 0.5 - at) / across], axis=0)
        least, most = np.maximum(least, ends[0]), np.minimum(most, ends[1])
    column = np.arange(columns)
    out = (column < least[:, None]) | (column > most[:, None])
    return out & shown.sector


def _named(codes: NDArray[np.uint8]) -> dict[str, NDArray[np.generic]]:
    """Tissue, bone and shadow of each pixel."""
    bone = codes >= 128
    labels = (codes & 63).astype(np.uint16)
    labels[bone] = BONES[0]
    return {"labels": labels, "bone": bone, "shadow": (codes & 64) > 0}
