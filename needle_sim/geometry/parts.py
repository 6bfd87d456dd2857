"""The parts of a shape: rows of figures for bars, drums and boxes (see `shapes.Implicit`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import cross, unit

Row = NDArray[np.float64]
Step = Literal["add", "cut"]
BAR, _DRUM, _BOX = 0.0, 1.0, 2.0
WIDTH = 24


def bar(
    start_mm: ArrayLike,
    end_mm: ArrayLike,
    radii_mm: tuple[float, float],
    *,
    end_radii_mm: tuple[float, float] | None = None,
    across: ArrayLike = (1.0, 0.0, 0.0),
    cap_mm: float | None = None,
    squared: bool = False,
    blend_mm: float = 1.5,
    step: Step = "add",
) -> Row:
    """A tapered bar between two points (3,) with an elliptic section; one point is an ellipsoid.

    Parameters
    ----------
    start_mm, end_mm : (3,) array
        Ends of the axis; the caps stand out beyond them by ``cap_mm``.
    radii_mm, end_radii_mm : (float, float)
        Half sizes of the section along ``across`` and perpendicular to it, at start and end.
    across : (3,) array
        Direction of the first half size; made perpendicular to the axis.
    cap_mm : float
        Height of the rounded ends, by default the smallest half size.
    squared : bool
        Superellipse of power 4 (flat faces) instead of an ellipse.
    blend_mm : float
        Width of the fillet to what was there before.
    step : str
        ``"add"`` or ``"cut"``.
    """
    start, end = np.asarray(start_mm, dtype=np.float64), np.asarray(end_mm, dtype=np.float64)
    last = end_radii_mm or radii_mm
    length = float(np.linalg.norm(end - start))
    first_axis = np.asarray(across, dtype=np.float64)
    if length > 1e-9:
        along = (end - start) / length
    else:
        start, length = end, 0.0
        helper = np.array([0.0, 0.0, 1.0]) if abs(unit(first_axis)[2]) < 0.9 else np.eye(3)[1]
        along = unit(helper - first_axis * (helper @ first_axis) / (first_axis @ first_axis))
    u = unit(first_axis - along * (first_axis @ along))
    cap = min(*radii_mm, *last) if cap_mm is None else cap_mm
    figures = (*radii_mm, *last, cap, 4.0 if squared else 2.0, 0.0, length)
    return _row(BAR, step, blend_mm, start, u, cross(along, u), figures)


def drum(
    upper_mm: tuple[float, float],
    lower_mm: tuple[float, float],
    heights_mm: tuple[float, float],
    *,
    waist_mm: float = 0.0,
    dish_mm: float = 0.0,
    round_mm: float = 1.5,
    lean: float = 0.0,
    centre_mm: ArrayLike = (0.0, 0.0, 0.0),
    axes: tuple[ArrayLike, ArrayLike] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    blend_mm: float = 1.5,
    step: Step = "add",
) -> Row:
    """A vertebral body: superelliptic, waisted, wedged, with dished endplates.

    Parameters
    ----------
    upper_mm, lower_mm : (float, float)
        Width and depth of the end towards +z and -z.
    heights_mm : (float, float)
        Height at the front (-y) and at the back (+y).
    waist_mm : float
        How far the front and sides draw in halfway; the back (+y) does by 0.4 of it.
    dish_mm : float
        How far the middle of an endplate lies under its rim.
    round_mm : float
        Radius of the rim.
    lean : float
        Rise of the upper end (and fall of the lower) per millimetre towards +x.
    centre_mm, axes : (3,) array, pair of (3,) arrays
        Middle, and the directions of width and depth.
    blend_mm, step : float, str
        As for `bar`.
    """
    u = unit(axes[0])
    v = np.asarray(axes[1], dtype=np.float64)
    v = unit(v - u * float(u @ v))
    figures = (*upper_mm, *lower_mm, *heights_mm, waist_mm, dish_mm, round_mm, lean)
    return _row(_DRUM, step, blend_mm, np.asarray(centre_mm, dtype=np.float64), u, v, figures)


def box(
    half_mm: tuple[float, float, float],
    *,
    round_mm: float = 0.0,
    centre_mm: ArrayLike = (0.0, 0.0, 0.0),
    axes: tuple[ArrayLike, ArrayLike] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    blend_mm: float = 1.5,
    step: Step = "add",
) -> Row:
    """A box of half sizes (3,) with rounded edges; the other arguments as for `drum`."""
    u = unit(axes[0])
    v = np.asarray(axes[1], dtype=np.float64)
    v = unit(v - u * float(u @ v))
    centre = np.asarray(centre_mm, dtype=np.float64)
    return _row(_BOX, step, blend_mm, centre, u, v, (*half_mm, round_mm))


def _row(
    kind: float,
    step: Step,
    blend_mm: float,
    origin: Row,
    u: Row,
    v: Row,
    figures: Sequence[float],
) -> Row:
    row = np.zeros(WIDTH)
    row[:3] = kind, float(("add", "cut").index(step)), blend_mm
    row[3:6], row[6:9], row[9:12] = origin, u, v
    row[12 : 12 + len(figures)] = figures
    sizes = 5 if kind == BAR else 6 if kind == _DRUM else 3
    if not (row[12 : 12 + sizes] > 0).all() or blend_mm < 0:
        raise InputError(f"sizes of a shape must be positive, got {row[12 : 12 + sizes]}")
    return row


def half_sizes(row: Row) -> tuple[Row, float]:
    """Half sizes (3,) in the frame of a row (24,), and how far its axis runs along +z."""
    half, run = half_sizes_of(row[None])
    return half[0], float(run[0])


def half_sizes_of(rows: Row) -> tuple[Row, Row]:
    """`half_sizes` of many rows (R, 24): (R, 3) and (R,)."""
    bars, drums = rows[:, 0] == BAR, rows[:, 0] == _DRUM
    half = rows[:, 12:15].copy()
    wide = np.maximum(rows[:, 12:14], rows[:, 14:16])
    half[bars, :2], half[bars, 2] = wide[bars], rows[bars, 16]
    tall = rows[:, 16:18].max(axis=1) + np.abs(rows[:, 21]) * wide[:, 0]
    half[drums, :2], half[drums, 2] = 0.5 * wide[drums], 0.5 * tall[drums]
    return half, np.where(bars, rows[:, 19], 0.0)
