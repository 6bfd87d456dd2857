"""`Procedure`: a procedure as data; one engine carries all of them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from needle_sim.anatomy.numbering import ORDER, USUAL, above
from needle_sim.anatomy.rule_text import PLACEHOLDERS, check_placeholders
from needle_sim.anatomy.shipped_targets import Place, possible, vertebrae_of
from needle_sim.anatomy.target_rule import TargetRule
from needle_sim.errors import InputError
from needle_sim.presets import nearest
from needle_sim.procedures.limits import Limits
from needle_sim.procedures.step import Step
from needle_sim.procedures.vascular import Vascular
from needle_sim.shown import Shown

_IN_WORDS = (*PLACEHOLDERS, "above")


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """A C-arm view as an operator says it.

    ``oblique_deg`` is towards the treated side (negative: contralateral); ``tilt_deg`` towards the
    head (+) or the feet (-) from the squared superior endplate of the target's vertebra. With
    ``along_approach`` the target's own direction says both, where it is known.
    """

    name: str
    title: str
    beam: str
    oblique_deg: float
    tilt_deg: float
    along_approach: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,31}", self.name):
            raise InputError(
                f"a view's name is small letters, digits and _, got {self.name[:40]!r}"
            )
        if not (-180 <= self.oblique_deg <= 180 and -60 <= self.tilt_deg <= 60):
            raise InputError(
                f"view {self.name}: oblique_deg must be -180 to 180 and tilt_deg -60 to 60, "
                f"got {self.oblique_deg} and {self.tilt_deg}"
            )


@dataclass(frozen=True, slots=True)
class Approach:
    """The way in, as C-arm angles of a view down the needle; ``cone_deg`` is tried around it."""

    oblique_deg: float
    tilt_deg: float
    cone_deg: float = 14.0

    def __post_init__(self) -> None:
        if not 0 < self.cone_deg <= 45:
            raise InputError(f"cone_deg must be 0 to 45 degrees, got {self.cone_deg}")


@dataclass(frozen=True, slots=True)
class Danger:
    """From ``before_target_mm`` before the target on, nobody advances without the depth view."""

    before_target_mm: float
    view: str
    why: str

    def __post_init__(self) -> None:
        if not 0 < self.before_target_mm <= 60:
            raise InputError(f"before_target_mm must be 0 to 60 mm, got {self.before_target_mm}")


@dataclass(frozen=True, slots=True)
class Variant:
    """Another target and way in at some levels, and why."""

    name: str
    levels: tuple[str, ...]
    why: str
    target: TargetRule
    approach: Approach
    words: str | None = None
    margins_mm: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        check_placeholders(self.words or "", _IN_WORDS)


@dataclass(frozen=True, slots=True)
class Procedure(Shown):
    """A procedure as data; `Procedure.preset` reads a shipped one, `Procedure.load` a file.

    Parameters
    ----------
    place : str
        What a level names: a ``nerve``, which crosses the vertebra below, or an ``interspace``.
    words : str
        The target in words; ``{above}``, ``{upper}``, ``{lower}`` and ``{side}`` are filled in.
    needles : tuple of str
        Presets; the first that reaches the target is taken.
    margins_mm, heat_margins_mm : mapping of str to float
        Least distance of the needle's surface, and of an active tip, from each kind of structure.
    passes : int
        How often the needle is redirected at most before the attempt is given up.
    refused : mapping of str to str
        Levels that look sensible and are not, and why.
    refused_on : mapping of str to str
        Vertebrae that a nerve must not cross for this procedure, and why; ``{upper}`` is the nerve.
    variant : str
        Name of the way in; `at` replaces it where a level has one of its own.
    because : str or None
        Why another way in was taken at this level.
    """

    name: str
    title: str
    summary: str
    position: Literal["prone"]
    place: Place
    words: str
    levels: tuple[str, ...]
    default_level: str
    default_side: Literal["left", "right"]
    needles: tuple[str, ...]
    carm: str
    target: TargetRule
    approach: Approach
    views: tuple[ViewRecipe, ...]
    steps: tuple[Step, ...]
    margins_mm: Mapping[str, float]
    limits: Limits
    heat_margins_mm: Mapping[str, float] = field(default_factory=dict)
    danger: Danger | None = None
    vascular: Vascular | None = None
    passes: int = 1
    protocol: str | None = None
    probe: str = "curved_3p5mhz"
    refused: Mapping[str, str] = field(default_factory=dict)
    refused_on: Mapping[str, str] = field(default_factory=dict)
    other_place: str = ""
    variant: str = "standard"
    variants: tuple[Variant, ...] = ()
    because: str | None = None
    unverified: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", self.name):
            raise InputError(
                f"name must be small letters, digits and dashes, at most 64, got {self.name[:80]!r}"
            )
        check_placeholders(self.words, _IN_WORDS)
        check_placeholders(self.other_place, _IN_WORDS)
        known = [view.name for view in self.views]
        if len(set(known)) != len(known):
            raise InputError(f"two views of {self.name} have one name: {known}")
        asked = [step.view for step in self.steps] + [self.danger.view if self.danger else None]
        for view in asked:
            if view is not None and view not in known:
                raise InputError(f"{self.name} has no view {view!r}{nearest(view, known)}")
        for level in self.levels:
            vertebrae_of(level, self.place)
        if self.default_level not in self.levels:
            raise InputError(f"default_level {self.default_level!r} is none of {self.levels}")
        if any(step.do == "heat" for step in self.steps) != (self.protocol is not None):
            raise InputError(f"{self.name}: a heat step and a protocol go together")
        if not self.needles or not 1 <= self.passes <= 20:
            raise InputError(f"{self.name} needs a needle and 1 to 20 passes")
        kinds = [step.do for step in self.steps]
        if "advance" not in kinds:
            raise InputError(f"{self.name} never advances the needle: add a step to the target")
        if self.danger is None and any(step.to == "danger" for step in self.steps):
            raise InputError(f"{self.name} advances to danger but has no [danger] table")

    @classmethod
    def preset(cls, name: str) -> Procedure:
        """A shipped procedure by name; ``needle-sim list procedures`` shows them."""
        from needle_sim.procedures.reading import shipped

        return shipped(name)

    @classmethod
    def load(cls, path: str) -> Procedure:
        """A procedure from a file of your own; see ``docs/procedure_file.md``."""
        from pathlib import Path

        from needle_sim.procedures.reading import read_procedure

        return read_procedure(Path(path))

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {"name": self.name, "title": self.title, "summary": self.summary}

    def at(self, level: str, variant: str | None = None) -> Procedure:
        """The procedure with the way in that a level (or the caller) asks for."""
        check_level(self, level)
        names = {self.variant, *(one.name for one in self.variants)}
        if variant is not None and variant not in names:
            raise InputError(f"{self.name} has no variant {variant!r}{nearest(variant, names)}")
        for one in self.variants:
            if variant == one.name or (variant is None and level in one.levels):
                return replace(
                    self,
                    variant=one.name,
                    target=one.target,
                    approach=one.approach,
                    words=one.words or self.words,
                    margins_mm=one.margins_mm or self.margins_mm,
                    because=one.why if level in one.levels else None,
                )
        return self

    def levels_of(self, spine: Iterable[str] = USUAL) -> tuple[str, ...]:
        """The levels that a spine of these vertebrae has."""
        return possible(self.levels, self.place, self.refused_on, spine)

    def vertebrae(self, level: str, spine: Iterable[str] = USUAL) -> tuple[str, str]:
        """Upper and lower vertebra of a level of a spine; `InputError` says what is possible."""
        check_level(self, level)
        upper, lower = vertebrae_of(level, self.place, spine)
        if lower in self.refused_on:
            why = self.refused_on[lower].format(upper=upper)
            raise InputError(f"{why}; levels are {', '.join(self.levels_of(spine))}")
        return upper, lower

    def vertebra(self, level: str, spine: Iterable[str] = USUAL) -> str:
        """The vertebra that the target is told by and whose endplate squares the views."""
        upper, lower = self.vertebrae(level, spine)
        return self.target.vertebra.format(upper=upper, lower=lower)

    def needed(self, level: str, spine: Iterable[str] = USUAL) -> tuple[str, ...]:
        """The vertebrae that must lie whole in a CT."""
        upper, lower = self.vertebrae(level, spine)
        return (lower,) if self.place == "nerve" else (upper, lower)

    def in_words(self, level: str, side: str, spine: Iterable[str] = USUAL) -> str:
        """Level, bone and joint in words, so that nobody counts wrongly."""
        upper, lower = self.vertebrae(level, spine)
        over = above(upper, spine)
        return self.words.format(above=over, upper=upper, lower=lower, side=side)


def check_level(procedure: Procedure, level: str) -> None:
    """Refuse a level that the procedure does not have, and say what was probably meant."""
    if level in procedure.levels:
        return
    if not isinstance(level, str):
        raise InputError(f"a level is text like {procedure.default_level!r}, got {level!r}")
    known = f"levels are {', '.join(procedure.levels_of())}"
    if level in procedure.refused:
        raise InputError(f"{procedure.refused[level]}; {known}")
    upper, dash, lower = level.partition("-")
    if procedure.place == "nerve" and dash and upper in ORDER[1:] and lower in ORDER:
        over = above(upper)
        hint = procedure.other_place.format(above=over, upper=upper, lower=lower)
        raise InputError(f"--level of {procedure.name} is a nerve, not the joint {level}: {hint}"
                         f"{'; ' if hint else ''}{known}")  # fmt: skip
    if procedure.place == "interspace" and not dash and level in ORDER:
        both = [one for one in procedure.levels_of() if level in one.split("-")]
        raise InputError(
            f"--level of {procedure.name} is an interspace, not {level}: "
            f"did you mean {' or '.join(both) or 'another one'}? {known}"
        )
    raise InputError(f"no level {level!r} in {procedure.name}; {known}")


def check_side(side: str) -> Literal["left", "right"]:
    """The side, or an `InputError` for anything but left and right."""
    if side == "left":
        return "left"
    if side == "right":
        return "right"
    raise InputError(f"side must be left or right, got {side!r}")
