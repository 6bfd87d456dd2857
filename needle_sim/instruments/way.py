"""`Way`: the axis of an instrument, by distance from its tip, and the parts that lie along it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry import solids
from needle_sim.geometry.solids import Solid
from needle_sim.geometry.transform import unit
from needle_sim.instruments.part import Part
from needle_sim.instruments.tool import Stretch

Floats = NDArray[np.float64]

_LEAST_MM = 1e-6
_SHARPEST = 0.5  # cosine of the sharpest bend that a tool is mitred at


class Way:
    """A polyline, rear end first; it goes on straight beyond both ends.

    Parameters
    ----------
    points_mm : (N, 3) array
    depth_mm : float, mm
        Tissue gives way to what lies nearer to the tip than this.
    """

    def __init__(self, points_mm: Floats, depth_mm: float) -> None:
        self._points = points_mm[::-1]
        steps = np.diff(self._points, axis=0)
        self._at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(steps, axis=1))])
        self._axes = unit(steps)  # from the tip backwards
        self._depth_mm = depth_mm
        middle = [unit(one + other) for one, other in pairwise(self._axes)]
        self._mitres = np.stack([self._axes[0], *middle, self._axes[-1]])

    def check_bends(self) -> None:
        """Refuse a path that bends too sharply to be mitred."""
        for one, other in pairwise(self._axes):
            if one @ other < _SHARPEST:
                raise InputError(
                    "a path bends by more than 60 degrees at one point; give more points of it"
                )

    def parts(self, stretch: Stretch, *, facing: ArrayLike | None = None) -> list[Part]:
        """The parts of a stretch of a tool."""
        found = []
        for n in range(stretch.repeat):
            low, high = (value + n * stretch.pitch_mm for value in stretch.span_mm)
            if stretch.shape == "cone":
                end = min(high, float(self._at[-1]))
                bodies = self.cones(low, end, stretch.diameter_mm) if end > low else []
            else:
                bodies = [(self._straight(stretch, low, high, facing), self.in_tissue(low))]
            found += [Part(body, stretch.g_cm3, stretch.kind, inside) for body, inside in bodies]
        return found

    def in_tissue(self, at_mm: float) -> bool:
        """Whether tissue gives way to what begins here."""
        return bool(at_mm < self._depth_mm - _LEAST_MM)

    def cones(
        self,
        low_mm: float,
        high_mm: float,
        diameters_mm: tuple[float, float],
        *,
        bevel: tuple[Floats, Floats] | None = None,
    ) -> list[tuple[Solid, bool]]:
        """Cylinders or cones between bends, mitred, and whether tissue gives way to each.

        ``bevel`` is the normal (3,) and a point (3,) of the plane that ends the first.
        """
        inner = [one for one in (*self._at[1:-1], self._depth_mm) if low_mm < one < high_mm]
        marks = np.unique([low_mm, *inner, high_mm])
        marks = marks[np.concatenate([[True], np.diff(marks) > _LEAST_MM])]
        widths = np.interp(marks, [low_mm, high_mm], diameters_mm)
        found = []
        for n, (first, last) in enumerate(pairwise(marks)):
            index = self._index(0.5 * (first + last))
            cut, through = bevel if bevel and n == 0 else (-self._across(first, index), None)
            body = solids.cone(
                self._point(first, index),
                self._point(last, index),
                (float(widths[n]), float(widths[n + 1])),
                cuts=(cut, self._across(last, index)),
                through_mm=(through, None),
            )
            found.append((body, self.in_tissue(first)))
        return found

    def _straight(
        self, stretch: Stretch, low: float, high: float, facing: ArrayLike | None
    ) -> Solid:
        index = self._index(0.5 * (low + high))
        start, end = self._point(low, index), self._point(high, index)
        if stretch.shape == "capsule":
            return solids.capsule(start, end, stretch.diameter_mm[0])
        along = self._axes[index]
        towards = unit((0.0, 0.0, 1.0) if facing is None else facing)
        if facing is None and abs(float(along[2])) > 0.99:
            towards = np.array([0.0, -1.0, 0.0])
        side = unit(np.cross(along, towards))
        axes = np.stack([np.cross(side, along), side, along], axis=1)
        make = solids.ellipsoid if stretch.shape == "ellipsoid" else solids.block
        return make(0.5 * (start + end), (*stretch.diameter_mm, high - low), axes)

    def _index(self, at_mm: float) -> int:
        return int(np.clip(np.searchsorted(self._at, at_mm) - 1, 0, len(self._axes) - 1))

    def _point(self, at_mm: float, index: int) -> Floats:
        return np.asarray(self._points[index] + self._axes[index] * (at_mm - self._at[index]))

    def _across(self, at_mm: float, index: int) -> Floats:
        """Normal, backwards, of the plane across the shaft: a mitre at a bend."""
        near = int(np.abs(self._at - at_mm).argmin())
        inner = 0 < near < len(self._at) - 1 and abs(self._at[near] - at_mm) < 2 * _LEAST_MM
        return np.asarray(self._mitres[near] if inner else self._axes[index])
