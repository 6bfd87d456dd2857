"""Lines marched through a scene: what comes back, and how much gets where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.acoustics import AIR, MUSCLE_DB, SOFT_ECHO, table_for
from needle_sim.imaging.ultrasound.blur import SLAB, Blur
from needle_sim.imaging.ultrasound.field.textures import PER_DB, scatterers
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scene import Echoes
from needle_sim.imaging.ultrasound.touch import CONTACT_MM
from needle_sim.jit import in_slabs

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

BONE_MIRROR = 0.59
"""Amplitude reflected from muscle to cortical bone, (6.71 - 1.73) / (6.71 + 1.73) MRayl."""

LOBE, ROUGH = 9.0, 0.4
"""A face sends back ``exp(-LOBE sin2)`` of its reflection at an angle to the beam, and bone besides
a share ``ROUGH cos`` of it in all directions (proposed; diffuse and specular, as in PLUS)."""

BONE_LOSS_DB_MM, BLOOM_DB_MM = 20.0, 11.0
"""Loss in bone, so that nothing is seen after 2 to 3 mm, and how fast the echo of its rough
surface dies away: 2 to 3 mm of bloom (proposed; PLUS has 20 dB/mm)."""

CLUTTER_DB, HAZE, HAZE_MM = -24.0, 2.0, 6.0
"""Clutter in a shadow against the speckle of muscle; next to the bone ``1 + HAZE`` times that,
which falls off over ``HAZE_MM`` (proposed)."""

MULTIPLE = 0.0006
"""Share of a bone's echo that is heard again at twice its depth: faint, about 20 dB under open
muscle there, as the shadow itself is (proposed)."""

SKIN_MM = 1.5
"""Skin that lies against the face (proposed)."""

RING_DB, RING_MM, SKIN_ECHOES = -30.0, 0.8, 5
ECHOES_DB, ECHO_FALL_DB = -42.0, 7.0
"""The probe's own ringing under its face, and the skin heard again and again (proposed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Lines in the scene's voxels, and what `_kernels.march` needs to know of them.

    Parameters
    ----------
    begin, steps : (L, 3) arrays, voxels
        First sample and step of each line.
    lift : (3,) array, voxels/mm
        Out of the plane.
    slice_mm : (S,) array, mm
        Width of the slice at each sample.
    step_mm : float, mm
    loss, speckle, impedance, wall, kin : (T,) arrays
        Per label: amplitude kept in a step, speckle, MRayl, membrane, what it sounds as.
    along : (L, T) array
        Speckle kept for the angle between line and fibres.
    tone : (256,) array
        Amplitude of a texture code.
    cells : float
        Cubes of one scatterer in a voxel's side.
    bone, marks : tuples
        As named in `_kernels.march`.
    """

    begin: Floats
    steps: Floats
    lift: Floats
    slice_mm: Floats
    step_mm: float
    loss: Floats
    speckle: Floats
    impedance: Floats
    wall: Floats
    kin: NDArray[np.int64]
    along: Floats
    tone: Floats
    cells: float
    bone: tuple[float, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Marched:
    """What lines bring back.

    Parameters
    ----------
    echo : (2, P + L + P, S) float32 array
        Real and imaginary part; P lines on either side repeat the outer ones.
    through : (L, S) float32 array
        Amplitude that is left on the way there and back.
    codes : (L, S) uint8 array
        Label, plus 128 inside bone and 64 where next to nothing gets through.
    surface_mm : (L,) array
        Depth of the first bone, inf where there is none.
    """

    echo: Image
    through: Image
    codes: NDArray[np.uint8]
    surface_mm: Floats


def rays_of(
    echoes: Echoes,
    probe: Probe,
    patient_from_probe: Transform,
    depth_mm: float,
    lines: int,
    blur: Blur,
) -> Rays:
    """The lines of a probe in a scene; sample ``s`` lies ``s + 0.5`` steps below the face."""
    step = depth_mm / len(blur.gain)
    starts, along = probe.rays(lines)
    voxel_from_probe = echoes.patient_from_voxel.inverse() @ patient_from_probe
    table = table_for(probe)
    back = np.abs(patient_from_probe.turn(along)[:, 2])  # fibres run along the spine
    names = ("skin", "fat", "muscle")
    samples = (round(SKIN_MM / step), round(CONTACT_MM / step))
    return Rays(
        voxel_from_probe.apply(starts + 0.5 * step * along),
        voxel_from_probe.turn(along) * step,
        voxel_from_probe.turn([0.0, 1.0, 0.0]),
        blur.spread.slice_mm,
        step,
        10.0 ** (-table.loss_db_mm * step / 20.0),
        table.speckle,
        table.impedance_mrayl,
        table.wall,
        table.kin,
        10.0 ** (-np.outer(back**2, table.anisotropy_db) / 20.0),
        10.0 ** ((np.arange(256) - 128) / (20.0 * PER_DB)),
        echoes.step_mm / blur.cell_mm,
        _bone(step),
        (AIR, *(label(name) for name in names), *samples),
    )


def _bone(step_mm: float) -> tuple[float, ...]:
    return (
        BONE_MIRROR,
        LOBE,
        ROUGH,
        float(10.0 ** (-BONE_LOSS_DB_MM * step_mm / 20.0)),
        float(10.0 ** (-BLOOM_DB_MM * step_mm / 20.0)),
        float(10.0 ** ((MUSCLE_DB + CLUTTER_DB) / 20.0)),
        HAZE,
        float(np.exp(-step_mm / HAZE_MM)),
        MULTIPLE,
        SOFT_ECHO,
    )


def march(echoes: Echoes, rays: Rays, blur: Blur, *, slices: int) -> Marched:
    """March every line, once for each of ``slices`` planes (odd) within the slice."""
    lines, samples = len(rays.begin), len(blur.gain)
    echo = np.zeros((2, lines + 2 * blur.pad, samples), dtype=np.float32)
    inner = echo[:, blur.pad : blur.pad + lines]
    through = np.zeros((lines, samples), dtype=np.float32)
    codes = np.zeros((lines, samples), dtype=np.uint8)
    surface = np.full(lines, _kernels.FAR)
    tables = (rays.loss, rays.speckle, rays.impedance, rays.wall, rays.kin, rays.along, rays.tone)
    for place, share in planes(slices):
        thick = rays.slice_mm if slices == 1 else np.zeros_like(rays.slice_mm)
        path = (rays.begin, rays.steps, rays.lift, place * rays.slice_mm, thick)
        given = (echoes.grid, *path, *tables, scatterers(), rays.cells, blur.gain, rays.step_mm)
        told = (rays.bone, rays.marks, share, place == 0.0)

        def work(
            start: int,
            stop: int,
            given: tuple[object, ...] = given,
            told: tuple[object, ...] = told,
        ) -> None:
            _kernels.march(*given, *told, start, stop, inner, through, codes, surface)

        in_slabs(work, lines, slab=SLAB)
    inner += ringing(samples, rays.step_mm, blur.spread.axial_mm)[:, None]
    echo[:, : blur.pad] = inner[:, :1]
    echo[:, blur.pad + lines :] = inner[:, -1:]
    depth = np.where(surface < _kernels.FAR, (surface + 0.5) * rays.step_mm, np.inf)
    return Marched(echo, through, codes, depth)


def ringing(samples: int, step_mm: float, axial_mm: float) -> Image:
    """What every line hears (2, S) of the probe itself: its ringing, and the skin again."""
    at = (np.arange(samples) + 0.5) * step_mm
    found = 10 ** (RING_DB / 20) * np.exp(-at / RING_MM) * scatterers()[:, :samples]
    for n in range(1, SKIN_ECHOES + 1):
        away = (at - (n + 1) * SKIN_MM) / (0.5 * axial_mm)
        found[0] += 10 ** ((ECHOES_DB - n * ECHO_FALL_DB) / 20) * np.exp(-(away**2))
    return np.asarray(found, dtype=np.float32)


def planes(slices: int) -> list[tuple[float, float]]:
    """Place, in widths of the slice, and share of each plane that stands for it."""
    if slices % 2 == 0:
        raise InputError(f"slices must be odd, so that one is in the plane, got {slices}")
    if slices == 1:
        return [(0.0, 1.0)]
    places = np.arange(-(slices // 2), slices // 2 + 1) * (1.2 / (slices - 1))
    shares = np.exp(-4.0 * np.log(2.0) * places**2)
    return [(float(a), float(b)) for a, b in zip(places, shares / shares.sum(), strict=True)]
