"""`Procedure`: target rule, views, needle, hazards and limits, read from a preset file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.shown import Shown

SPINE = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """A C-arm view as an operator says it.

    ``oblique_deg`` is towards the treated side; ``tilt_deg`` towards the head (+) or the feet (-)
    from the squared superior endplate of the target's vertebra.
    """

    name: str
    title: str
    beam: str
    oblique_deg: float
    tilt_deg: float

    def __post_init__(self) -> None:
        if not (-180 <= self.oblique_deg <= 180 and -60 <= self.tilt_deg <= 60):
            raise InputError(
                f"view {self.name}: oblique_deg must be -180 to 180 and tilt_deg -60 to 60, "
                f"got {self.oblique_deg} and {self.tilt_deg}"
            )


@dataclass(frozen=True, slots=True)
class Approach:
    """The recipe's way in, as C-arm angles of a view down the needle."""

    oblique_deg: float
    tilt_deg: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a good attempt keeps; each with its source in the preset file."""

    target_error_mm: float
    axis_to_nerve_deg: float
    nerve_share: float
    window_share: float
    root_c: float
    dura_c: float
    tissue_c: float


@dataclass(frozen=True, slots=True)
class Procedure(Shown):
    """A procedure as data; `Procedure.preset` reads a shipped one."""

    name: str
    title: str
    summary: str
    position: Literal["prone"]
    target: Literal["medial_branch"]
    levels: tuple[str, ...]
    default_level: str
    default_side: Literal["left", "right"]
    needle: str
    protocol: str
    carm: str
    approach: Approach
    views: tuple[ViewRecipe, ...]
    margins_mm: Mapping[str, float]
    heat_margins_mm: Mapping[str, float]
    limits: Limits
    unverified: tuple[str, ...] = field(default=())

    @classmethod
    def preset(cls, name: str) -> Procedure:
        """A shipped procedure by name; ``needle-sim list procedures`` shows them."""
        if name not in names():
            raise PresetError(f"no procedure is called {name!r}{presets.nearest(name, names())}")
        path = presets.folder("presets") / "procedures" / f"{name}.toml"
        entries = presets.read_toml(path)
        entries.pop("revision", None)
        unverified = tuple(
            f"{key} = {number.value:g}: {number.source} ({number.mark})"
            for key, number in _numbers(entries).items()
            if number.mark in ("memory", "proposed")
        )
        return presets.into(cls, {**entries, "unverified": list(unverified)}, where=path.name)

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {"name": self.name, "title": self.title, "summary": self.summary}

    def vertebra(self, level: str) -> str:
        """The vertebra on which the target of a level lies; `InputError` says what is possible."""
        check_level(self, level)
        return SPINE[SPINE.index(level) + 1]

    def in_words(self, level: str, side: str) -> str:
        """Level, bone and joint in words, so that nobody counts wrongly."""
        vertebra = self.vertebra(level)
        partner = SPINE[SPINE.index(level) - 1]
        return (
            f"{side} {level} medial branch, on the {vertebra} SAP/TP junction; "
            f"with {partner} it supplies the {level}-{vertebra} joint"
        )


def names() -> list[str]:
    """Names of the shipped procedures, sorted."""
    return sorted(path.stem for path in (presets.folder("presets") / "procedures").glob("*.toml"))


def check_level(procedure: Procedure, level: str) -> None:
    """Refuse a level that the procedure does not have, and say what was probably meant."""
    if level in procedure.levels:
        return
    if not isinstance(level, str):
        raise InputError(f"a level is text like 'L4', got {level!r}")
    known = ", ".join(procedure.levels)
    if level == "L5":
        raise InputError(
            "L5 has no medial branch to target here: at L5 it is the dorsal ramus, on the sacral "
            f"ala, which {procedure.name} does not cover yet; levels are {known}"
        )
    upper, dash, lower = level.partition("-")
    if dash and upper in SPINE[1:] and lower in SPINE:
        above = SPINE[SPINE.index(upper) - 1]
        raise InputError(
            f"--level of {procedure.name} is a nerve, not the joint {level}: that joint is "
            f"supplied by the medial branches of {above} and {upper}; levels are {known}"
        )
    raise InputError(f"no level {level!r} in {procedure.name}; levels are {known}")


def check_side(side: str) -> Literal["left", "right"]:
    """The side, or an `InputError` for anything but left and right."""
    if side == "left":
        return "left"
    if side == "right":
        return "right"
    raise InputError(f"side must be left or right, got {side!r}")


def _numbers(entries: Mapping[str, Any]) -> dict[str, presets.Number]:
    found = presets.numbers({k: v for k, v in entries.items() if k != "views"})
    for view in entries.get("views", []):
        found.update(presets.numbers(view, f"views.{view.get('name')}."))
    return found
