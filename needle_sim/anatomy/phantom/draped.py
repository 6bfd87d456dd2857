"""The dural sac where something stands in its canal: it gives way, is flattened, then narrows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates, maximum_filter1d

from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import unit

_Points = NDArray[np.float64]
Free = Callable[[ArrayLike], _Points]
"""Distance (P,) of points (P, 3) from what stands around the sac, mm; negative in it."""

PLACES = (-1.0, -0.5, 0.0, 0.5, 1.0)
CLEAR_MM = 0.4  # of fat and ligament that stays between a flattened sac and a wall (proposed)
_ASIDE_MM, _FAR_MM, _STEP_MM = 10.0, 12.0, 0.5  # of the places that are tried
_LEAST = 0.35, 0.2  # of width and depth, less is no sac (proposed)
_COARSE, _FINE = (8, 25), (27, 81)  # widths and depths that are tried
_BEND_MM = 0.15  # price of a way aside against that of lost area (proposed)
_ROUND = 1.04  # a sac is at least so much wider than deep
_PARTS = 3  # of a step along the sac, where it gives way
_BESIDE = 8  # points before and behind a narrow place that may give way too
_TURNS, _LESS = 40, 0.01


@dataclass(frozen=True, slots=True)
class Sac:
    """The dural sac as ellipses across its axis.

    Parameters
    ----------
    line_mm : (N, 3) array
        Its axis from above downwards, patient.
    half_mm : (N, 2) array
        Half width and half depth; the width is more.
    left : (N, 3) array
        Direction across it.
    """

    line_mm: _Points
    half_mm: _Points
    left: _Points

    @property
    def tubes(self) -> tuple[Tube, ...]:
        """Five parallel tubes that touch the ellipses from inside."""
        beside, radius = inscribed(self.half_mm[:, 0], self.half_mm[:, 1])
        return tuple(
            Tube(self.line_mm + aside[:, None] * self.left, one)
            for aside, one in zip(beside, radius, strict=True)
        )

    @property
    def back(self) -> _Points:
        """Backwards (N, 3), square to the axis and to what leads across it."""
        return unit(np.cross(self.left, np.gradient(self.line_mm, axis=0)))

    def finer(self, parts: int) -> Sac:
        """The same sac by more points."""
        at = np.linspace(0.0, len(self.line_mm) - 1.0, parts * (len(self.line_mm) - 1) + 1)
        knots = np.arange(len(self.line_mm), dtype=np.float64)
        line, half, left = (
            np.stack([np.interp(at, knots, one) for one in of.T], axis=1)
            for of in (self.line_mm, self.half_mm, self.left)
        )
        return Sac(line, half, unit(left))


def inscribed(wide_mm: _Points, deep_mm: _Points) -> tuple[_Points, _Points]:
    """Places off the middle (5, ...) and radii (5, ...) of circles in ellipses of these halves."""
    square = wide_mm**2 - deep_mm**2
    shares = np.array(PLACES).reshape(-1, *(1 for _ in np.shape(wide_mm)))
    beside = shares * 0.76 * square / wide_mm
    return beside, deep_mm * np.sqrt(1.0 - beside**2 / square)


def draped(sac: Sac, free: Free, *, below_mm: float) -> Sac:
    """The sac as what stands in its way leaves it, below a height; itself where nothing does.

    Where it would meet a wall it goes forwards or back to where most is left of its area, without
    a sharp bend, is flattened there, and narrows last.

    Raises
    ------
    InputError
        No room is left for it.
    """
    if not (_poking_mm(sac, free)[sac.line_mm[:, 2] < below_mm] > 0.0).any():
        return sac
    sac = sac.finer(_PARTS)
    poking = _poking_mm(sac, free)
    poking[sac.line_mm[:, 2] >= below_mm] = -np.inf
    near = np.flatnonzero(maximum_filter1d(poking > -CLEAR_MM, 2 * _BESIDE + 1))
    rooms = np.stack([_room(sac, int(n), free) for n in near])
    line, half = sac.line_mm.copy(), sac.half_mm.copy()
    for run in np.split(np.arange(len(near)), np.flatnonzero(np.diff(near) > 1) + 1):
        at = near[run]
        way = _way_mm(rooms[run], sac.half_mm[at], _spacing_mm(sac, at))
        line[at] += way[:, None] * sac.back[at]
        area, most = _largest(rooms[run], way, sac.half_mm[at], _FINE)
        if not (area > 0.0).all():
            raise InputError("no room is left for the dural sac; ask for less of what narrows it")
        half[at] = _even(most)
    sac = _held(Sac(line, half, sac.left), free, near)
    kept = np.union1d(near, np.arange(0, len(line), _PARTS))
    return Sac(sac.line_mm[kept], sac.half_mm[kept], sac.left[kept])


def _poking_mm(sac: Sac, free: Free) -> _Points:
    """How far (N,) the sac stands out of its room at each point; negative is clear of it."""
    places = np.stack([one.points_mm for one in sac.tubes])
    radii = np.stack([one.radius_mm for one in sac.tubes])
    over = radii - free(places.reshape(-1, 3)).reshape(radii.shape)
    return np.asarray(over.max(axis=0))


def _spacing_mm(sac: Sac, at: NDArray[np.intp]) -> float:
    return float(np.linalg.norm(np.diff(sac.line_mm[at], axis=0), axis=1).mean())


def _room(sac: Sac, n: int, free: Free) -> _Points:
    """Room (C, X) in the plane across a point: by the way aside and off the middle, both sides."""
    ways = np.arange(-_FAR_MM, _FAR_MM + 0.1, _STEP_MM)
    aside = np.arange(0.0, _ASIDE_MM + 0.1, _STEP_MM)
    ahead = sac.line_mm[n] + ways[:, None, None] * sac.back[n]
    both = [ahead + sign * aside[:, None] * sac.left[n] for sign in (-1.0, 1.0)]
    depth = free(np.stack(both).reshape(-1, 3)).reshape(2, len(ways), len(aside))
    return np.asarray(depth.min(axis=0) - CLEAR_MM)


def _largest(
    rooms: _Points, ways: _Points, half: _Points, steps: tuple[int, int]
) -> tuple[_Points, _Points]:
    """Product (N, ...) and half sizes (N, ..., 2) of the largest ellipses, 0 where none has room.

    ``rooms`` (N, C, X) as of `_room`; ``ways`` (N, ...) forwards and back; ``half`` (N, 2) the
    sizes that they have at most; ``steps`` how many widths and depths are tried.
    """
    shape = ways.shape
    index = np.broadcast_to(np.arange(len(half)).reshape(-1, *(1 for _ in shape[1:])), shape)
    index, row = index.ravel(), ((ways + _FAR_MM) / _STEP_MM).ravel()
    sizes, area = np.zeros((len(row), 2)), np.zeros(len(row))
    tried = [np.linspace(1.0, one, n) for one, n in zip(_LEAST, steps, strict=True)]
    for share in product(*tried):
        wide, deep = (np.array(share) * half).T
        trial = ((deep * _ROUND <= wide)[index]) & ((wide * deep)[index] > area)
        if trial.any():
            own = index[trial]
            beside, radius = inscribed(wide[own], deep[own])
            places = [np.tile(one[trial], 3) for one in (index, row)]
            found = map_coordinates(rooms, [*places, beside[2:].ravel() / _STEP_MM], order=1)
            good = (found.reshape(3, -1) >= radius[2:]).all(axis=0)
            kept = np.flatnonzero(trial)[good]
            area[kept] = (wide * deep)[index[kept]]
            sizes[kept] = np.stack([wide, deep], axis=1)[index[kept]]
    return area.reshape(shape), sizes.reshape(*shape, 2)


def _way_mm(rooms: _Points, half: _Points, spacing_mm: float) -> _Points:
    """Way (N,) forwards and back along which most of a sac's area is left without a sharp bend.

    It begins and ends where the sac is. Dynamic programming over its points.
    """
    ways = np.arange(-_FAR_MM, _FAR_MM + 0.1, _STEP_MM)
    area, _ = _largest(rooms, np.broadcast_to(ways, (len(half), len(ways))), half, _COARSE)
    lost = -np.log(np.maximum(area / half.prod(axis=1)[:, None], 1e-6)) * spacing_mm
    lost[[0, -1]] += np.where(ways == 0.0, 0.0, 1e6)
    bend = _BEND_MM * (ways[:, None] - ways) ** 2 / spacing_mm
    total, came = lost[0], []
    for one in lost[1:]:
        options = total[:, None] + bend
        came.append(options.argmin(axis=0))
        total = options.min(axis=0) + one
    path = [int(total.argmin())]
    for back in came[::-1]:
        path.append(int(back[path[-1]]))
    return np.asarray(gaussian_filter1d(ways[path[::-1]], 1.5, mode="nearest"))


def _even(half: _Points) -> _Points:
    """Half sizes (N, 2) without steps along the sac, nowhere more than they were."""
    return np.asarray(np.minimum(half, gaussian_filter1d(half, 1.5, axis=0, mode="nearest")))


def _held(sac: Sac, free: Free, near: NDArray[np.intp]) -> Sac:
    """The sac no larger than its room between its points too."""
    half = sac.half_mm.copy()
    for _ in range(_TURNS):
        now = Sac(sac.line_mm, half, sac.left)
        over = _poking_mm(now.finer(2), free) + 0.5 * CLEAR_MM > 0.0
        over = maximum_filter1d(over, 3)[::2]
        over[np.setdiff1d(np.arange(len(half)), near)] = False
        if not over.any():
            break
        less = gaussian_filter1d(over.astype(np.float64), 1.0)
        half = half * (1.0 - _LESS * np.maximum(over, less))[:, None]
    return now
