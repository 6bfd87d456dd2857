"""Sizes that a user sets: ``L4_pedicle_width_mm=12``, ``trunk_skin_mm=3``, or at all levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from needle_sim.anatomy.phantom.size_table import SizeTable, close
from needle_sim.errors import InputError


def overridden(table: SizeTable, overrides: Mapping[str, float]) -> dict[int, float]:
    """What is set, by the place of its parameter; a single level goes before all levels.

    Raises
    ------
    InputError
        A name that is no size, with the nearest one; a value out of its range, with the limit.
    """
    found: dict[int, float] = {}
    for key, value in sorted(overrides.items(), key=lambda one: one[0] not in table.fields):
        try:
            places = table.places(key)
        except KeyError:
            raise InputError(f"no size is called {key!r}{close(key, table)}") from None
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise InputError(f"{key} must be a number, got {value!r}")
        for place in places:
            low, high, name = table.low[place], table.high[place], table.names[place]
            if not low <= value <= high:
                raise InputError(
                    f"{name} must lie from {low:.4g} to {high:.4g} "
                    f"(the mean is {table.mean[place]:.4g}), got {value:g}"
                )
            found[int(place)] = float(value)
    return found
