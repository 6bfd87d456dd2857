"""`Settle`: how a place that landmarks give finds room in the space that it is meant to lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit

Points = NDArray[np.float64]
MOST_MM = 50.0
"""No shift, window or slide of a rule is longer."""

_FINE_MM = 0.1
_AXES = {"lateral": 0, "dorsal": 1, "cranial": 2}
_WALL_MM = 0.1  # a place so near to the wall of its space, or outside, is drawn in
_INSIDE_MM, _MOST_DRAWN_MM = 0.5, 1.5  # how deep, and at most how far


@dataclass(frozen=True, slots=True)
class Settle:
    """Slide along a body axis to a share (0 ventral, caudal or medial end) of the free stretch.

    Free is what lies in the rule's spaces and outside dura, roots, vessels, flava and bone; the
    stretch nearest to the starting point within ``reach_mm`` is taken.
    """

    along: Literal["lateral", "dorsal", "cranial"]
    reach_mm: float
    share: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.reach_mm <= MOST_MM and 0 <= self.share <= 1):
            raise InputError(
                f"settle needs reach_mm above 0 up to {MOST_MM:g} and a share of 0 to 1, "
                f"got {self.reach_mm} and {self.share}"
            )


def drawn_in(anatomy: Anatomy, centre: Points, within: tuple[str, ...]) -> Points:
    """A place on the wall of its space, as a fit may leave it, moved inwards by what is lacking."""
    shapes = [anatomy.spaces[one].shape for one in within]
    if not shapes:
        return centre
    deep = [float(shape.distance_mm(centre[None])[0]) for shape in shapes]
    nearest_one = shapes[int(np.argmin(deep))]
    if not -_WALL_MM < min(deep) < _MOST_DRAWN_MM:
        return centre
    around = centre + _FINE_MM * np.concatenate([np.eye(3), -np.eye(3)])
    away = nearest_one.distance_mm(around)
    inward = unit(away[3:] - away[:3])
    line = centre + np.arange(0.0, _MOST_DRAWN_MM + _FINE_MM, _FINE_MM)[:, None] * inward
    found = nearest_one.distance_mm(line)
    enough = np.flatnonzero(found <= -_INSIDE_MM)
    return np.asarray(line[int(enough[0] if len(enough) else found.argmin())])


def settled(
    anatomy: Anatomy,
    start: Points,
    rule: Settle,
    within: tuple[str, ...],
    vertebra: str,
    side: str,
) -> Points:
    """The place (3,) at the rule's share of the free stretch nearest to a start (3,)."""
    axis = anatomy.body(vertebra).turn(np.eye(3)[_AXES[rule.along]])
    axis = -axis if rule.along == "lateral" and side == "right" else axis
    steps = np.arange(-rule.reach_mm, rule.reach_mm + _FINE_MM, _FINE_MM)
    line = start + steps[:, None] * axis
    free = np.min([anatomy.spaces[one].shape.distance_mm(line) for one in within], axis=0) < 0
    for structure in anatomy.structures.values():
        if structure.kind != "medial_branch":
            free &= structure.distance_mm(line) > 0
    for space in anatomy.spaces.values():
        if space.kind == "flavum":
            free &= space.shape.distance_mm(line) > 0
    for bone in anatomy.bones.values():
        free &= bone.distance_mm(line) > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(int)))
    if not len(edges):
        raise InputError(
            f"nothing free of nerves, sac and bone lies within {rule.reach_mm:g} mm of the place "
            f"meant in {', '.join(within)} ({vertebra}, {side})"
        )
    runs = edges.reshape(-1, 2)
    away = [0.0 if a <= len(steps) // 2 < b else np.abs(steps[a:b]).min() for a, b in runs]
    first, last = runs[int(np.argmin(away))]
    at = first + rule.share * (last - 1 - first)
    return np.asarray(start + np.interp(at, np.arange(len(steps)), steps) * axis)
