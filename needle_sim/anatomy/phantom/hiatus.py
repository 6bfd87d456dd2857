"""The sacral hiatus below the dorsal wall of the sacrum, and the ligament that closes it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import canal_points, wall_points
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Row, bar

_X = np.array([1.0, 0.0, 0.0])
_LIGAMENT_HALF_MM = ((8.6, 2.0), (5.0, 1.2))
"""Half sizes at the apex and on the coccyx: it spans the cornua, 16.5-17.7 mm apart, and is 3.9-4.3
mm thick (PARKUS15)."""
_ON_COCCYX_MM = (8.0, 5.2)  # below the sacrum's end, and behind its axis (proposed)
_HALF_MM = ((6.8, 3.1), (5.2, 2.6), (4.4, 2.4))
"""Half sizes of the canal at the lower ends of S3 to S5; at the apex it is 4.7 mm deep (NIK14)."""


def ligament_rows(spec: VertebraSpec, sizes: Mapping[str, float]) -> list[Row]:
    """The sacrococcygeal ligament, body frame of S1: from the wall's lower end to the coccyx."""
    axis = Segments(spec, sizes)
    down, behind = axis.directions[-1], axis.dorsal(4)
    apex = wall_points(spec, sizes)[-1] + 1.5 * down
    low = axis.ends[-1] + _ON_COCCYX_MM[0] * down + _ON_COCCYX_MM[1] * behind
    first, last = _LIGAMENT_HALF_MM
    return [bar(apex, low, first, end_radii_mm=last, across=_X, cap_mm=1.0, squared=True)]


def hiatus_rows(spec: VertebraSpec, sizes: Mapping[str, float]) -> list[Row]:
    """The sacral canal below S3 and under the ligament, body frame of S1; the ligament is cut."""
    line = canal_points(spec, sizes)[3:]
    rows = [
        bar(line[n], line[n + 1], _HALF_MM[n], end_radii_mm=_HALF_MM[n + 1], across=_X, cap_mm=1.0,
            blend_mm=0.5)
        for n in range(2)
    ]  # fmt: skip
    (closing,) = ligament_rows(spec, sizes)
    cut = closing.copy()
    cut[1], cut[2] = 1.0, 0.3
    return [*rows, cut]
