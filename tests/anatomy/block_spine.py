"""Label maps of blocks for bodies, processes, ribs and organs, for tests of the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from needle_sim.volume.label_names import COLUMN_NUMBERS, NUMBERS
from needle_sim.volume.volume import Volume, axis_aligned

STEP_MM = 2.5
SHAPE = (150, 60, 90)  # 375 x 150 x 225 mm
FIRST_MM = (-111.25, -75.0, 0.0)
BODY_MM = (26.0, 30.0, 40.0)


def place():
    """Slices to the head, rows posterior, columns left; x = 0 in the middle."""
    return axis_aligned([STEP_MM] * 3, FIRST_MM)


def filled(array, low_mm, high_mm, number: int) -> None:
    """Give a box of the patient (x, y, z) a number."""
    low, high = (
        [round((point[axis] - FIRST_MM[axis]) / STEP_MM) for axis in (2, 1, 0)]
        for point in (low_mm, high_mm)
    )
    array[tuple(slice(max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True))] = number


def column(
    names: Sequence[str], *, lowest_mm: float = 40.0, step_mm: float = 33.0
) -> dict[str, float]:
    """Heights of the centres of bodies, one level apart, the last name lowest."""
    return {name: lowest_mm + step_mm * n for n, name in enumerate(reversed(names))}


def spine(heights: Mapping[str, float], *, x_mm: float = 0.0) -> np.ndarray:
    """Bodies at these heights, each with a process behind it that hangs to the next level."""
    array = np.zeros(SHAPE, dtype=np.uint16)
    for name, z in heights.items():
        number = COLUMN_NUMBERS[name]
        high, deep, wide = BODY_MM
        low = z - high / 2
        filled(array, (x_mm - 4, deep / 2, low - 12), (x_mm + 4, deep / 2 + 40, low + 8), number)
        filled(array, (x_mm - 20, -15, low), (x_mm + wide / 2, 15, low + high), number)
    return array


def with_ribs(array, rib: int, z_mm: float, sides=("left", "right"), gap_mm: float = 2.0):
    """Ribs that begin beside a body at a height."""
    for side in sides:
        sign = 1 if side == "left" else -1
        ends = sorted((sign * (20 + gap_mm), sign * (70 + gap_mm)))
        low, high = (ends[0], 5, z_mm - 5), (ends[1], 12, z_mm + 5)
        filled(array, low, high, NUMBERS[f"rib_{side}_{rib}"])
    return array


def labelled(array) -> Volume:
    """As a label map."""
    return Volume(array, place(), "label")


def scanned(array) -> Volume:
    """A CT whose bone is where the labels are bone, in muscle."""
    hu = np.where(array > 0, 300, 50).astype(np.int16)
    return Volume(hu, place())
