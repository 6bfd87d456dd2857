"""`Pathology`: what every kind of pathology can do to a phantom, and what it is defined by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from needle_sim.anatomy.finding import Finding, within
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit
from needle_sim.presets import nearest

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.column import Column
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec


_VERTEBRA = re.compile(r"([TL])([1-9][0-9]?)|(S)(1)")
_UNITS = {"percent": "%", "hu": "HU"}  # of a name's last word; others are their own unit


class Grade(NamedTuple):
    """How far a grade can go, what to do beyond, and what it is called where it is read back."""

    low: float
    high: float
    way_out: str
    read: str = ""


@dataclass(frozen=True)
class Pathology:
    """A kind of pathology; a subclass has its place and its grades as fields.

    ``grades`` names those that are numbers with their limits; what `readings` finds of them in an
    anatomy is measured beside what was asked for.

    A phantom with it is built in four steps, and a kind takes part in those that it needs: sizes
    (`changed`), bones (`grown`), everything else before it is painted (`altered`), and afterwards
    the reading of its grades from what came out (`measured`).
    """

    kind: ClassVar[str] = ""
    grades: ClassVar[Mapping[str, Grade]] = MappingProxyType({})

    def __post_init__(self) -> None:
        for name, one in self.grades.items():
            within(name, getattr(self, name), one.low, one.high, one.way_out)

    @property
    def where(self) -> str:
        """Level and side in words."""
        given = (getattr(self, name, "") for name in ("level", "side"))
        named = " ".join(one for one in given if one)
        return named or ", ".join(getattr(self, "levels", ()))

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """The sizes of the spine with it."""
        return spine

    def grown(self, own: Mapping[str, Implicit], stack: Column) -> Mapping[str, Implicit]:
        """The vertebrae by level, each in its body frame, with it; nerves run around them."""
        return own

    def altered(self, draft: Draft) -> Draft:
        """Bones, spaces, structures, landmarks and what is painted, with it."""
        return draft

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Its grades by name, read from the anatomy alone."""
        return {}

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Its grades as asked for and as read."""
        return tuple(
            self.found(self.grades[name].read, unit_of(name), getattr(self, name), value)
            for name, value in self.readings(anatomy).items()
        )

    def leaves(self, draft: Draft) -> str:
        """What it does to a place that no grade names, for the notes; empty where nothing."""
        return ""

    def gone(self, name: str) -> str:
        """Why a landmark or a space is not there on its account; empty where it has no part."""
        return ""

    def found(self, quantity: str, unit: str, requested: float, measured: float) -> Finding:
        """A finding of this kind at its place."""
        return Finding(self.kind, self.where, quantity, unit, float(requested), float(measured))

    def __str__(self) -> str:
        grades = (
            f"{one.name} {getattr(self, one.name):g}"
            for one in fields(self)
            if isinstance(getattr(self, one.name), int | float)
        )
        return f"{self.kind.replace('_', ' ')}: {', '.join(grades)}"


@dataclass(frozen=True)
class AtInterspace(Pathology):
    """Of two neighbours: of their disc, their joints, or what lies between their laminae.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    """

    level: str

    def __post_init__(self) -> None:
        upper, _, lower = str(self.level).partition("-")
        if not _may_follow(upper, lower):
            raise InputError(
                f"{self.kind}: level must be two neighbours like 'L4-L5', got {self.level!r}"
                f"{_pair_of(upper)}"
            )
        super().__post_init__()

    @property
    def upper(self) -> str:
        """The vertebra above."""
        return self.level.partition("-")[0]

    @property
    def lower(self) -> str:
        """The vertebra below."""
        return self.level.partition("-")[2]

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """The sizes of the spine with it, where it has the two."""
        neighbours(spine, self.level)
        return self.reshaped(spine)

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The sizes of the two with it."""
        return spine


@dataclass(frozen=True)
class AtVertebra(Pathology):
    """Of one vertebra above the sacrum.

    Parameters
    ----------
    level : str
        ``"L4"``.
    """

    level: str

    def __post_init__(self) -> None:
        if not _VERTEBRA.fullmatch(str(self.level)):
            raise InputError(
                f"{self.kind}: level must be one vertebra like 'L4', got {self.level!r}"
            )
        super().__post_init__()

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """The sizes of the spine with it, where it has the vertebra."""
        vertebra(spine, self.level)
        return self.reshaped(spine)

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The sizes with it."""
        return spine


def _may_follow(upper: str, lower: str) -> bool:
    """Whether some spine has the two as neighbours; which one has, `neighbours` knows."""
    two = [_VERTEBRA.fullmatch(one) for one in (upper, lower)]
    if None in two:
        return False
    (top, high), (low, deep) = ((one[0], int(one[1:])) for one in (upper, lower))
    if top == low:
        return deep == high + 1
    return (top == "T" and high >= 11 and lower == "L1") or (
        top == "L" and high >= 4 and lower == "S1"
    )


def _pair_of(upper: str) -> str:
    """`"; did you mean ..."` for a vertebra that has one below; else empty."""
    found = _VERTEBRA.fullmatch(upper)
    if found is None or upper == "S1":
        return ""
    below = f"{upper[0]}{int(upper[1:]) + 1}"
    below = {"T13": "L1", "L6": "S1"}.get(below, below)
    return f"; did you mean '{upper}-{below}'?" if _may_follow(upper, below) else ""


def unit_of(name: str) -> str:
    """The unit in a name, ``"slip_percent"`` -> ``"%"``."""
    last = name.rpartition("_")[2]
    return _UNITS.get(last, last)


def neighbours(spine: SpineSpec, level: str) -> tuple[str, str]:
    """The upper and the lower vertebra of ``"L4-L5"``."""
    pairs = dict(zip(spine.levels[:-1], spine.levels[1:], strict=True))
    known = [f"{upper}-{lower}" for upper, lower in pairs.items()]
    if level not in known:
        raise InputError(
            f"level must be two neighbours of {spine.name}, got {level!r}"
            f"{nearest(str(level), known) or '; they are ' + ', '.join(known)}"
        )
    upper, _, lower = level.partition("-")
    return upper, lower


def vertebra(spine: SpineSpec, level: str) -> str:
    """A single vertebra of the spine, above the sacrum."""
    if level not in spine.levels[:-1]:
        raise InputError(
            f"level must be a vertebra of {spine.name}, got {level!r}; "
            f"they are {', '.join(spine.levels[:-1])}"
        )
    return level


def resized(spine: SpineSpec, level: str, **sizes: Any) -> SpineSpec:
    """The spine with other sizes of one vertebra."""
    specs = dict(spine.vertebrae)
    specs[level] = replace(specs[level], **sizes)
    return replace(spine, vertebrae=specs)
