"""The disc between two vertebral bodies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from needle_sim.anatomy.phantom.column import Column
from needle_sim.geometry.shapes import Row, bar, drum
from needle_sim.geometry.transform import unit

_HOLLOW_MM = 16.0  # radius of the hollow at the back of a disc (model choice)
_ROOT_MM, _ROUND_MM = 6.0, 2.0  # of a bulge: how deep in the disc it begins, its rounded end
_LEAST_MM = 1.0  # of the front and the back of a disc, however the fitted bodies lean (proposed)


def disc_rows(column: Column, upper: str, lower: str) -> tuple[Row, Row]:
    """Annulus and nucleus between two bodies; the bones painted later trim them."""
    top, low = column.vertebrae[upper], column.vertebrae[lower]
    above, below = (
        column.bodies[level].apply([0.0, 0.0, sign * 0.5 * spec.height_mm])
        for level, spec, sign in ((upper, top, -1.0), (lower, low, 1.0))
    )
    left, up, up_below = (
        column.bodies[level].matrix[:3, axis]
        for level, axis in ((lower, 0), (upper, 2), (lower, 2))
    )
    axis = unit(up + up_below)  # not from middle to middle: one body may have slipped on the other
    height = max(float((above - below) @ axis), 1.0)
    back = np.cross(axis, left)
    turn = float(np.arcsin(np.clip(np.cross(up_below, up) @ -left, -1.0, 1.0)))
    wedge = (
        0.5
        * (top.lower_depth_mm + low.upper_depth_mm)
        * (np.tan(turn) + top.wedge_slope + low.wedge_slope)
    )
    wide = 0.97 * 0.5 * (top.lower_width_mm + low.upper_width_mm)
    aside = float(np.arcsin(np.clip(np.cross(up_below, up) @ -back, -1.0, 1.0)))
    lean = 0.5 * float(np.tan(aside))
    deep = 0.97 * 0.5 * (top.lower_depth_mm + low.upper_depth_mm)
    heights = tuple(max(height + sign * 0.5 * wedge, _LEAST_MM) for sign in (1.0, -1.0))
    annulus = drum(
        (wide, deep), (wide, deep), (heights[0] + 1.0, heights[1] + 1.0), waist_mm=-0.6,
        round_mm=1.0, lean=lean, centre_mm=0.5 * (above + below), axes=(left, back),
    )  # fmt: skip
    inner = low.nucleus_share * wide, low.nucleus_share * deep
    nucleus = drum(
        inner, inner, (heights[0] + 2.0, heights[1] + 2.0), round_mm=2.0, lean=lean,
        centre_mm=0.5 * (above + below) + low.nucleus_back_mm * back, axes=(left, back),
    )  # fmt: skip
    return annulus, nucleus


def hollow_rows(annulus: Row, deep_mm: float) -> Iterator[Row]:
    """The hollow at the back of a disc, at its deepest; 0 is flat, and less than that a bulge."""
    if deep_mm < 0.0:
        yield _bulge(annulus, -deep_mm)
    if deep_mm > 0.0:
        back, axis = annulus[9:12], np.cross(annulus[6:9], annulus[9:12])
        centre = annulus[3:6] + (0.5 * annulus[13] + _HOLLOW_MM - deep_mm) * back
        half = (_HOLLOW_MM, _HOLLOW_MM)
        yield bar(
            centre - 12 * axis,
            centre + 12 * axis,
            half,
            across=annulus[6:9],
            blend_mm=1.0,
            step="cut",
        )


def _bulge(annulus: Row, far_mm: float) -> Row:
    """Disc that stands out behind the rims, as far in the midline, less beside it."""
    left, back = annulus[6:9], annulus[9:12]
    rim = annulus[3:6] + 0.5 * annulus[13] * back
    half = 0.34 * float(annulus[12]), 0.5 * float(annulus[17])
    inner = rim - _ROOT_MM * back
    return bar(
        inner, rim + (far_mm - _ROUND_MM) * back, half,
        end_radii_mm=(0.75 * half[0], 0.8 * half[1]), across=left, cap_mm=_ROUND_MM, blend_mm=1.0,
    )  # fmt: skip
