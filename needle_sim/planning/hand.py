"""`HandErrors`: how far a hand strays from a plan on one straight pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.candidates import axes_about

Field = NDArray[np.float64]
_MOST = {"entry_mm": 50.0, "angle_deg": 30.0, "depth_mm": 50.0}


@dataclass(frozen=True, slots=True)
class HandErrors:
    """Standard deviations of one pass without a corrective look; normal, independent, unbiased.

    Parameters
    ----------
    entry_mm : float, mm
        Of the entry, in each of the two directions across the path.
    angle_deg : float, degrees
        Of the direction, about each of the two.
    depth_mm : float, mm
        Of the way that the needle is pushed in.
    """

    entry_mm: float
    angle_deg: float
    depth_mm: float

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InputError(f"{name} of a hand must be 0 to {most:g}, got {value}")

    @classmethod
    def preset(cls, name: str) -> HandErrors:
        """A shipped hand by name: ``freehand``, ``freehand_spine``, ``laser_spine``."""
        return presets.preset(cls, "hands", name)


def passes(
    placed: PlacedNeedle, errors: HandErrors, *, n: int, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Tips and unit axes (n, 3) of a needle's straight path as a hand would carry it out.

    The hub stops at the skin: no pass is longer than the needle.
    """
    return strayed(placed, errors, draws(n, rng))


def draws(n: int, rng: np.random.Generator) -> Field:
    """Standard normal numbers (n, 5): what `strayed` needs for ``n`` passes."""
    if not isinstance(n, int) or not 1 <= n <= 10_000_000:
        raise InputError(f"n must be a whole number from 1 to 10 million, got {n!r}")
    return np.asarray(rng.standard_normal((n, 5)))


def strayed(placed: PlacedNeedle, errors: HandErrors, drawn: Field) -> tuple[Field, Field]:
    """Tips and unit axes (n, 3) for standard normal numbers (n, 5); rows do not touch each other.

    The numbers are entry in two directions, turn about two, depth.
    """
    if drawn.ndim != 2 or drawn.shape[1] != 5 or len(drawn) == 0:
        raise InputError(f"drawn must be (n, 5) with n >= 1, got {drawn.shape}")
    entry, tip = placed.trajectory.entry_mm, placed.trajectory.tip_mm
    depth = float(np.linalg.norm(tip - entry))
    side, up, along = axes_about(tip - entry)
    start = entry + errors.entry_mm * (drawn[:, 0:1] * side + drawn[:, 1:2] * up)
    turn = np.radians(errors.angle_deg) * drawn[:, 2:4]
    tilt = np.linalg.norm(turn, axis=1, keepdims=True)  # a turn vector, so no pole and no bias
    towards = (turn[:, 0:1] * side + turn[:, 1:2] * up) * np.sinc(tilt / np.pi)
    axes = unit(np.cos(tilt) * along + towards)
    pushed = np.clip(depth + errors.depth_mm * drawn[:, 4], 0.0, placed.needle.length_mm)
    return start + pushed[:, None] * axes, axes
