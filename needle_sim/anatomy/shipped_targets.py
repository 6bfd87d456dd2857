"""Targets by name, through the target rules of the shipped procedures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import USUAL
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.target_rule import TargetRule, aim
from needle_sim.errors import InputError, PresetError

COLUMN = USUAL[USUAL.index("T12") :]
Place = Literal["nerve", "interspace"]


@dataclass(frozen=True, slots=True)
class Site:
    """A rule at one level: the two vertebrae it speaks of."""

    rule: TargetRule
    level: str
    upper: str
    lower: str


def vertebrae_of(level: str, place: Place) -> tuple[str, str]:
    """The two vertebrae of a level: a nerve's own and the one it crosses, or an interspace's."""
    upper, dash, lower = level.partition("-")
    if place == "nerve" and not dash and upper in COLUMN[:-1]:
        return upper, COLUMN[COLUMN.index(upper) + 1]
    neighbours = upper in COLUMN[:-1] and COLUMN[COLUMN.index(upper) + 1] == lower
    if place == "interspace" and neighbours:
        return upper, lower
    said = "a nerve like L4" if place == "nerve" else "an interspace like L4-L5"
    raise InputError(f"{level!r} is not {said}")


def rule_in(entries: Mapping[str, Any], level: str, where: str) -> TargetRule:
    """The target rule of a procedure file at a level, its variant for that level included."""
    table = entries.get("target")
    for variant in entries.get("variants", []):
        if level in variant.get("levels", []):
            table = variant.get("target", table)
    if not isinstance(table, Mapping):
        raise PresetError(f"{where} lacks a [target] table")
    return presets.into(TargetRule, table, where=f"{where}: target")


@cache
def sites() -> tuple[Site, ...]:
    """Every rule of the shipped procedures at each of its levels."""
    return tuple(_sites())


def _sites() -> Iterator[Site]:
    for path in sorted((presets.folder("presets") / "procedures").glob("*.toml")):
        entries = presets.read_toml(path)
        for level in entries["levels"]:
            upper, lower = vertebrae_of(level, entries["place"])
            yield Site(rule_in(entries, level, path.name), level, upper, lower)


def named_target(anatomy: Anatomy, name: str) -> Target:
    """The target called ``"L4 right medial branch"`` or ``"L4-L5 left facet joint"``.

    Raises
    ------
    InputError
        No shipped procedure has such a target (with the nearest name), or the anatomy lacks what
        it needs.
    """
    known = []
    for site in sites():
        for side in ("right", "left"):
            parts = {"upper": site.upper, "lower": site.lower, "side": side}
            said = site.rule.name.format(**parts)
            known.append(said)
            if said == name:
                return aim(
                    anatomy, site.rule, level=site.level, upper=site.upper, lower=site.lower,
                    side=side, towards=anatomy.ventral(site.rule.vertebra.format(**parts)),
                )  # fmt: skip
    raise InputError(f"{anatomy.name} has no target {name!r}{presets.nearest(name, known)}")
