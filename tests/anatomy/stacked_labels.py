"""Label maps of blocks one above the other, for tests of what is labelled."""

from __future__ import annotations

import numpy as np

from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Volume, axis_aligned

SLICES = 60


def stacked(names: list[str], *, low: int = 4, upside_down: bool = False) -> Volume:
    """Labelled blocks of 8 slices, the last name lowest; each has a process 2 slices below it."""
    numbers = np.zeros((SLICES, 40, 40), dtype=np.uint16)
    for n, name in enumerate(reversed(names)):
        start = low + 10 * n
        numbers[max(start, 0) : start + 8, 10:22, 12:28] = vertebra_label(name)
        numbers[max(start - 2, 0) : max(start, 0), 24:28, 18:22] = vertebra_label(name)
    place = axis_aligned([-3.0 if upside_down else 3.0, 2.0, 2.0], [0, 0, 0])
    return Volume(numbers, place, "label")
