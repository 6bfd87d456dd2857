"""`shadow`: chords of rays through needles and tools, by material, and the tissue that gives way.

Instruments are made of convex parts, which a ray meets in one interval each. Where parts of one
instrument overlap, the later counts: a contact takes the place of the body of its lead. Of two
instruments, what is solid takes the place of what is hollow, such as a needle in its introducer's
bore; else the later counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.shadows import _kernels
from needle_sim.instruments.needle_parts import parts_of
from needle_sim.instruments.part import CUT, VOID, Part
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.jit import in_slabs

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
Instrument = PlacedNeedle | PlacedTool

SUBRAYS = 13
"""Rays in each pixel that an instrument touches: in as many strips of equal area along its axis, so
that its edges are found however it lies, and each at a place of its own along them."""

_TURN = 8  # along a strip, as in a Fibonacci lattice: 8/13
_WAYS = 32  # directions of strips in half a turn
_NEAR_MM = 1.0  # what is nearer to the focal spot than this is not drawn
_CORNER_PX = 0.75  # from the middle of a pixel to its corner, and a little
_MOST_SPANS = 16  # stretches of a ray in which tissue gives way; the last takes what is more
_SLAB = 256
_RAY_US = 0.3  # about what a sub-ray takes
_KINDS = {"solid": 0, VOID: 1, CUT: 2}


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """Chords of all instruments in the pixels that they touch.

    Parameters
    ----------
    rows, columns : (N,) int arrays
    materials : tuple of M str
        By names of ``attenuation.toml``.
    mass_g_cm2 : (M, N, S) float32 array
        Of each material, per sub-ray.
    tissue_cm : (N, S) float32 array
        Length along which tissue gave way.
    spans_mm : (N, S, H, 2) float32 array
        Where it did, from the focal spot;
    held : (N, S) int64 array
        so many of them are used.
    way : (N,) int64 array
        Which of `spread` the sub-rays of each pixel are.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    materials: tuple[str, ...]
    mass_g_cm2: Image
    tissue_cm: Image
    spans_mm: Image
    held: NDArray[np.int64]
    way: NDArray[np.int64]


@cache
def spread() -> Floats:
    """Sub-rays (W, S, 2) of a pixel, rows and columns from its middle, for axes of W directions."""
    side = 8 * SUBRAYS
    fine = (np.arange(side) + 0.5) / side - 0.5
    square = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1).reshape(-1, 2)
    found = np.empty((_WAYS, SUBRAYS, 2))
    for n, angle in enumerate(np.pi * np.arange(_WAYS) / _WAYS):
        along, across = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        strips = square[np.argsort(square @ across, kind="stable")].reshape(SUBRAYS, -1, 2)
        for s, strip in enumerate(strips):
            share = (s * _TURN % SUBRAYS + 0.5) / SUBRAYS
            where = np.quantile(strip @ along, share)
            found[n, s] = where * along + (strip @ across).mean() * across
    found.flags.writeable = False
    return found


def shadow(carm: CArm, instruments: Sequence[Instrument]) -> Shadow:
    """Chords of instruments on the sub-rays of the pixels that they touch."""
    owned = [_parts(one) for one in instruments]
    parts = [part for some in owned for part in some]
    spines, margins = _outlines(carm, parts)
    number, at, first, listed = _touched(carm, spines, margins)
    run = spines[:, 1] - spines[:, 0]
    ways = np.rint(np.arctan2(run[:, 1], run[:, 0]) * _WAYS / np.pi).astype(np.int64) % _WAYS
    way = ways[listed[first[1:] - 1]]  # of the last part: thin ones come last
    materials = tuple(sorted({name for part in parts for name in part.g_cm3}))
    g_cm3 = np.array([[part.g_cm3.get(name, 0.0) for name in materials] for part in parts])
    kinds = np.array([_KINDS[part.kind] for part in parts], dtype=np.int64)
    owners = np.repeat(np.arange(len(owned)), [len(some) for some in owned])
    tissue = np.array([part.in_tissue for part in parts], dtype=np.bool_)
    room = min(int(np.diff(first).max(initial=0)), _MOST_SPANS)
    mass = np.zeros((len(materials), number, SUBRAYS), dtype=np.float32)
    gave = np.zeros((number, SUBRAYS), dtype=np.float32)
    spans = np.empty((number, SUBRAYS, room, 2), dtype=np.float32)
    held = np.zeros((number, SUBRAYS), dtype=np.int64)
    if number:
        rays, shape = carm.pixel_rays(), packed(parts, carm.source_mm)
        told = first, listed, shape, kinds, owners, tissue, g_cm3.reshape(len(parts), -1)

        def work(start: int, stop: int) -> None:
            _kernels.cast(rays, at, spread(), way, *told, start, stop, mass, gave, spans, held)

        in_slabs(work, number, slab=_SLAB, row_us=SUBRAYS * _RAY_US)
    rows, columns = at.T.astype(np.intp)
    return Shadow(rows, columns, materials, mass, gave, spans, held, way)


def interval_mm(source_mm: Floats, rays_mm: Floats, part: Part) -> Floats:
    """From where to where (N, 2), mm from a focal spot, rays (N, 3) to the detector are in a part.

    Both are 0 where a ray misses it.
    """
    shape = packed([part], source_mm)
    reach = np.linalg.norm(rays_mm, axis=-1)
    found = [
        _kernels.interval(0, *shape, ray / length, length)
        for ray, length in zip(rays_mm, reach, strict=True)
    ]
    return np.array(found).reshape(-1, 2)


def packed(parts: Sequence[Part], source_mm: Floats) -> tuple[NDArray[np.generic], ...]:
    """Parts as the kernels take them: pieces, forms, planes, and the source from their centres."""
    bodies = [part.solid for part in parts]
    pieces = [0, *accumulate(len(one.forms) for one in bodies)]
    planes = [some for one in bodies for some in one.planes]
    return (
        np.array(pieces, dtype=np.int64),
        np.concatenate([one.forms for one in bodies]),
        np.array([0, *accumulate(len(some) for some in planes)], dtype=np.int64),
        np.concatenate(planes),
        source_mm - np.stack([one.centre_mm for one in bodies]),
    )


def line_mm(instrument: Instrument) -> Floats:
    """The axis (N, 3) of an instrument, its rear end or hub first and its tip last."""
    return instrument.shaft_mm if isinstance(instrument, PlacedNeedle) else instrument.line_mm


def seen_polyline(carm: CArm, points_mm: Floats) -> Floats:
    """Row and column (N, 2) of a polyline (M, 3); what lies behind the focal spot is cut off."""
    depth = carm.patient_from_carm.inverse().apply(points_mm)[:, 2] - _NEAR_MM
    seen = []
    for index, point in enumerate(points_mm):
        if index and depth[index - 1] * depth[index] < 0:
            share = depth[index - 1] / (depth[index - 1] - depth[index])
            seen.append(points_mm[index - 1] + share * (point - points_mm[index - 1]))
        if depth[index] >= 0:
            seen.append(point)
    return project_points(carm, np.array(seen)) if seen else np.empty((0, 2))


def _parts(instrument: Instrument) -> Sequence[Part]:
    return parts_of(instrument) if isinstance(instrument, PlacedNeedle) else instrument.parts


def _touched(
    carm: CArm, spines: Floats, margins: Floats
) -> tuple[int, Floats, NDArray[np.int64], NDArray[np.int64]]:
    """How many pixels are touched, rows and columns (N, 2), and their parts as a ragged list."""
    seen = margins > 0
    wide = margins[seen, None, None]
    low = np.floor((spines[seen] - wide).min(axis=(0, 1), initial=np.inf))
    high = np.ceil((spines[seen] + wide).max(axis=(0, 1), initial=-np.inf))
    low, high = np.maximum(low, 0), np.minimum(high, np.array(carm.shape) - 1)
    window = tuple(np.maximum(high - low + 1, 0).astype(int)) if seen.any() else (0, 0)
    inside = spines - (low if seen.any() else 0.0)
    count, nothing = np.zeros(window, dtype=np.int64), np.empty((1, 1), dtype=np.int64)
    _kernels.touched(inside, margins, False, count, nothing, nothing[0])
    at = np.argwhere(count)
    first = np.concatenate([[0], np.cumsum(count[at[:, 0], at[:, 1]])])
    number = np.empty(window, dtype=np.int64)
    number[at[:, 0], at[:, 1]] = first[:-1]
    listed = np.empty(int(first[-1]), dtype=np.int64)
    _kernels.touched(inside, margins, True, count, number, listed)
    return len(at), at + (low if seen.any() else 0.0), first.astype(np.int64), listed


def _outlines(carm: CArm, parts: Sequence[Part]) -> tuple[Floats, Floats]:
    """Lines (P, 2, 2), rows and columns, and how far from them, pixels, each part may be seen."""
    spines, margins = np.zeros((len(parts), 2, 2)), np.zeros(len(parts))
    if not parts:
        return spines, margins
    ends = np.stack([part.solid.spine_mm for part in parts])
    reach = np.array([part.solid.reach_mm for part in parts])
    local = carm.patient_from_carm.inverse().apply(ends)
    depth = local[..., 2]
    middle = 0.5 * (np.array(carm.shape) - 1)
    for n, near in enumerate(depth.min(axis=1)):
        if depth[n].max() < _NEAR_MM:
            continue
        if near >= _NEAR_MM:
            scale = carm.source_detector_mm / carm.pixel_mm / depth[n]
            spines[n] = local[n, :, 1::-1] * scale[:, None] + middle
        else:
            spines[n] = seen_polyline(carm, ends[n])
        nearest = max(float(near) - reach[n], _NEAR_MM)
        # wider than seen head-on where a ray comes aslant
        aslant = np.hypot(1.0, np.hypot(*carm.shape) * carm.pixel_mm / 2 / carm.source_detector_mm)
        largest = carm.source_detector_mm / nearest / carm.pixel_mm
        margins[n] = reach[n] * largest * aslant + _CORNER_PX
    return spines, margins
