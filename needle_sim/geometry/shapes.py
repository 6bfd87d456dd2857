"""Shapes by signed distance, negative inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry import _kernels
from needle_sim.geometry.parts import (
    BAR,
    WIDTH,
    Row,
    Step,
    bar,
    box,
    drum,
    half_sizes_of,
)
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import Transform, unit
from needle_sim.jit import in_slabs

__all__ = [
    "Implicit",
    "Row",
    "Step",
    "Tube",
    "bar",
    "box",
    "distance_to_tubes_mm",
    "drum",
    "trace_mm",
]

_CHUNK = 16_384  # points, whole runs of the kernels
_POINT_US = 0.06  # about what a point takes


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A round tube along a polyline (N, 3), its radius (N,) linear between the points, mm."""

    points_mm: NDArray[np.float64]
    radius_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        points = as_points(self.points_mm, "points_mm of a tube", least=2)
        radius = np.array(np.broadcast_to(self.radius_mm, len(points)), dtype=np.float64)
        if not (np.isfinite(radius).all() and (radius > 0).all()):
            raise InputError("the radius of a tube must be positive everywhere")
        radius.flags.writeable = False
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "radius_mm", radius)

    def moved(self, by: Transform) -> Tube:
        """The same tube after a rigid map."""
        return Tube(by.apply(self.points_mm), self.radius_mm)


def segments(tubes: Sequence[Tube]) -> tuple[Row, Row, Row]:
    """First and last points (S, 3) of all straight pieces, and the radii (S, 2) there."""
    return (
        np.concatenate([tube.points_mm[:-1] for tube in tubes]),
        np.concatenate([tube.points_mm[1:] for tube in tubes]),
        np.concatenate([np.stack([t.radius_mm[:-1], t.radius_mm[1:]], axis=1) for t in tubes]),
    )


def distance_to_tubes_mm(points_mm: ArrayLike, tubes: Sequence[Tube]) -> NDArray[np.float64]:
    """Signed distance (P,) of points (P, 3) from the union of tubes; negative inside."""
    points = np.ascontiguousarray(points_mm, dtype=np.float64)
    out = np.empty(len(points))
    if not tubes:
        out.fill(np.inf)
        return out
    starts, ends, radii = segments(tubes)
    start_radius, end_radius = np.ascontiguousarray(radii.T)

    def part(low: int, high: int) -> None:
        kept = np.empty(len(starts), dtype=np.int64)
        chunk = _read_only(points[low:high])
        _kernels.tube_distance(chunk, starts, ends, start_radius, end_radius, kept, out[low:high])

    in_slabs(part, len(points), slab=_CHUNK, row_us=_POINT_US)
    return out


def tubes_on_grid(
    tubes: Sequence[Tube], low_mm: Row, shape: tuple[int, int, int], voxel_mm: float
) -> tuple[NDArray[np.int64], Row]:
    """Signed distance to the union of tubes at the voxels around it.

    Parameters
    ----------
    tubes : sequence of Tube
    low_mm : (3,) array
        Centre of the first voxel, patient x, y, z.
    shape : (int, int, int)
        Slices, rows, columns of the grid.
    voxel_mm : float
        Their edge.

    Returns
    -------
    (3,) array of int, (I, J, K) array
        First slice, row and column of a box, and the distances in it; one voxel where it is more
        than half of one. The box is empty where the grid does not reach the tubes.
    """
    starts, ends, radii = segments(tubes)
    reach = radii.max(axis=1)[:, None] + 0.5 * voxel_mm
    low = np.ceil((np.minimum(starts, ends) - reach - low_mm) / voxel_mm)
    high = np.floor((np.maximum(starts, ends) + reach - low_mm) / voxel_mm) + 1
    boxes = np.clip(np.stack([low, high], axis=1)[..., ::-1], 0, shape).astype(np.int64)
    first, last = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    depth = np.full(np.maximum(last - first, 0), voxel_mm)
    at = low_mm + first[::-1] * voxel_mm
    _kernels.tubes_in_boxes(at, float(voxel_mm), starts, ends, radii, boxes - first, depth)
    return first, depth


@dataclass(frozen=True, slots=True, eq=False)
class Implicit:
    """A smooth union of bars, drums and boxes, with cuts: a program run row by row.

    The distance is exact to first order at the surface (each part is divided by its own gradient)
    and never above the true distance far outside, so it can be sphere-traced.

    Parameters
    ----------
    rows : (R, 24) array
        Made by `bar`, `drum` and `box`; each adds to, or cuts from, what the rows before it made.

    References
    ----------
    Ricci (1973), doi:10.1093/comjnl/16.2.157, for blending; the quadratic smooth minimum is that of
    Quilez (2013), https://iquilezles.org/articles/smin.
    """

    rows: NDArray[np.float64]
    _frames: NDArray[np.float64] = field(init=False, repr=False)
    _box: NDArray[np.float64] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        rows = np.array(self.rows, dtype=np.float64, order="C")
        if rows.ndim != 2 or rows.shape[1] != WIDTH or len(rows) < 1:
            raise InputError(f"a shape needs rows (R, {WIDTH}), got {rows.shape}")
        if not np.isfinite(rows).all():
            raise InputError("a shape holds values that are not finite")
        if rows[0, 1] != 0.0:
            raise InputError("the first row of a shape must add, there is nothing to cut yet")
        frames = np.empty((len(rows), 20))
        frames[:, :3] = rows[:, 3:6]
        frames[:, 3:6] = rows[:, 6:9]
        frames[:, 6:9] = rows[:, 9:12]
        frames[:, 9:12] = np.cross(rows[:, 6:9], rows[:, 9:12])
        half, run = half_sizes_of(rows)
        frames[:, 12:15] = frames[:, :3] + 0.5 * run[:, None] * frames[:, 9:12]
        flat = np.where(rows[:, 0] == BAR, half.max(axis=1) / half.min(axis=1), 2.0)
        steep = np.where(rows[:, 17] == 4.0, 0.6, 0.9)
        frames[:, 16] = steep * 2.0 * flat / (1.0 + flat * flat)
        half[:, 2] += 0.5 * run
        frames[:, 15] = np.sqrt(np.square(half).sum(axis=1))
        frames[:, 17:20] = half
        for array, name in ((rows, "rows"), (frames, "_frames")):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Implicit:
        """The shape of these rows in this order."""
        return cls(np.stack(list(rows)))

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3) from the surface, negative inside."""
        points = np.ascontiguousarray(points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise InputError(f"points_mm must be (P, 3), got {points.shape}")
        out = np.empty(len(points))

        def part(low: int, high: int) -> None:
            chunk = _read_only(points[low:high])
            _kernels.implicit_distance(
                chunk, self.rows, self._frames, *_scratch(len(self.rows)), out[low:high]
            )

        in_slabs(part, len(points), slab=_CHUNK, row_us=_POINT_US)
        return out

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) of a box that holds the shape; worked out once."""
        if self._box is None:
            object.__setattr__(self, "_box", self._around())
        return np.asarray(self._box)

    def _around(self) -> NDArray[np.float64]:
        boxes = self.row_boxes_mm()[self.rows[:, 1] == 0.0]
        box = np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])
        box.flags.writeable = False
        return box

    def row_boxes_mm(self) -> NDArray[np.float64]:
        """Low and high corner (R, 2, 3) of a box around each row with its blend."""
        half, run = half_sizes_of(self.rows)
        start = self._frames[:, :3]
        end = start + run[:, None] * self._frames[:, 9:12]
        axes = np.abs(self._frames[:, 3:12].reshape(-1, 3, 3))  # x, y and z axis of each row
        margin = np.einsum("ri,rij->rj", half, axes) + 0.25 * self.rows[:, 2:3]
        return np.stack([np.minimum(start, end) - margin, np.maximum(start, end) + margin], axis=1)

    def moved(self, by: Transform) -> Implicit:
        """The same shape after a rigid map (a turn and a shift; `InputError` otherwise)."""
        turn = by.matrix[:3, :3]
        if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-9) or np.linalg.det(turn) < 0:
            raise InputError("a shape can only be turned and shifted, not scaled or mirrored")
        rows = self.rows.copy()
        rows[:, 3:6] = by.apply(rows[:, 3:6])
        rows[:, 6:9] = by.turn(rows[:, 6:9])
        rows[:, 9:12] = by.turn(rows[:, 9:12])
        return Implicit(rows)

    def gradient(self, points_mm: ArrayLike, *, step_mm: float = 1e-4) -> NDArray[np.float64]:
        """Central differences (P, 3) of the distance; of length 1 at the surface."""
        points = np.asarray(points_mm, dtype=np.float64)
        shifts = np.concatenate([np.eye(3), -np.eye(3)]) * step_mm
        around = self.distance_mm((points[:, None] + shifts).reshape(-1, 3)).reshape(-1, 6)
        return np.asarray((around[:, :3] - around[:, 3:]) / (2 * step_mm))


def trace_mm(shape: Implicit, start_mm: ArrayLike, towards: ArrayLike, *, off_mm: float) -> Row:
    """First point (3,) on a ray from outside that lies ``off_mm`` from the surface.

    Sphere tracing; `InputError` where the ray misses the shape.
    """
    start, step = np.asarray(start_mm, dtype=np.float64), unit(towards)
    at, scratch = start.copy()[None], _scratch(len(shape.rows))
    gap = _kernels.trace(at, _read_only(step), float(off_mm), shape.rows, shape._frames, *scratch)
    if abs(gap) < 1e-2:  # a tapered bar's distance jumps by some micrometres where its cap begins
        return np.asarray(at[0])
    raise InputError(f"the ray from {start.round(1)} along {step} misses the shape")


def _scratch(rows: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What the kernels work in."""
    return np.empty((6, _kernels.RUN)), np.empty(rows, dtype=np.int64)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view
