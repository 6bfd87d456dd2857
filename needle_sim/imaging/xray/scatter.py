"""`scatter_veil`: scattered signal on the detector, reckoned from the patient in a few cells.

Photons scattered once come from the cross sections alone. Those scattered again walk about in the
body at random; how the walk ends is fitted to a Monte Carlo (``python -m validation scatter``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.scattering import _kernels
from needle_sim.imaging.xray.scattering.cross import Cross, after_kev, at_energy, cross
from needle_sim.imaging.xray.scattering.pyramid import MARGIN, Pyramid, cells_of, pooled, pyramid
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

POINTS = 7
"""Points along the longer side of the detector at which scatter is reckoned."""

GROUPS = 3
"""Groups of energies, of the same share in the signal behind the patient."""

_ANGLES = 65  # sines of the half angle
_WALK = 12  # times that a photon is scattered again, at most
_FULL_G_CM3 = 0.9  # from here on a cell holds a photon that comes to it
# slopes across and along the strips of a grid are tabled at x / (x + these)
_REACH, _ACROSS, _ALONG = np.array([0.15, 0.6]), 33, 13
_GRID_STEP_KEV = 2
_SHIFTS = 24
_PAIR_US = 0.15  # about what a cell and a point take


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A few energies as one.

    Parameters
    ----------
    kev : float, keV
    photons : float
        Photons that leave the same signal behind the patient, per cm2 at 1 m.
    weights : (E,) array
        Shares of the energies in that signal.
    """

    kev: float
    photons: float
    weights: Floats


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
    middle = spectrum(beam).sum()
    heel = [
        spectrum(beam, toward_cathode_deg=float(np.rad2deg(np.arctan(s)) * toward)).sum() / middle
        for s in slope
    ]
    return np.pad(share * np.array(heel)[:, None], MARGIN)


def _at_points(body: Pyramid, shone: Floats, beam: Beam, carm: CArm, detector: Detector) -> Floats:
    """Scatter, keV/cm2 and mAs, at points (D, D') of the detector."""
    known = cross()
    groups = _groups(beam, detector, body, shone, known)
    first, later = _born(body, shone, groups, known)
    places, photons, once = _sources(body, first, later)
    leaves, lines = _first_leaves(groups, detector, known)
    late = _later_leaves(groups, detector, known)
    # a cell as wide as this, seen from the detector, is no point for a grid
    wide = (body.columns[1] - body.columns[0]) / (0.1 * carm.source_detector_mm / body.middle - 1.0)
    through = np.stack(
        [
            _smoothed(round(cells * wide, 2)) @ _let_through(groups, detector, left)
            for cells, left in ((1, 1.0), (2, known.model.left))
        ]
    )
    at = [_places(n, side * carm.pixel_mm * 0.1) for n, side in zip(_points(carm), carm.shape)]
    out = np.zeros(_points(carm))
    where = body.density, body.rows, body.columns, body.depths, body.step_cm
    what = places, photons, once, leaves, lines, late, known.model.forward, through, _REACH
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


def _groups(
    beam: Beam, detector: Detector, body: Pyramid, shone: Floats, known: Cross
) -> list[Group]:
    """Energies in groups of the same share in the signal behind the middling column."""
    mass = (body.density.sum(axis=3) * body.step_cm * body.slant[..., 0])[:, shone > 0]
    behind = np.median(mass, axis=1) if mass.size else np.zeros(2)
    photons = spectrum(beam)
    line = behind @ known.total
    least = float(line.min())  # so that no patient is too thick for exponentials
    signal = photons * detector.kept.mean_kev * np.exp(least - line)
    share = signal / signal.sum()
    which = np.minimum(((np.cumsum(share) - 0.5 * share) * GROUPS).astype(int), GROUPS - 1)
    found = []
    for n in np.unique(which):
        weights = np.where(which == n, share, 0.0)
        part = weights.sum()
        kev = float(weights @ energies_kev() / part)
        left = float(np.exp(least - behind @ at_energy(known.total, kev)))
        each = float(at_energy(detector.kept.mean_kev, kev)) * left
        found.append(Group(kev, float(signal.sum() * part / each), weights / part))
    return found


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


def _first_leaves(groups: list[Group], detector: Detector, known: Cross) -> tuple[Floats, Floats]:
    """What a photon scattered once leaves a steradian (G, U), and its attenuation (2, G, U)."""
    sine = np.linspace(0.0, 1.0, _ANGLES)
    leaves, lines = np.empty((len(groups), _ANGLES)), np.empty((2, len(groups), _ANGLES))
    for g, group in enumerate(groups):
        kinds = [float(at_energy(one[0], group.kev)) for one in (known.coherent, known.incoherent)]
        angle = known.per_angle(group.kev, np.linspace(0.0, 1.0, 8 * (_ANGLES - 1) + 1))
        soft, free = (one[::8] * kind / sum(kinds) for one, kind in zip(angle, kinds, strict=True))
        later = after_kev(group.kev, sine)
        leaves[g] = soft * at_energy(detector.kept.mean_kev, group.kev)
        leaves[g] += free * at_energy(detector.kept.mean_kev, later)
        mean = group.kev - (group.kev - later) * free / (soft + free)
        lines[:, g] = at_energy(known.total, mean)
    return leaves, lines


def _later_leaves(groups: list[Group], detector: Detector, known: Cross) -> Floats:
    """What a photon scattered again leaves a steradian, and its attenuation (G, 3)."""
    model = known.model
    kev = np.array([group.kev for group in groups]) * model.left
    leaves = model.share * at_energy(detector.kept.mean_kev, kev) / (4.0 * np.pi)
    return np.stack([leaves, *(model.opaque * at_energy(known.total, kev))], axis=1)


def _let_through(groups: list[Group], detector: Detector, left: float) -> Floats:
    """Share (G, A, B) that grid and slant make of a photon's signal."""
    centres, found = energies_kev(), []
    for group in groups:
        seen = np.flatnonzero(group.weights)[::_GRID_STEP_KEV]
        lower = np.searchsorted(centres, centres[seen] * left).clip(0, len(centres) - 1)
        tables = np.stack([_tabled(detector, int(n)) for n in lower])
        found.append(np.tensordot(group.weights[seen], tables, axes=1) / group.weights[seen].sum())
    return np.stack(found)


def _slopes() -> tuple[Floats, Floats]:
    """Slopes across and along the strips (A, 1), (B,) at which tables stand."""
    parts = np.linspace(0, 1, _ACROSS)[:, None], np.linspace(0, 1, _ALONG)
    across, along = (
        reach * part / np.maximum(1.0 - part, 1e-3)
        for reach, part in zip(_REACH, parts, strict=True)
    )
    return across, along


@lru_cache(maxsize=64)
def _smoothed(wide: float) -> Floats:
    """What takes means (A, A) of a table over slopes ``wide`` across the strips."""
    across = _slopes()[0][:, 0]
    shifts = wide * ((np.arange(_SHIFTS) + 0.5) / _SHIFTS - 0.5)
    at = np.abs(across[:, None] + shifts)
    return np.stack([np.interp(at, across, one).mean(axis=1) for one in np.eye(_ACROSS)], axis=1)


@lru_cache(maxsize=1024)
def _tabled(detector: Detector, at: int) -> Floats:
    """Share (A, B) that the grid lets through, times what slanted photons leave more, in a bin."""
    across, along = _slopes()
    csi, grid = material("csi"), detector.grid
    depth = csi.mu_rho[at] * csi.density_g_cm3 * detector.csi_um * 1e-4 * detector.packing
    slant = np.sqrt(1.0 + across**2 + along**2)
    share = np.asarray(np.expm1(-depth * slant) / np.expm1(-depth))
    if grid is not None:
        share *= grid.lets_through(
            across, along, grid.strip_per_cm()[at], grid.between_per_cm()[at]
        )
    return share


def _places(count: int, side_cm: float) -> Floats:
    """Points across the detector, cm from its middle, its edges among them."""
    return np.linspace(-0.5, 0.5, count) * side_cm


@lru_cache(maxsize=16)
def _spline(count: int, side: int) -> Image:
    """What carries values at `_places` to pixels: a cubic spline."""
    knots = np.linspace(-0.5, 0.5, count)
    pixels = (np.arange(side) + 0.5) / side - 0.5
    return np.asarray(CubicSpline(knots, np.eye(count), axis=0)(pixels), dtype=np.float32)
