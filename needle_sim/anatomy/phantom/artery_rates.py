"""Who has a great radiculomedullary artery, on which side, with which root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from needle_sim import presets
from needle_sim.errors import PresetError

NORMALS = 3
"""How many normal numbers it takes: for presence, side and level."""
_KEYS = ("stated", "levels", "present_share", "left_share", "level_shares")


class Entry(NamedTuple):
    """The root that the artery runs with."""

    level: str
    side: str

    @property
    def artery(self) -> str:
        """Name of the artery as a structure."""
        return f"{self} radiculomedullary artery"

    def __str__(self) -> str:
        return f"{self.level} {self.side}"


@dataclass(frozen=True, slots=True)
class ArteryRates:
    """The artery of the mean spine, and of people.

    Parameters
    ----------
    stated : Entry or None
        Of the mean spine.
    present_share, left_share : float
        Of people who have one; of those, on the left.
    levels : tuple of str
        Roots that it may run with.
    level_shares : tuple of float
        How many have it there; they sum to 1.
    """

    stated: Entry | None = None
    present_share: float = 0.0
    left_share: float = 0.5
    levels: tuple[str, ...] = ()
    level_shares: tuple[float, ...] = ()

    def of(self, normals: NDArray[np.float64]) -> Entry | None:
        """What a person with these normal numbers (3,) has; NaN is the mean spine."""
        if np.isnan(normals).any():
            return self.stated
        present, side, level = ndtr(normals)
        if present >= self.present_share:
            return None
        at = int(np.searchsorted(np.cumsum(self.level_shares), level))
        return Entry(
            self.levels[min(at, len(self.levels) - 1)],
            "left" if side < self.left_share else "right",
        )


NOBODY = ArteryRates()
"""Of a phantom file that has no table of it."""


def artery_rates(entries: Mapping[str, Any], where: str) -> ArteryRates:
    """Read the table ``[artery]`` of a phantom file; without one nobody has the artery."""
    for key in entries:
        if key not in _KEYS:
            raise PresetError(f"{where}.{key} is not a known key{presets.nearest(key, _KEYS)}")
    if not entries:
        return NOBODY
    sourced = presets.numbers(entries, f"{where}.").items()
    found = {key.rpartition(".")[2]: one.value for key, one in sourced}
    levels = entries.get("levels")
    shares = found.get("level_shares")
    if not isinstance(levels, list) or not isinstance(shares, list) or len(levels) != len(shares):
        raise PresetError(f"{where} needs levels, and level_shares with one number a level")
    for key in ("present_share", "left_share"):
        if not isinstance(found.get(key), int | float) or not 0 <= found[key] <= 1:
            raise PresetError(f"{where}.{key} must be a share from 0 to 1, got {found.get(key)}")
    if min(shares) < 0 or abs(sum(shares) - 1.0) > 1e-6:
        raise PresetError(f"{where}.level_shares must sum to 1, they sum to {sum(shares):g}")
    return ArteryRates(
        _entry(entries.get("stated", ""), where),
        float(found["present_share"]),
        float(found["left_share"]),
        tuple(levels),
        tuple(float(share) for share in shares),
    )


def _entry(stated: str, where: str) -> Entry | None:
    if not stated:
        return None
    level, _, side = stated.partition(" ")
    if side not in ("left", "right"):
        raise PresetError(f'{where}.stated must be like "L1 left", or "" for none, got {stated!r}')
    return Entry(level, side)
