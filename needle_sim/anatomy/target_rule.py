"""`TargetRule`: where a tip is meant to come to lie, as data in terms of landmarks.

Names hold ``{upper}``, ``{lower}`` and ``{side}``: the two vertebrae of a level, and the treated
side. A rule is read from the ``[target]`` table of a procedure file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.rule_text import check_landmark, check_placeholders
from needle_sim.anatomy.settle import MOST_MM, Settle, drawn_in, settled
from needle_sim.anatomy.target import Target, beside_bone, course_between, point_at_share
from needle_sim.errors import InputError
from needle_sim.presets import nearest

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A landmark and how much it counts."""

    landmark: str
    share: float = 1.0

    def __post_init__(self) -> None:
        check_landmark(self.landmark)
        if not 0 < self.share <= 100:
            raise InputError(f"share of {self.landmark} must be above 0, got {self.share}")


@dataclass(frozen=True, slots=True)
class Shift:
    """Millimetres in the body frame of the rule's vertebra; lateral is towards the treated side."""

    lateral_mm: float = 0.0
    dorsal_mm: float = 0.0
    cranial_mm: float = 0.0

    def __post_init__(self) -> None:
        for name in ("lateral_mm", "dorsal_mm", "cranial_mm"):
            if not -MOST_MM <= getattr(self, name) <= MOST_MM:
                raise InputError(f"{name} must be at most {MOST_MM:g}, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class AlongNerve:
    """A place beside a nerve: at a share of its stretch between two landmarks, off a bone."""

    nerve: str
    start: str
    end: str
    share: float
    beside_mm: float
    window: tuple[float, float]

    def __post_init__(self) -> None:
        check_landmark(self.start)
        check_landmark(self.end)
        check_placeholders(self.nerve)
        if not all(0 <= one <= 1 for one in (self.share, *self.window)):
            raise InputError(f"share and window must be 0 to 1, got {self.share}, {self.window}")


@dataclass(frozen=True, slots=True)
class TargetRule:
    """How a target follows from landmarks.

    Parameters
    ----------
    kind, name : str
        ``"epidural"``; ``"{upper}-{lower} {side} epidural space"``.
    vertebra : str
        ``"{upper}"`` or ``"{lower}"``: body frame of shifts, and whose endplate squares the views.
    radius_mm : float
        Success window about the centre.
    at : tuple of Share
        Landmarks whose weighted mean the centre starts from; empty with ``nerve``.
    shift, settle, nerve : optional
        What is done next.
    approach : tuple of str
        Two landmarks, the first nearer to the skin, along which the needle travels; empty where the
        view of the procedure's approach says it. With ``nerve``, the nerve does.
    within, within_mm
        Names of spaces in one of which the tip must lie, and how far outside still counts.
    ventral_limit : str or None
        A landmark that the tip must not pass on the lateral view.
    """

    kind: str
    name: str
    vertebra: Literal["{upper}", "{lower}"]
    radius_mm: float
    at: tuple[Share, ...] = ()
    shift: Shift | None = None
    settle: Settle | None = None
    nerve: AlongNerve | None = None
    approach: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    within_mm: float = 0.0
    ventral_limit: str | None = None

    def __post_init__(self) -> None:
        for text in (self.name, *self.within):
            check_placeholders(text)
        if not (0 < self.radius_mm <= MOST_MM and 0 <= self.within_mm <= MOST_MM):
            raise InputError(
                f"radius_mm must be above 0 and within_mm 0 or more, at most {MOST_MM:g}, "
                f"got {self.radius_mm} and {self.within_mm}"
            )
        if bool(self.at) == (self.nerve is not None):
            raise InputError("a target starts from landmarks (at) or from a nerve, one of the two")
        if len(self.approach) not in (0, 2):
            raise InputError(f"approach takes two landmarks, got {len(self.approach)}")
        for one in (*self.approach, *((self.ventral_limit,) if self.ventral_limit else ())):
            check_landmark(one)
        if self.settle is not None and not self.within:
            raise InputError("settle needs spaces to settle in: give within")


def aim(
    anatomy: Anatomy,
    rule: TargetRule,
    *,
    level: str,
    upper: str,
    lower: str,
    side: str,
    towards: Points | None = None,
) -> Target:
    """The target of a rule in an anatomy.

    Parameters
    ----------
    upper, lower : str
        Vertebrae of the level; for a nerve, the one it leaves above and the one it crosses.
    towards : (3,) array, optional
        Direction of travel where the rule has none of its own.

    Raises
    ------
    InputError
        A landmark, nerve or space is missing; names it.
    """
    names = {"upper": upper, "lower": lower, "side": side}
    nerve_mm = window_mm = None
    vertebra = rule.vertebra.format(**names)
    within = tuple(_space(anatomy, one.format(**names)) for one in rule.within)
    if rule.nerve is not None:
        start, nerve_mm, window_mm = _beside_nerve(anatomy, rule.nerve, vertebra, names)
        towards = nerve_mm[-1] - nerve_mm[0]
    else:
        start = _mean(anatomy, rule.at, names)
    if rule.approach:
        outer, inner = (anatomy.landmark(one.format(**names)) for one in rule.approach)
        towards = inner - outer
    if towards is None:
        raise InputError(f"{rule.name}: no direction of travel is given")
    limit = rule.ventral_limit
    return Target(
        name=rule.name.format(**names),
        kind=rule.kind,
        level=level,
        vertebra=vertebra,
        side=side,
        centre_mm=_moved(anatomy, start, rule, within, vertebra, side),
        radius_mm=rule.radius_mm,
        approach=towards,
        nerve_mm=nerve_mm,
        window_mm=window_mm,
        ventral_mm=None if limit is None else anatomy.landmark(limit.format(**names)),
        within=within,
        within_mm=rule.within_mm,
    )


def _mean(anatomy: Anatomy, at: tuple[Share, ...], names: Mapping[str, str]) -> Points:
    whole = sum(one.share for one in at)
    parts = [one.share / whole * anatomy.landmark(one.landmark.format(**names)) for one in at]
    return np.asarray(np.sum(parts, axis=0))


def _beside_nerve(
    anatomy: Anatomy, rule: AlongNerve, vertebra: str, names: Mapping[str, str]
) -> tuple[Points, Points, Points]:
    name = rule.nerve.format(**names)
    if name not in anatomy.structures:
        raise InputError(f"{anatomy.name} has no {name}; it needs vertebra {vertebra} to be whole")
    ends = (anatomy.landmark(one.format(**names)) for one in (rule.start, rule.end))
    path = course_between(anatomy.structures[name].tubes[0].points_mm, *ends)
    tip = point_at_share(path, rule.share)
    out = beside_bone(anatomy.bones.get(vertebra), tip, path[-1] - path[0])
    window = np.stack([point_at_share(path, share) for share in rule.window])
    return tip + rule.beside_mm * out, path, window


def _moved(
    anatomy: Anatomy,
    start: Points,
    rule: TargetRule,
    within: tuple[str, ...],
    vertebra: str,
    side: str,
) -> Points:
    """The starting point shifted, then settled."""
    centre = start
    if rule.shift is not None:
        centre = centre + _turned(anatomy, vertebra, rule.shift, side)
    if rule.settle is not None:
        return settled(anatomy, centre, rule.settle, within, vertebra, side)
    return drawn_in(anatomy, centre, within)


def _turned(anatomy: Anatomy, vertebra: str, shift: Shift, side: str) -> Points:
    lateral = shift.lateral_mm if side == "left" else -shift.lateral_mm
    return anatomy.body(vertebra).turn([lateral, shift.dorsal_mm, shift.cranial_mm])


def _space(anatomy: Anatomy, name: str) -> str:
    if name not in anatomy.spaces:
        raise InputError(f"{anatomy.name} has no space {name!r}{nearest(name, anatomy.spaces)}")
    return name
