"""`scatter_veil`: scattered signal on the detector, reckoned from the patient in a few cells.

Photons scattered once come from the cross sections alone. Those scattered again walk about in the
body at random; how the walk ends is fitted to a Monte Carlo (``python -m validation scatter``).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from needle_sim.imaging.xray.beam import Beam, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.scattering import _kernels
from needle_sim.imaging.xray.scattering.cross import Cross, at_energy, cross
from needle_sim.imaging.xray.scattering.groups import (
    Group,
    first_leaves,
    groups_of,
    later_leaves,
)
from needle_sim.imaging.xray.scattering.passage import REACH, let_through, smoothed
from needle_sim.imaging.xray.scattering.pyramid import MARGIN, Pyramid, cells_of, pooled, pyramid
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

POINTS = 7
"""Points along the longer side of the detector at which scatter is reckoned."""

_WALK = 12  # times that a photon is scattered again, at most
_FULL_G_CM3 = 0.9  # from here on a cell holds a photon that comes to it
_PAIR_US = 0.15  # about what a cell and a point take


def scatter_veil(
    paths: PathLengths, beam: Beam, detector: Detector, opened: Image | None = None
) -> Image:
    """Scattered signal (R, C), keV a pixel, on the detector, behind its grid.

    ``opened`` (R, C) is the share of the beam that blades let through: what they keep off makes no
    scatter.
    """
    carm = paths.carm
    body = pyramid(paths) if detector.scatter else None
    if body is None:
        return np.zeros(carm.shape, dtype=np.float32)
    shone = _shone(paths, beam, opened)
    points = _at_points(body, shone, beam, carm, detector)
    down, across = (_spline(n, side) for n, side in zip(points.shape, carm.shape, strict=True))
    points *= beam.mas * (0.1 * carm.pixel_mm) ** 2
    veil = (down @ points.astype(np.float32)) @ across.T
    return np.asarray(np.maximum(veil, np.float32(0.0), out=veil))


def _shone(paths: PathLengths, beam: Beam, opened: Image | None) -> Floats:
    """Share (R, C) of the central ray's photons that each column of cells gets; margins none."""
    carm, cells = paths.carm, cells_of(paths.carm)
    share = np.ones(cells) if opened is None else pooled(opened, cells)
    down = (np.arange(cells[0]) + 0.5) / cells[0] - 0.5
    slope = down * carm.shape[0] * carm.pixel_mm / carm.source_detector_mm
    toward = {"first_row": 1.0, "last_row": -1.0, "none": 0.0}[beam.anode_side]
    ends = slope[[0, -1]] * toward if toward else np.zeros(0)
    whole, *aside = (
        spectrum(beam, toward_cathode_deg=float(np.rad2deg(np.arctan(at)))).sum()
        for at in (0.0, *ends)
    )
    heel = np.ones(cells[0])
    if aside:  # a parabola through both ends and the middle is as good as all rows
        parts = np.array([aside[0], whole, aside[1]]) / whole
        heel = np.asarray(np.polyval(np.polyfit([slope[0], 0.0, slope[-1]], parts, 2), slope))
    return np.pad(share * heel[:, None], MARGIN)


def _at_points(body: Pyramid, shone: Floats, beam: Beam, carm: CArm, detector: Detector) -> Floats:
    """Scatter, keV/cm2 and mAs, at points (D, D') of the detector."""
    known = cross()
    groups = groups_of(beam, detector, body, shone, known)
    first, later = _born(body, shone, groups, known)
    places, photons, once = _sources(body, first, later)
    leaves, lines = first_leaves(groups, detector, known)
    late = later_leaves(groups, detector, known)
    # a cell as wide as this, seen from the detector, is no point for a grid
    wide = (body.columns[1] - body.columns[0]) / (0.1 * carm.source_detector_mm / body.middle - 1.0)
    through = np.stack(
        [
            smoothed(round(cells * wide, 2)) @ let_through(groups, detector, left)
            for cells, left in ((1, 1.0), (2, known.model.left))
        ]
    )
    at = [
        _places(n, side * carm.pixel_mm * 0.1)
        for n, side in zip(_points(carm), carm.shape, strict=True)
    ]
    out = np.zeros(_points(carm))
    where = body.density, body.rows, body.columns, body.depths, body.step_cm
    what = places, photons, once, leaves, lines, late, known.model.forward, through, REACH
    plane = 0.1 * carm.source_detector_mm

    def work(start: int, stop: int) -> None:
        _kernels.sent(*where, *what, plane, *at, start, stop, out)

    in_slabs(work, len(out), slab=1, row_us=_PAIR_US * len(places) * out.shape[1])
    return out


def _points(carm: CArm) -> tuple[int, int]:
    longer = max(carm.shape)
    rows, columns = (max(4, round(POINTS * side / longer)) for side in carm.shape)
    return rows, columns


def _sources(body: Pyramid, first: Floats, later: Floats) -> tuple[Floats, Floats, int]:
    """Slopes and depth (N, 3) of cells and their photons (N, G); how many scattered once.

    What is scattered again comes from blocks of two cells along each axis.
    """
    axes = body.rows, body.columns, body.depths
    coarse = later
    for axis in (1, 2, 3):
        coarse = np.add.reduceat(coarse, np.arange(0, later.shape[axis], 2), axis=axis)
    halved = [
        np.add.reduceat(one, starts := np.arange(0, len(one), 2)) / np.diff([*starts, len(one)])
        for one in axes
    ]
    places, photons = [], []
    for at, born in ((axes, first), (halved, coarse)):
        sent = born.sum(axis=0) > 0
        places.append(np.stack([one[sent] for one in np.meshgrid(*at, indexing="ij")], axis=1))
        photons.append(born[:, sent].T)
    return np.concatenate(places), np.concatenate(photons), len(places[0])


def _born(body: Pyramid, shone: Floats, groups: list[Group], known: Cross) -> tuple[Floats, Floats]:
    """Photons (G, R, C, K), per mAs, scattered first in each cell, and again."""
    slant, density = body.slant, body.density
    per_slope = (body.rows[1] - body.rows[0]) * (body.columns[1] - body.columns[0]) * 100.0**2
    first = np.empty((len(groups), *density.shape[1:]))
    later = np.zeros_like(first)
    for g, group in enumerate(groups):
        total = at_energy(known.total, group.kev)
        turned = at_energy(known.coherent + known.incoherent, group.kev)
        depth = np.tensordot(total, density, axes=1) * body.step_cm * slant
        before = np.cumsum(depth, axis=2) - 0.5 * depth
        way = body.step_cm * slant
        first[g] = np.tensordot(turned, density, axes=1) * way * np.exp(-before)
        first[g] *= 2.0 * np.sinh(0.5 * depth) / np.maximum(depth, 1e-9)
        first[g] *= group.photons * per_slope * shone[..., None] / slant**3
        later[g] = _walked(first[g], body, group.kev * known.model.left, known)
    return first, later


def _walked(first: Floats, body: Pyramid, kev: float, known: Cross) -> Floats:
    """Photons (R, C, K) scattered again: a random walk whose steps are bells."""
    soft = known.total[0] - known.coherent[0] * (1.0 - known.model.coherent)
    turns = known.incoherent[0] + known.coherent[0] * known.model.coherent
    total, turned = float(at_energy(soft, kev)), float(at_energy(turns, kev))
    # a free path's mean square along one axis is 2 / 3 of its mean length squared
    width = known.model.spread * np.sqrt(2.0 / 3.0) / total
    full = np.minimum(1.0, body.density.sum(axis=0) / _FULL_G_CM3) * (turned / total)
    middle = float(body.depths.mean())
    steps = [_bell(at, width) for at in (body.rows * middle, body.columns * middle, body.depths)]
    now, sum_of = first, np.zeros_like(first)
    for _ in range(_WALK):
        now = np.tensordot(steps[0], now, axes=1)
        now = np.tensordot(now, steps[2], axes=([2], [1]))
        now = np.matmul(steps[1], now) * full
        sum_of += now
    return sum_of


def _bell(at: Floats, width: float) -> Floats:
    step = at[1] - at[0]
    return np.asarray(
        np.exp(-0.5 * ((at[:, None] - at) / width) ** 2) * step / (width * np.sqrt(2.0 * np.pi))
    )


def _places(count: int, side_cm: float) -> Floats:
    """Points across the detector, cm from its middle, its edges among them."""
    return np.linspace(-0.5, 0.5, count) * side_cm


@lru_cache(maxsize=16)
def _spline(count: int, side: int) -> Image:
    """What carries values at `_places` to pixels: a cubic spline."""
    knots = np.linspace(-0.5, 0.5, count)
    pixels = (np.arange(side) + 0.5) / side - 0.5
    return np.asarray(CubicSpline(knots, np.eye(count), axis=0)(pixels), dtype=np.float32)
