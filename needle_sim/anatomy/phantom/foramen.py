"""The intervertebral foramen: what lies between pedicles, body and disc, and the joint."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from needle_sim.anatomy.phantom.interlaminar import Interspace, cut_row
from needle_sim.anatomy.phantom.posts import UP, Posts
from needle_sim.geometry.shapes import Implicit, Row, bar

_MOUTH_MM = 3.5  # the outer mouth lies this far lateral of the pedicle's lateral border
_IN_CANAL_MM = 3.5  # it begins this far inside the canal, so that the two are one space
_TOP_HALF_MM, _LOW_HALF_MM = 6.2, 5.2  # front to back before bones, joint and disc cut it
_FRONT_MM = 2.9  # beside a body it reaches this far before the body's back
_CAP_MM = 4.0


def foramen_rows(space: Interspace, side: str, walls: Iterable[Implicit]) -> list[Row]:
    """The foramen of the upper vertebra's root, patient: wide above, narrow before the joint.

    From the lower border of one pedicle to the upper border of the next; ``walls`` (bones, disc and
    joint) are cut away.
    """
    column = space.column
    spec, body = column.vertebrae[space.upper], column.bodies[space.upper]
    below = column.bodies[space.lower]
    post = Posts(spec, "left" if side == "left" else "right")
    lower = Posts(column.vertebrae[space.lower], post.side)
    under = post.pedicle - 0.5 * spec.pedicle_height_mm * UP
    slant = np.cos(np.radians(spec.pedicle_transverse_deg))
    inner = 0.5 * spec.canal_width_mm - _IN_CANAL_MM
    outer = 0.5 * spec.canal_width_mm + spec.pedicle_width_mm / slant + _MOUTH_MM
    middle, half = 0.5 * (inner + outer), 0.5 * (outer - inner)
    top = body.apply(post.at(middle, spec.back_mm + _TOP_HALF_MM - _FRONT_MM, under[2] - _CAP_MM))
    upper_rim = lower.pedicle + 0.5 * lower.spec.pedicle_height_mm * UP
    low = below.apply(
        lower.at(
            middle, lower.spec.back_mm + _LOW_HALF_MM - _FRONT_MM, upper_rim[2] + _CAP_MM - 2.0
        )
    )
    across = body.matrix[:3, 0]
    rows = [
        bar(
            top,
            low,
            (half, _TOP_HALF_MM),
            end_radii_mm=(half, _LOW_HALF_MM),
            across=across,
            cap_mm=_CAP_MM,
            squared=True,
        )
    ]
    low, high = Implicit.of(rows).box_mm
    for wall in walls:
        boxes = wall.row_boxes_mm()
        near = (boxes[:, 0] < high).all(axis=1) & (boxes[:, 1] > low).all(axis=1)
        rows += [cut_row(row) for row in wall.rows[near & (wall.rows[:, 1] == 0.0)]]
    return rows
