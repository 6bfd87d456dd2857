"""What an injection is about, over a CT slice: the spaces it is meant for, and its contrast."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Space
from needle_sim.views import canvas
from needle_sim.views.slices import Plane
from needle_sim.volume.volume import Volume

SPACE = canvas.NERVE  # green is what is aimed at, a nerve or a space
CONTRAST = "#86e6ff"
SEEN_MG_ML = 5.0
"""Iodine from which contrast is tinted: about 130 HU at 120 kV, 26 HU for 1 mg/mL (memory)."""
_STEP_MM = 0.5
_BEYOND_MM = 2.0


def outline_spaces(ax: Axes, plane: Plane, spaces: Iterable[Space]) -> Axes:
    """Draw the outline that each space has in a slice, thin and dotted."""
    for space in spaces:
        part = _within(plane, space)
        if part is None:
            continue
        x, y = plane.steps_mm(_STEP_MM)
        points = plane.points_mm(_STEP_MM)[part]
        away = space.shape.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
        if away.min() < 0 < away.max():
            ax.contour(
                x[part[1]],
                y[part[0]],
                away,
                levels=[0.0],
                colors=[SPACE],
                linewidths=canvas.points_high(ax, 0.0028),
                linestyles=["dotted"],
                zorder=1.8,
            )
    return ax


def tint_contrast(ax: Axes, plane: Plane, iodine_mg_ml: Volume) -> Axes:
    """Tint a slice where contrast lies in it."""
    x, y = plane.steps_mm(_STEP_MM)
    points = plane.points_mm(_STEP_MM)
    inside = iodine_mg_ml.sample(points, outside=0.0)
    if inside.max() <= SEEN_MG_ML:
        return ax
    levels = [SEEN_MG_ML, 40.0, 1e4]
    ax.contourf(x, y, inside, levels=levels, colors=[CONTRAST] * 2, alpha=0.42, zorder=1.7)
    ax.contour(
        x,
        y,
        inside,
        levels=[SEEN_MG_ML],
        colors=[CONTRAST],
        linewidths=canvas.points_high(ax, 0.002),
        zorder=1.7,
    )
    return ax


def _within(plane: Plane, space: Space) -> tuple[slice, slice] | None:
    """Rows and columns of a plane that a space's box reaches; None where it does not."""
    low, high = np.asarray(space.shape.box_mm)
    corners: NDArray[np.float64] = np.stack(
        [np.where(pick, high, low) for pick in np.ndindex(2, 2, 2)]
    )
    off = plane.off_mm(corners)
    if off.min() > 0 or off.max() < 0:
        return None
    flat = plane.flat_mm(corners)
    (left, top), (right, bottom) = flat.min(axis=0) - _BEYOND_MM, flat.max(axis=0) + _BEYOND_MM
    x, y = plane.steps_mm(_STEP_MM)
    columns = slice(*np.searchsorted(x, [left, right]))
    rows = slice(*np.searchsorted(y, [top, bottom]))
    small = columns.stop - columns.start < 2 or rows.stop - rows.start < 2
    return None if small else (rows, columns)
