"""Names of vertebrae, their order, and which are neighbours."""

from __future__ import annotations

from collections.abc import Iterable

from needle_sim.errors import InputError
from needle_sim.presets import nearest

ORDER = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 7)),
    "S1",
)
"""From the top, with those that only some people have (T13, L6)."""

USUAL = tuple(level for level in ORDER if level not in ("T13", "L6"))
"""Seven cervical, twelve thoracic and five lumbar vertebrae, and the sacrum by its first."""


_RARE = frozenset({"T13", "L6"})
_LACKED = {"L1": "T12", "S1": "L5"}  # what some people have not, by what then follows


def rank(level: str) -> int:
    """Place of a vertebra from the top; `InputError` for what is none."""
    if level not in ORDER:
        raise InputError(f"no vertebra is called {level!r}{nearest(level, ORDER)}")
    return ORDER.index(level)


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """The same vertebrae, from the top."""
    return tuple(sorted(levels, key=rank))


def above(level: str, levels: Iterable[str] = USUAL) -> str:
    """The vertebra above one: of those of this spine where it is known, else the usual one.

    The sacrum lies under the last lumbar vertebra, whatever its number.
    """
    here = rank(level)
    higher = [one for one in in_order(levels) if rank(one) < here]
    usual = [one for one in USUAL if rank(one) < here]
    if not usual:
        raise InputError(f"no vertebra lies above {level}")
    last = usual[-1]
    if higher and (rank(higher[-1]) >= rank(last) or (level == "S1" and higher[-1][0] == "L")):
        return higher[-1]
    return last


def can_touch(upper: str, lower: str) -> bool:
    """Whether two vertebrae are neighbours in some people: L5 lies on S1, on an L6, or is lacking
    and L4 lies on S1."""
    if upper not in ORDER or lower not in ORDER or rank(upper) >= rank(lower):
        return False
    between = set(ORDER[rank(upper) + 1 : rank(lower)]) - _RARE
    return not between or between == {_LACKED.get(lower)}


def below(level: str, levels: Iterable[str] = USUAL) -> str:
    """The vertebra below one: of those of this spine where it is known, else the usual one."""
    here = rank(level)
    lower = [one for one in in_order(levels) if rank(one) > here]
    if lower and can_touch(level, lower[0]):
        return lower[0]
    usual = [one for one in USUAL if rank(one) > here]
    if not usual:
        raise InputError(f"no vertebra lies below {level}")
    return usual[0]
