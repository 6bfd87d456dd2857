"""What a target rule may say: names of landmarks, and placeholders in braces."""

from __future__ import annotations

from string import Formatter

from needle_sim.anatomy.landmarks import (
    MIDLINE,
    OF_A_RIB,
    OF_A_SIDE,
    OF_A_SIDE_OF_THE_SACRUM,
    OF_THE_SACRUM,
)
from needle_sim.errors import InputError
from needle_sim.presets import nearest

_MIDLINE = tuple(dict.fromkeys((*MIDLINE, *OF_THE_SACRUM)))
_OF_A_SIDE = tuple(dict.fromkeys((*OF_A_SIDE, *OF_A_RIB, *OF_A_SIDE_OF_THE_SACRUM)))
PLACEHOLDERS = ("upper", "lower", "side")


def check_placeholders(text: str, known: tuple[str, ...] = PLACEHOLDERS) -> None:
    """`InputError` for braces in a text that are not just one of the known names."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise InputError(f"braces in {text!r} do not match: {error}") from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in known or spec or conversion):
            said = ", ".join(f"{{{one}}}" for one in known)
            raise InputError(f"{text!r} may hold {said} and no other braces")


def check_landmark(name: str) -> None:
    """`InputError` for a landmark that no vertebra and no sacrum has, with the nearest name."""
    vertebra, _, rest = name.partition(" ")
    if vertebra not in ("{upper}", "{lower}"):
        raise InputError(f"landmark {name!r} must start with {{upper}} or {{lower}}")
    sided, _, bare = rest.partition(" ")
    known = _OF_A_SIDE if sided == "{side}" else _MIDLINE
    wanted = bare if sided == "{side}" else rest
    if wanted not in known:
        full = [*_MIDLINE, *(f"{{side}} {one}" for one in _OF_A_SIDE)]
        other = bare if sided == "{side}" else f"{{side}} {rest}"
        named = [f"{vertebra} {one}" for one in full]
        hint = f"; did you mean '{vertebra} {other}'?" if other in full else nearest(name, named)
        raise InputError(f"unknown landmark {name!r}{hint}")
