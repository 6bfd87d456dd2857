"""`Pathology`: what every kind of pathology can do to a phantom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from needle_sim.anatomy.finding import Finding
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit
from needle_sim.presets import nearest

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.column import Column
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec


@dataclass(frozen=True)
class Pathology:
    """A kind of pathology; a subclass has its place and its grades as fields.

    A phantom with it is built in four steps, and a kind takes part in those that it needs: sizes
    (`changed`), bones (`grown`), everything else before it is painted (`altered`), and afterwards
    the reading of its grades from what came out (`measured`).
    """

    kind: ClassVar[str] = ""

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

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Its grades, read from the anatomy alone."""
        return ()

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
