"""A sonogram in plain NumPy: the same model, all lines at once, sample by sample."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound._kernels import FAR, TO_MM
from needle_sim.imaging.ultrasound.blur import FLOOR, NOISE_DB, Blur, blur_of
from needle_sim.imaging.ultrasound.field.textures import scatterers
from needle_sim.imaging.ultrasound.march import Marched, Rays, planes, rays_of, ringing
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import TGC_DB_CM_MHZ, WHITE_DB
from needle_sim.imaging.ultrasound.scene import Echoes
from needle_sim.imaging.ultrasound.sonogram import layout


def numpy_sonogram(
    echoes: Echoes,
    probe: Probe,
    patient_from_probe: Transform,
    *,
    lines: int,
    samples: int,
    slices: int = 1,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """The picture (R, C) of `needle_sim.imaging.ultrasound.scan.sonogram`, without needles."""
    depth = probe.depth_mm
    blur = blur_of(probe, depth, lines, samples)
    rays = rays_of(echoes, probe, patient_from_probe, depth, lines * blur.stride, blur)
    wave = numpy_wave(numpy_march(echoes, rays, blur, slices=slices).echo, blur, lines)
    if rng is not None:
        normal = scatterers()[0] + 1j * scatterers()[1]
        wave = wave + 10 ** (NOISE_DB / 20) * normal[rng.integers(0, 65536, wave.shape, np.uint16)]
    envelope = np.abs(wave)
    at_cm = (np.arange(samples) + 0.5) * rays.step_mm * 0.1
    tgc = 2.0 * TGC_DB_CM_MHZ * probe.frequency_mhz * at_cm
    lines_db = 20.0 * np.log10(np.sqrt(envelope**2 + FLOOR)) + tgc
    lay = layout(probe, lines, samples, depth)
    seen = lay.at_line >= 0
    at = np.stack([lay.at_line[seen], lay.at_sample[seen]])
    array = np.zeros(seen.shape, dtype=np.float32)
    values = ndimage.map_coordinates(lines_db, at, order=1, mode="nearest")
    array[seen] = np.clip((values - (WHITE_DB - 60.0)) / 60.0, 0.0, 1.0)
    return array


def numpy_wave(echo: np.ndarray, blur: Blur, lines: int) -> np.ndarray:
    """Complex lines (L, S) of (2, P + L + P, S) after the point spread."""
    wave = echo[0].astype(np.complex128) + 1j * echo[1]
    at = blur.pad + blur.stride // 2 + blur.stride * np.arange(lines)
    across = wave[at] * blur.weights[0]
    for k in range(1, len(blur.weights)):
        across = across + (wave[at - k] + wave[at + k]) * blur.weights[k]
    taps = np.concatenate([blur.taps[:0:-1], blur.taps])
    along = ndimage.correlate1d(across.real, taps, axis=1, mode="constant")
    return along + 1j * ndimage.correlate1d(across.imag, taps, axis=1, mode="constant")


def numpy_march(echoes: Echoes, rays: Rays, blur: Blur, *, slices: int) -> Marched:
    """What `needle_sim.imaging.ultrasound.march.march` returns."""
    lines, samples = len(rays.begin), len(blur.gain)
    echo = np.zeros((2, lines, samples))
    through, codes = np.zeros((lines, samples)), np.zeros((lines, samples), dtype=np.uint8)
    surface = np.full(lines, FAR)
    for place, share in planes(slices):
        thick = rays.slice_mm if slices == 1 else None
        _one_plane(echoes.grid, rays, blur, place, share, thick, echo, through, codes, surface)
    echo += ringing(samples, rays.step_mm, blur.spread.axial_mm)[:, None]
    padded = np.pad(echo, ((0, 0), (blur.pad, blur.pad), (0, 0)), mode="edge")
    depth = np.where(surface < FAR, (surface + 0.5) * rays.step_mm, np.inf)
    return Marched(padded.astype(np.float32), through.astype(np.float32), codes, depth)


def _words(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    index = np.clip(np.floor(at + 0.5).astype(np.int64), 0, np.array(grid.shape) - 1)
    return grid[tuple(index.T)].astype(np.int64)


def _distance(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    low = np.clip(at, 0.0, np.array(grid.shape) - 1.001)
    first = low.astype(np.int64)
    share = low - first
    total = np.zeros(len(at))
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, share, 1 - share).prod(axis=1)
        here = np.minimum(first + corner, np.array(grid.shape) - 1)
        total += weight * ((grid[tuple(here.T)] >> 16).astype(np.float64) - 32768.0) * TO_MM
    return total


def _share(grid: np.ndarray, kin: np.ndarray, like: np.ndarray, at: np.ndarray) -> np.ndarray:
    low = np.clip(at, 0.0, np.array(grid.shape) - 1.001)
    first = low.astype(np.int64)
    share = low - first
    total = np.zeros(len(at))
    for corner in np.ndindex(2, 2, 2):
        here = np.minimum(first + corner, np.array(grid.shape) - 1)
        weight = np.where(corner, share, 1 - share).prod(axis=1)
        total += weight * (kin[grid[tuple(here.T)] & 255] == like)
    return total


def _border(
    grid: np.ndarray, kin: np.ndarray, like: np.ndarray, at: np.ndarray, ahead: np.ndarray
) -> np.ndarray:
    places = 0.4 * np.arange(5) - 0.8
    shares = np.array([_share(grid, kin, like, at + place * ahead) for place in places])
    rises = (shares[:-1] < 0.5) & (shares[1:] >= 0.5)
    first, every = rises.argmax(axis=0), np.arange(len(at))
    low, high = shares[first, every], shares[first + 1, every]
    gap = np.where(rises.any(axis=0), high - low, 1.0)
    return np.where(rises.any(axis=0), places[first + 1] - 0.4 * (high - 0.5) / gap, 0.0)


def _slopes(value, at: np.ndarray, reach: float) -> np.ndarray:
    steps = reach * np.eye(3)
    return np.stack([value(at + one) - value(at - one) for one in steps], axis=1)


def _hash(at: np.ndarray, cells: float) -> np.ndarray:
    x, y, z = np.floor(at * cells).astype(np.int64).T
    h = ((x * 73856093) ^ (y * 19349663) ^ (z * 83492791)) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 1274126177) & 0xFFFFFFFF
    return (h ^ (h >> 13)) & (scatterers().shape[1] - 1)


def _one_plane(  # noqa: PLR0915 - the kernel's loop, line by line
    grid, rays, blur, place, share, thick, echo, through, codes, surface
) -> None:
    mirror, lobe, rough, bone_loss, bloom, clutter, haze, haze_fall, multiple, soft = rays.bone
    air, skin, fat, muscle, skin_samples, contact = rays.marks
    lines, samples = through.shape
    every = np.arange(lines)
    length = np.linalg.norm(rays.steps, axis=1)
    amp = _contact(grid, rays, air, contact)
    clear, tail, depth_in, mist = np.ones(lines), np.zeros(lines), np.zeros(lines), np.zeros(lines)
    last, before = np.full(lines, -1), np.full(lines, FAR)
    again, again_amp = np.full(lines, -1), np.zeros(lines)
    first = np.full(lines, FAR)
    for s in range(samples):
        at = rays.begin + s * rays.steps + place * rays.slice_mm[s] * rays.lift
        word = _words(grid, at)
        name, shade = word & 255, rays.tone[(word >> 8) & 255]
        d = ((word >> 16) - 32768) * TO_MM
        gas = rays.kin[name] == air
        if s <= contact:
            name, shade = np.where(gas, fat, name), np.where(gas, 1.0, shade)
        else:
            wall = gas & (clear > 0)
            echo[0, :, s] += np.where(wall, share * amp * clear * mirror, 0.0)
            clear, mist = np.where(wall, 0.0, clear), np.where(wall, haze, mist)
        if s < skin_samples:
            name, shade = np.full(lines, skin), np.ones(lines)
        close = np.flatnonzero((d > -2) & (d < 2))
        d[close] = _distance(grid, at[close])
        in_bone = d < 0
        met = np.flatnonzero(in_bone & (before >= 0) & (clear > 1e-4))
        if len(met):
            part = np.where(before[met] < FAR, before[met] / (before[met] - d[met]), 1.0)
            slope = _slopes(lambda p: _distance(grid, p), at[met], 1.0)
            size = np.linalg.norm(slope, axis=1) + 1e-12
            square = np.abs((slope * rays.steps[met]).sum(axis=1)) / (size * length[met])
            unit = rough * square + (1 - rough) * np.exp(-(1 - square**2) * lobe)
            unit *= clear[met] * mirror * shade[met] * share
            tail[met] = amp[met] * unit
            lift = rays.lift / np.linalg.norm(rays.lift)
            away = np.abs(slope @ lift) / size
            wide = 0.0 if thick is None else thick[s]
            sigma = wide * away / np.maximum(square, 0.2) / rays.step_mm
            for line, one, share_here in zip(
                met, np.minimum(sigma, 60.0) / 2.355, part, strict=True
            ):
                _bone_echo(echo[0, line], tail[line], s, share_here, one)
            new = again[met] < 0
            again[met[new]], again_amp[met[new]] = 2 * s, unit[new] * multiple
            first[met[new]] = np.minimum(first[met[new]], s - 1.0 + part[new])
            depth_in[met], mist[met] = 0.0, haze
        twice = again == s
        echo[0, twice, s] += again_amp[twice] * amp[twice]
        like = rays.kin[name]
        change = ~in_bone & (like != rays.kin[last]) & (last >= 0) & (clear > 0) & (like != air)
        met = np.flatnonzero(change)
        if len(met):
            one, two = rays.impedance[last[met]], rays.impedance[name[met]]
            face, skinned = (
                (two - one) / (two + one),
                np.maximum(rays.wall[last[met]], rays.wall[name[met]]),
            )
            face = np.where(skinned > np.abs(face), skinned, face)
            ahead = rays.steps[met] / length[met, None]
            off = _border(grid, rays.kin, like[met], at[met], ahead)
            border = at[met] + off[:, None] * ahead
            new = like[met]
            slope = _slopes(lambda p, new=new: _share(grid, rays.kin, new, p), border, 1.5)
            square = (slope * ahead).sum(axis=1) ** 2 / ((slope**2).sum(axis=1) + 1e-12)
            face = face * soft * shade[met] * np.exp((square - 1) * lobe)
            face *= share * amp[met] * clear[met]
            place_at = s + off / length[met]
            low = np.floor(place_at).astype(np.int64)
            part, kept = place_at - low, (low >= 0) & (low + 1 < samples)
            np.add.at(echo[0], (met[kept], low[kept]), ((1 - part) * face)[kept])
            np.add.at(echo[0], (met[kept], low[kept] + 1), (part * face)[kept])
        here = clear * amp * rays.speckle[name] * shade * rays.along[every, name]
        here = np.where(in_bone, tail / share * bloom**depth_in * 0.5, here)
        depth_in = np.where(in_bone, depth_in + 1.0, depth_in)
        clear = np.where(in_bone, clear * bone_loss, clear)
        here = here + (1 - clear) * amp * clutter * (1 + mist)
        mist = mist * haze_fall
        here = here * np.sqrt(share) * blur.gain[s]
        noise = scatterers()[:, _hash(at, rays.cells)]
        echo[:, :, s] += here * noise
        through[:, s] += share * clear * amp
        if place == 0.0:
            codes[:, s] = name | np.where(in_bone, 128, 0) | np.where(clear < 0.1, 64, 0)
        amp = amp * rays.loss[np.where(in_bone | (clear < 0.1), muscle, name)]
        last, before = name, d
    if place == 0.0:
        surface[:] = first


def _bone_echo(line: np.ndarray, tail: float, s: int, part: float, sigma: float) -> None:
    if sigma > 1.0:
        middle = s - 1.0 + part
        at = np.arange(
            max(int(middle - 2.5 * sigma), 0), min(int(middle + 2.5 * sigma) + 1, len(line))
        )
        weight = np.exp(-0.5 * ((at - middle) / sigma) ** 2)
        line[at] += tail * weight / weight.sum()
    elif s:
        line[s - 1] += (1 - part) * tail
        line[s] += part * tail
    else:
        line[s] += tail


def _contact(grid: np.ndarray, rays: Rays, air: int, contact: int) -> np.ndarray:
    gap = np.full(len(rays.begin), contact + 1)
    for s in range(contact, -1, -1):
        gap[(_words(grid, rays.begin + s * rays.steps) & 255) != air] = s
    weak = np.maximum(0.0, 2.0 - 2.0 * gap / contact)
    return np.where(2 * gap > contact, weak, 1.0)
