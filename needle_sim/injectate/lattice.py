"""`Lattice`: the cubes about a tip in which a fluid is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.volume.volume import axis_aligned

Points = NDArray[np.float64]
Cells = NDArray[np.float64]
MOST_CELLS = 12_000_000


@dataclass(frozen=True, slots=True)
class Lattice:
    """A grid of cubes, upright in the patient, on whole multiples of its step.

    Two lattices of one step therefore meet cube on cube. Arrays on it run (z, y, x), each growing.

    Parameters
    ----------
    low : (3,) ints
        First cube along patient x, y, z, in steps.
    shape : (3,) ints
        Cubes along z, y, x.
    step_mm : float, mm
    """

    low: tuple[int, int, int]
    shape: tuple[int, int, int]
    step_mm: float

    @classmethod
    def around(cls, corners_mm: ArrayLike, step_mm: float) -> Lattice:
        """The lattice that holds a box of corners (2, 3), with one cube to spare."""
        low_mm, high_mm = np.asarray(corners_mm, dtype=np.float64)
        low = np.floor(low_mm / step_mm).astype(int) - 1
        high = np.ceil(high_mm / step_mm).astype(int) + 1
        size = high - low + 1
        if np.prod(size.astype(float)) > MOST_CELLS:
            raise InputError(f"a lattice of {size} cubes is too large; at most {MOST_CELLS}")
        return cls(
            (int(low[0]), int(low[1]), int(low[2])),
            (int(size[2]), int(size[1]), int(size[0])),
            step_mm,
        )

    @property
    def patient_from_voxel(self) -> Transform:
        """Of an array on it."""
        first = [self.step_mm * at for at in self.low]
        return axis_aligned((self.step_mm,) * 3, first)

    @property
    def cell_ml(self) -> float:
        """Volume of a cube, mL."""
        return self.step_mm**3 * 1e-3

    def axes_mm(self) -> tuple[Points, Points, Points]:
        """Patient x, y and z of the cubes."""
        x, y, z = (
            np.asarray(self.step_mm * (first + np.arange(count)), dtype=np.float64)
            for first, count in zip(self.low, self.shape[::-1], strict=True)
        )
        return x, y, z

    def points_mm(self, where: NDArray[np.bool_] | None = None) -> Points:
        """Middles (P, 3) of all cubes, or of those that are True in ``where`` (I, J, K)."""
        x, y, z = self.axes_mm()
        if where is None:
            grid = np.meshgrid(z, y, x, indexing="ij")
            return np.stack([grid[2], grid[1], grid[0]], axis=-1).reshape(-1, 3)
        i, j, k = np.nonzero(where)
        return np.stack([x[k], y[j], z[i]], axis=-1)

    def within(self, corners_mm: ArrayLike) -> tuple[slice, slice, slice]:
        """The part of an array whose cubes' middles lie in a box of corners (2, 3)."""
        low, high = np.asarray(corners_mm, dtype=np.float64) / self.step_mm
        spans = []
        for axis in (2, 1, 0):
            first = self.low[axis]
            start = int(np.clip(np.ceil(low[axis]) - first, 0, self.shape[2 - axis]))
            stop = int(np.clip(np.floor(high[axis]) + 1 - first, start, self.shape[2 - axis]))
            spans.append(slice(start, stop))
        return spans[0], spans[1], spans[2]

    def part(self, box: tuple[slice, slice, slice]) -> Lattice:
        """The lattice of a part of an array on this one."""
        low = [self.low[axis] + int(box[2 - axis].start) for axis in range(3)]
        sides = [int(one.stop) - int(one.start) for one in box]
        return Lattice((low[0], low[1], low[2]), (sides[0], sides[1], sides[2]), self.step_mm)

    def joined(self, other: Lattice) -> Lattice:
        """The smallest lattice that holds both."""
        if other.step_mm != self.step_mm:
            raise InputError(f"lattices of {self.step_mm} and {other.step_mm} mm do not meet")
        low = np.minimum(self.low, other.low)
        high = np.maximum(np.add(self.low, self.shape[::-1]), np.add(other.low, other.shape[::-1]))
        size = high - low
        return Lattice(
            (int(low[0]), int(low[1]), int(low[2])),
            (int(size[2]), int(size[1]), int(size[0])),
            self.step_mm,
        )

    def place_of(self, part: Lattice) -> tuple[slice, slice, slice]:
        """Where the array of a smaller lattice lies in one of this."""
        first = [part.low[axis] - self.low[axis] for axis in (2, 1, 0)]
        spans = [slice(at, at + n) for at, n in zip(first, part.shape, strict=True)]
        return spans[0], spans[1], spans[2]
