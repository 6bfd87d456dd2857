"""The coccyx, in the body frame of S1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import unit

_X = np.array([1.0, 0.0, 0.0])
_DISC_MM = 2.6  # between sacrum and coccyx, and less between its pieces (proposed)
_PIECES = ((13.0, 9.5, 4.0), (9.5, 6.0, 3.4), (7.0, 4.2, 2.8), (5.0, 3.0, 2.2))
"""Length and half sizes of its four pieces (texts, from memory)."""
_BEND_DEG = (12.0, 18.0, 20.0, 22.0)  # forwards, each against the one before (proposed)


def coccyx_shape(spec: VertebraSpec, sizes: Mapping[str, float]) -> Implicit:
    """Four pieces that bend forwards, the first with its transverse processes."""
    rows = []
    for n, (start, end) in enumerate(coccyx_line(spec, sizes)):
        _, wide, thick = _PIECES[n]
        rows.append(
            bar(start, end, (wide, thick), end_radii_mm=(0.7 * wide, 0.8 * thick), across=_X,
                cap_mm=1.2, blend_mm=0.8)
        )  # fmt: skip
    start, end = coccyx_line(spec, sizes)[0]
    middle = 0.7 * start + 0.3 * end
    for side in (-1.0, 1.0):
        tip = middle + side * 14.0 * _X
        rows.append(bar(middle, tip, (3.0, 2.4), end_radii_mm=(1.8, 1.6), across=unit(end - start),
                        blend_mm=1.5))  # fmt: skip
    return Implicit.of(rows)


def coccyx_line(
    spec: VertebraSpec, sizes: Mapping[str, float]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Start and end (3,) of each piece, from the sacrum down."""
    axis = Segments(spec, sizes)
    direction = axis.directions[-1]
    at = axis.ends[-1] + (_DISC_MM + 3.5) * direction
    found = []
    for n, (length, _, _) in enumerate(_PIECES):
        turn = np.radians(_BEND_DEG[n])
        front = -np.cross(_X, direction)
        direction = unit(np.cos(turn) * direction + np.sin(turn) * front)
        end = at + length * direction
        found.append((at, end))
        at = end + (0.9 + (2.2 if n == 0 else 1.2)) * direction
    return found
