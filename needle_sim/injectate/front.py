"""`Front`: a fluid that fills room cube by cube, in the order in which its front arrives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.injectate import _kernels
from needle_sim.injectate.lattice import Cells, Lattice

_MOST_ROUNDS = 200
_CLOSE = 1e-6
SOFT_MM = 2.4  # depth of a front's edge, in arrival (mm through the easiest tissue)
_NEAR_MM = 6.0  # how far from the tip room is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Where a fluid can go.

    Parameters
    ----------
    lattice : Lattice
    porosity : (I, J, K) array
        Share of each cube that the fluid can take, 0 to 1.
    resistance : (I, J, K) array
        How much longer the front takes than through the easiest tissue; 1 or more in room.
    soft_mm : float, mm
        Depth of the front's edge, from full to empty, through the easiest tissue.
    """

    lattice: Lattice
    porosity: Cells
    resistance: Cells
    soft_mm: float = SOFT_MM

    @property
    def capacity_ml(self) -> float:
        """Volume that it can take."""
        return float(self.porosity.sum()) * self.lattice.cell_ml


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """Fluid that fills a room from a tip outwards and stays.

    ``order`` (N,), rising, is when the front arrives at each cube that it is followed to;
    ``room_ml`` (N,) what the cube takes, ``at`` (N,) its number in the lattice. What is given
    beyond ``capacity_ml`` leaves the field.
    """

    lattice: Lattice
    order: Cells
    room_ml: Cells
    at: NDArray[np.intp]
    capacity_ml: float
    soft_mm: float = SOFT_MM

    def filled_ml(self, volume_ml: float) -> Cells:
        """Fluid (I, J, K) in each cube, mL, after ``volume_ml``; sums to it, or to the capacity."""
        full = np.zeros(self.lattice.shape)
        flat = full.reshape(-1)
        if volume_ml >= float(self.room_ml.sum()):
            flat[self.at] = self.room_ml
            return full
        if volume_ml <= 0:
            return full
        behind = np.concatenate([[0.0], np.cumsum(self.room_ml)])
        low, high = float(self.order[0]) - self.soft_mm, float(self.order[-1]) + self.soft_mm
        for _ in range(60):
            middle = 0.5 * (low + high)
            first, edge = self._edge(middle)
            reached = behind[first] + float(edge @ self.room_ml[first : first + len(edge)])
            low, high = (middle, high) if reached < volume_ml else (low, middle)
        first, edge = self._edge(high)
        parts = self.room_ml[: first + len(edge)].copy()
        parts[first:] *= edge
        flat[self.at[: len(parts)]] = parts * (volume_ml / parts.sum())
        return full

    def _edge(self, reached: float) -> tuple[int, Cells]:
        """First cube that is not full, and the share of each from there to the last touched."""
        half = 0.5 * self.soft_mm
        first, last = np.searchsorted(self.order, [reached - half, reached + half])
        x = np.clip((reached - self.order[first:last]) / self.soft_mm + 0.5, 0.0, 1.0)
        return int(first), x * x * (3.0 - 2.0 * x)


def front(room: Room, tip_mm: ArrayLike, bevel: ArrayLike, volume_ml: float) -> Front:
    """The front that starts at a tip (3,) and leaves it towards the bevel's side (3,).

    It is followed for at most ``volume_ml``. `InputError` where there is no room within 6 mm.
    """
    lattice, open_ = room.lattice, room.porosity > 1e-3
    delay = np.where(open_, room.resistance, 0.0) * lattice.step_mm
    for axis in range(3):  # a closed shell, so that no sweep looks over the edge
        np.moveaxis(delay, axis, 0)[[0, -1]] = 0.0
    arrival = np.full(lattice.shape, np.inf)
    for cell, late in _starts(lattice, delay > 0, tip_mm, bevel):
        arrival[cell] = late
    delay = np.ascontiguousarray(delay)
    some = delay > 0
    first = np.where(some.any(axis=2), some.argmax(axis=2), 0)
    last = np.where(some.any(axis=2), some.shape[2] - some[:, :, ::-1].argmax(axis=2), 0)
    for _ in range(_MOST_ROUNDS):
        if _kernels.sweep(delay, first, last, arrival) < _CLOSE:
            break
    at = np.flatnonzero(np.isfinite(arrival).reshape(-1))
    at = at[np.argsort(arrival.reshape(-1)[at], kind="stable")]
    order: Cells = arrival.reshape(-1)[at]
    taken = room.porosity.reshape(-1)[at] * lattice.cell_ml
    sums = np.cumsum(taken)
    enough = int(np.searchsorted(sums, volume_ml))
    limit = np.inf if enough >= len(order) else float(order[enough]) + 2 * room.soft_mm
    kept = order <= limit
    return Front(lattice, order[kept], taken[kept], at[kept], float(sums[-1]), room.soft_mm)


def _starts(
    lattice: Lattice, open_: NDArray[np.bool_], tip_mm: ArrayLike, bevel: ArrayLike
) -> list[tuple[tuple[int, int, int], float]]:
    """Cubes in which the fluid leaves the needle, and their delay: those before the bevel first."""
    tip = np.asarray(tip_mm, dtype=np.float64)
    mouth = tip + 0.8 * np.asarray(bevel, dtype=np.float64)
    box = lattice.within(np.stack([tip - _NEAR_MM, tip + _NEAR_MM]))
    near = np.argwhere(open_[box]) + [span.start for span in box]
    if not len(near):
        raise InputError(
            f"a fluid finds no room within {_NEAR_MM:g} mm of the tip {tip.round(1)}; "
            "the tip lies in solid tissue: move it"
        )
    places = (near[:, ::-1] + np.array(lattice.low)) * lattice.step_mm
    away = np.linalg.norm(places - mouth, axis=1)
    first = float(away.min())
    chosen = np.flatnonzero(away <= first + lattice.step_mm)
    return [
        ((int(near[n, 0]), int(near[n, 1]), int(near[n, 2])), float(away[n] - first))
        for n in chosen
    ]
