"""`curved`: a spine bent to a side and turned with it, so that its Cobb angle is as asked."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.posts import side_sign
from needle_sim.anatomy.phantom.spec import SpineSpec
from needle_sim.errors import InputError

_Row = NDArray[np.float64]

ROTATION_SHARE = 0.4
"""Axial turn of the apex against the ends, over the Cobb angle: 0.3-0.5 (Nash-Moe I at 10-25
degrees of Cobb; texts, from memory); both are linearly related (Schlosser 2016, PMC4965023)."""
_ENDS_SHARE = 0.5  # of the Cobb angle that the lower end leans; the upper one has the rest
_BEYOND_SHARE = 0.5  # of its lean that the first vertebra over the upper end keeps (proposed)
_TURNS, _EXACT_DEG = 30, 1e-6  # of the search for the sizes


def curved(
    spine: SpineSpec,
    cobb_deg: float,
    *,
    upper: str = "T11",
    lower: str = "L4",
    apex: str = "L2",
    side: Side = "left",
    rotation_share: float = ROTATION_SHARE,
) -> SpineSpec:
    """The spine with a curve that is convex to a side.

    Parameters
    ----------
    spine : SpineSpec
        A straight one, or one whose other curves stay.
    cobb_deg : float
        Between the upper endplate of the upper end vertebra and the lower endplate of the lower
        one, as a frontal picture shows them.
    upper, lower, apex : str
        End vertebrae, and the one farthest off and most turned.
    side : str
        Of the convexity; the front of the bodies turns to it.
    rotation_share : float
        Turn of the apex over the Cobb angle.
    """
    levels = spine.levels
    for name in (upper, lower, apex):
        if name not in levels[:-1]:
            raise InputError(f"{name} is none of the vertebrae of {spine.name}: {levels[:-1]}")
    first, middle, last = (levels.index(name) for name in (upper, apex, lower))
    if not first < middle < last:
        raise InputError(f"the apex {apex} must lie between the end vertebrae {upper} and {lower}")
    lean, turn = _shares((first, middle, last), len(levels))
    sign = side_sign(side)
    wanted = sign * cobb_deg * np.stack([lean, rotation_share * turn]) + _attitude_deg(spine)
    bent = spine
    for _ in range(_TURNS):  # lean, turn and lordosis of a chain are not simply added up
        off = wanted - _attitude_deg(bent)
        if np.abs(off).max() < _EXACT_DEG:
            break
        bent = _bent(bent, *off)
    return bent


def _attitude_deg(spine: SpineSpec) -> _Row:
    """How far each body leans to the left in a frontal view, and turns its front there (2, n)."""
    across = np.stack([body.matrix[:3, 0] for body in column(spine).bodies.values()])
    return np.degrees(
        [np.arctan2(-across[:, 2], across[:, 0]), np.arctan2(across[:, 1], across[:, 0])]
    )


def _shares(ends: tuple[int, int, int], count: int) -> tuple[_Row, _Row]:
    """Lean to the convex side over the Cobb angle, and turn over that of the apex, by level."""
    first, middle, last = ends
    at = np.arange(count, dtype=np.float64)
    along = np.where(at < middle, (at - middle) / (middle - first), (at - middle) / (last - middle))
    inside = (at >= first) & (at <= last)
    share = np.where(along > 0, _ENDS_SHARE, 1.0 - _ENDS_SHARE)
    lean = np.where(inside, share * np.sin(0.5 * np.pi * along), 0.0)
    below = at > last  # straight again at the sacrum
    lean[below] = _ENDS_SHARE * (count - 1 - at[below]) / (count - 1 - last)
    over = at < first
    lean[over] = -(1.0 - _ENDS_SHARE) * _BEYOND_SHARE ** (first - at[over])
    return lean, np.where(inside, np.cos(0.5 * np.pi * along) ** 2, 0.0)


def _bent(spine: SpineSpec, lean_deg: _Row, turn_deg: _Row) -> SpineSpec:
    """The spine with this lean and turn added to each level, against the sacrum."""
    specs, levels = dict(spine.vertebrae), spine.levels
    for n, level in enumerate(levels[1:], start=1):
        spec = specs[level]
        specs[level] = dataclasses.replace(
            spec,
            coronal_above_deg=spec.coronal_above_deg + float(lean_deg[n - 1] - lean_deg[n]),
            axial_above_deg=spec.axial_above_deg + float(turn_deg[n - 1] - turn_deg[n]),
        )
    return dataclasses.replace(spine, vertebrae=specs)


def cobb_of_sizes(stack: Column, upper: str, lower: str) -> float:
    """Cobb angle of a column in place, as its endplates lie across it; positive when convex to the
    left."""
    across = ([-1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    return between_deg(*(stack.bodies[level].apply(across) for level in (upper, lower)))


def between_deg(first: _Row, second: _Row) -> float:
    """Angle between two lines (2, 3) from right to left, as seen from the front."""
    slopes = [np.arctan2(*(line[1] - line[0])[[2, 0]]) for line in (first, second)]
    return float(np.degrees(slopes[0] - slopes[1]))
