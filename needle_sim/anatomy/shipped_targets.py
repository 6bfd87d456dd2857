"""Targets by name, through the target rules of the shipped procedures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import ORDER, USUAL, below, can_touch, in_order, rank
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.target_rule import TargetRule, aim
from needle_sim.errors import InputError, PresetError

Place = Literal["nerve", "interspace"]


@dataclass(frozen=True, slots=True)
class Site:
    """A rule at one level: the two vertebrae it speaks of."""

    rule: TargetRule
    level: str
    upper: str
    lower: str


def vertebrae_of(level: str, place: Place, spine: Iterable[str] = USUAL) -> tuple[str, str]:
    """The two vertebrae of a level: a nerve's own and the one it crosses, or an interspace's.

    Which one a nerve crosses depends on the vertebrae of a ``spine``: L5's runs over L6 if there
    is one.
    """
    upper, dash, lower = level.partition("-")
    if place == "nerve" and not dash and upper in ORDER[:-1]:
        return upper, below(upper, spine)
    if place == "interspace" and can_touch(upper, lower):
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


def possible(
    levels: Iterable[str], place: Place, refused_on: Iterable[str], spine: Iterable[str]
) -> tuple[str, ...]:
    """Those of some levels that a spine has, without nerves that cross a vertebra refused."""
    column, found = in_order(spine), []
    for level in levels:
        upper, lower = vertebrae_of(level, place, column)
        gap = column[column.index(upper) + 1 :] if upper in column else column
        beside = lower in column if place == "nerve" else gap[:1] == (lower,) and upper in column
        if beside and lower not in refused_on:
            found.append(level)
    return tuple(found)


@cache
def sites(spine: tuple[str, ...] = USUAL) -> tuple[Site, ...]:
    """Every rule of the shipped procedures at each of its levels that a spine has."""
    return tuple(_sites(spine))


def _sites(spine: tuple[str, ...]) -> Iterator[Site]:
    for path in sorted((presets.folder("presets") / "procedures").glob("*.toml")):
        entries = presets.read_toml(path)
        place, refused_on = entries["place"], entries.get("refused_on", {})
        for level in possible(entries["levels"], place, refused_on, spine):
            upper, lower = vertebrae_of(level, place, spine)
            yield Site(rule_in(entries, level, path.name), level, upper, lower)


def _lacking(levels: Iterable[str]) -> set[str]:
    """Usual vertebrae that lie between two of a spine and are not there: L5 over four lumbar."""
    known = in_order(levels)
    return {
        one
        for upper, lower in pairwise(known)
        for one in USUAL
        if rank(upper) < rank(one) < rank(lower) and can_touch(upper, lower)
    }


def named_target(anatomy: Anatomy, name: str) -> Target:
    """The target called ``"L4 right medial branch"`` or ``"L4-L5 left facet joint"``.

    Raises
    ------
    InputError
        No shipped procedure has such a target (with the nearest name), or the anatomy lacks what
        it needs.
    """
    known = []
    for site in sites(in_order({*USUAL, *anatomy.bodies} - _lacking(anatomy.bodies))):
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
