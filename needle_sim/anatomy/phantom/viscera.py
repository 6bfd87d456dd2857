"""What lies in the abdominal cavity: kidneys, liver, colon with its gas, loops of small bowel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.geometry.shapes import Row, bar

_Points = NDArray[np.floating[Any]]
_X, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


def place(column: Column, level: str, x: float, y: float, z: float = 0.0) -> _Points:
    """Patient point (3,) offset from the centre of a body along the patient's axes; of L1 to L5,
    however many lumbar vertebrae there are."""
    return np.asarray(column.station_mm(level)[0] + [x, y, z])


def chain(
    knots: Sequence[tuple[_Points, tuple[float, float]]],
    blend_mm: float = 2.0,
    *,
    across: _Points = _X,
) -> list[Row]:
    """A tapering strand of elliptic bars through knots (point, half sizes along x and across)."""
    return [
        bar(start, end, first, end_radii_mm=last, across=across, blend_mm=blend_mm)
        for (start, first), (end, last) in pairwise(knots)
    ]


def organs(column: Column, front_mm: float) -> Iterator[tuple[str, list[Row]]]:
    """Tissue and shape of the solid organs and of the bowel.

    ``front_mm`` is the front of the cavity (y).
    """
    depth = -front_mm
    yield from (("kidney", rows) for rows in _kidneys(column))
    yield "liver", _liver(column, depth)
    yield "bowel", _duodenum(column)
    for path in _colon(column, depth):
        yield "bowel", chain([(point, (radius, radius)) for point, radius in path], 3.0)
    yield from (("bowel", rows) for rows in _loops(depth))


def _kidneys(column: Column) -> Iterator[list[Row]]:
    for sign, rise in ((1.0, 22.0), (-1.0, 8.0)):
        low = place(column, "L2", sign * 74.0, -6.0, rise - 30.0)
        high = place(column, "L2", sign * 58.0, 2.0, rise + 30.0)
        across = (0.8, -0.6 * sign, 0.0)
        inward = 0.5 * (low + high) - np.array([sign * 17.0, 9.0, 0.0])
        slant = 0.3 * (high - low)
        yield [
            bar(low, high, (22.0, 27.0), across=across, cap_mm=22.0),
            bar(inward - slant, inward + slant, (6.0, 9.0), across=across, cap_mm=8.0,
                blend_mm=4.0, step="cut"),
        ]  # fmt: skip


def _liver(column: Column, depth: float) -> list[Row]:
    low, high = place(column, "L2", -104.0, -0.5 * depth, -5.0), place(column, "L1", -86, -38, 40)
    return [
        bar(high, low, (46.0, 50.0), end_radii_mm=(22.0, 34.0), across=(1.0, 0.6, 0.0)),
        bar(place(column, "L1", -40.0, -70.0, 60.0), high, (34.0, 26.0), across=_X, blend_mm=12.0),
    ]


def _duodenum(column: Column) -> list[Row]:
    knots = ((-38.0, -26.0, 14.0), (-26.0, -34.0, 12.0), (10.0, -14.0, 11.0), (58.0, 12.0, 13.0))
    return chain(
        [(place(column, "L1", x, -52.0 - 0.12 * x, z), (r, 0.7 * r)) for x, z, r in knots], 3.0
    )


def _loops(depth: float) -> Iterator[list[Row]]:
    """Small bowel: bent loops on a fixed spiral over the front of the cavity."""
    for n in range(38):
        turn, out = 2.4 * n, 0.25 + 0.025 * n
        x, y = 70.0 * out * np.cos(turn), -0.66 * depth + 0.2 * depth * out * np.sin(2.1 * turn)
        centre = np.array([x, min(y, -50.0), -170.0 + 6.2 * n])
        along = 14.0 * np.array([np.cos(1.7 * n), 0.4 * np.sin(n), 0.6 * np.sin(2.3 * n)])
        bend = 12.0 * np.array([np.sin(1.7 * n), -0.5 * np.cos(1.3 * n), 0.5 * np.cos(2.9 * n)])
        size = 9.5 + 2.5 * np.sin(3.1 * n)
        ends = (centre - along - bend, centre, centre + along - bend)
        yield chain([(end, (size, 0.85 * size)) for end in ends], 4.0)


def pockets(column: Column, front_mm: float) -> Iterator[tuple[list[Row], float]]:
    """Gas, each pocket with how irregular it is (mm): clear in front, in bubbles in the stool."""
    for turn, path in enumerate(_colon(column, -front_mm)):
        for n, ((start, first), (end, last)) in enumerate(pairwise(path)):
            for share, size in ((0.2, 0.5), (0.55, 0.6), (0.85, 0.45)):
                radius = (size - 0.1 * ((turn + n) % 2)) * (first + share * (last - first))
                centre = start + share * (end - start) - [0.0, 0.3 * radius, 0.0]
                along = 0.06 * (end - start)
                shape = bar(centre - along, centre + along, (1.25 * radius, 0.8 * radius),
                            across=_UP)  # fmt: skip
                yield [shape], 3.5 if (turn + n) % 2 == 0 else 1.2
    for x, z, size in ((22.0, -62.0, 7.0), (-34.0, -88.0, 8.0), (48.0, -20.0, 6.0)):
        here = np.array([x, 0.72 * front_mm, z])
        yield [bar(here, here + np.array([7.0, 0.0, 3.0]), (size, 0.7 * size), across=_UP)], 1.5


def _colon(column: Column, depth: float) -> list[list[tuple[_Points, float]]]:
    """Right, transverse and left colon as (place, radius); ``depth`` is the cavity's before L3."""
    front = -depth
    right = [
        (place(column, "S1", -78.0, 0.5 * front - 40.0, 8.0), 22.0),
        (place(column, "L5", -92.0, 0.5 * front - 4.0, 10.0), 24.0),
        (place(column, "L4", -100.0, 0.45 * front), 21.0),
        (place(column, "L3", -98.0, 0.48 * front, 10.0), 22.0),
    ]
    across = [
        (place(column, "L3", -80.0, front + 30.0, 5.0), 19.0),
        (place(column, "L3", -50.0, front + 22.0, -8.0), 16.0),
        (place(column, "L3", -20.0, front + 20.0, -12.0), 19.0),
        (place(column, "L2", 20.0, front + 21.0, -16.0), 16.0),
        (place(column, "L2", 56.0, front + 24.0, 5.0), 18.0),
        (place(column, "L1", 92.0, 0.55 * front, 10.0), 17.0),
    ]
    left = [
        (place(column, "L2", 108.0, 0.32 * front), 15.0),
        (place(column, "L3", 110.0, 0.36 * front), 12.0),
        (place(column, "L4", 104.0, 0.38 * front), 14.0),
        (place(column, "S1", 78.0, 0.5 * front - 42.0, 0.0), 12.0),
    ]
    return [right, across, left]
