"""`Act`: one thing that an operator does in a rehearsal, checked before anything looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from needle_sim.errors import InputError
from needle_sim.presets import nearest

MOST_S = 6 * 3600.0
"""A rehearsal ends after six hours."""

_MOST_TEXT = 200
_MOST_SHOWN = 40
_FAR = 10_000.0

Check = Callable[[str, Any], Any]


def shown(value: Any) -> str:
    """A short word for whatever a stranger sent: never its whole text, never its inside."""
    if isinstance(value, str):
        return ascii(value[:_MOST_SHOWN])
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**15 else "a number of many digits"
    if value is None or isinstance(value, bool | float):
        return str(value)
    return f"a {type(value).__name__}"


def _number(low: float, high: float, unit: str) -> Check:
    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} must be a number, got {shown(value)}")
        if not low <= value <= high:  # NaN is not either
            raise InputError(f"{name} must be {low:g} to {high:g}{unit}, got {shown(value)}")
        return float(value)

    return check


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT:
        raise InputError(f"{name} must be text of 1 to {_MOST_TEXT} letters")
    if not value.isprintable():
        raise InputError(f"{name} must be printable text on one line")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false, got {shown(value)}")
    return value


def _mode(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in ("single", "live", "dsa"):
        raise InputError(f"{name} must be single, live or dsa, got {shown(value)}")
    return value


def _numbers(count: int) -> Check:
    one = _number(-_FAR, _FAR, "")

    def check(name: str, value: Any) -> tuple[float, ...]:
        if not isinstance(value, list | tuple) or len(value) != count:
            raise InputError(f"{name} must be {count} numbers")
        return tuple(one(f"{name}[{n}]", item) for n, item in enumerate(value))

    return check


_FOUR = _numbers(4)


def _matrix(name: str, value: Any) -> tuple[tuple[float, ...], ...]:
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise InputError(f"{name} must be 4 rows of 4 numbers")
    if all(isinstance(row, list | tuple) and len(row) == 4 for row in value):
        flat = [item for row in value for item in row]
        if set(map(type, flat)) == {float} and all(-_FAR <= item <= _FAR for item in flat):
            return tuple(map(tuple, value))  # the usual case, without a name for each
    return tuple(_FOUR(f"{name}[{n}]", row) for n, row in enumerate(value))


_MM = _number(-2000.0, 2000.0, " mm")
KINDS: Mapping[str, Mapping[str, Check]] = MappingProxyType(
    {
        "declare": {"procedure": _text, "level": _text, "side": _text},
        "carm": {
            "orbital_deg": _number(-180.0, 180.0, " degrees"),
            "tilt_deg": _number(-60.0, 60.0, " degrees"),
        },
        "table": {"x_mm": _MM, "y_mm": _MM, "z_mm": _MM},
        "collimate": {
            "width_mm": _number(10.0, 500.0, " mm"),
            "height_mm": _number(10.0, 500.0, " mm"),
        },
        "shot": {},
        "live": {"on": _flag},
        "probe": {"name": _text, "matrix": _matrix},
        "probe_off": {},
        "mark": {"point_mm": _numbers(3)},
        "needle": {"name": _text},
        "needle_pose": {"matrix": _matrix},
        "insert": {},
        "angle": {
            "orbital_deg": _number(-180.0, 180.0, " degrees"),
            "tilt_deg": _number(-89.0, 89.0, " degrees"),
        },
        "advance": {"mm": _number(0.01, 200.0, " mm")},
        "withdraw": {"mm": _number(0.01, 400.0, " mm")},
        "rotate": {"deg": _number(-360.0, 360.0, " degrees")},
        "stylet": {"inside": _flag},
        "aspirate": {},
        "contrast": {"agent": _text, "volume_ml": _number(0.05, 20.0, " mL"), "mode": _mode},
        "inject": {"agent": _text, "volume_ml": _number(0.05, 20.0, " mL")},
        "heat": {},
        "abort": {"why": _text},
        "finish": {},
    }
)
"""What can be done, and what each needs."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done.

    Parameters
    ----------
    do : str
        One of `KINDS`.
    t_s : float, s
        Simulated time at which it begins.
    source : str
        Who did it: ``"page"``, ``"script"``, ``"tracker"``.
    given : mapping
        What `KINDS` names; angles as C-arm coordinates, points and matrices in patient LPS, mm.
    """

    do: str
    t_s: float
    source: str = "script"
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.do, str) or self.do not in KINDS:
            close = nearest(self.do[:_MOST_SHOWN], KINDS) if isinstance(self.do, str) else ""
            raise InputError(f"nothing is called {shown(self.do)} in a rehearsal{close}")
        object.__setattr__(self, "t_s", _number(0.0, MOST_S, " s")("t_s", self.t_s))
        _text("source", self.source)
        wanted = KINDS[self.do]
        if not isinstance(self.given, Mapping):
            raise InputError(f"{self.do} needs named values")
        for name in self.given:
            if name not in wanted:
                close = nearest(name[:_MOST_SHOWN], wanted) if isinstance(name, str) else ""
                raise InputError(f"{self.do} takes no {shown(name)}{close}")
        if missing := [name for name in wanted if name not in self.given]:
            raise InputError(f"{self.do} needs {', '.join(missing)}")
        checked = {name: check(name, self.given[name]) for name, check in wanted.items()}
        object.__setattr__(self, "given", MappingProxyType(checked))

    def to_line(self) -> dict[str, Any]:
        """As it stands in a log."""
        return {"t_s": self.t_s, "source": self.source, "do": self.do, **self.given}


def act_of(line: Any) -> Act:
    """An act from a line of a log."""
    if not isinstance(line, dict):
        raise InputError("a line of a log must be an object")
    rest = {name: value for name, value in line.items() if name not in ("t_s", "source", "do")}
    for name in ("t_s", "do"):
        if name not in line:
            raise InputError(f"a line of a log needs {name}")
    return Act(line["do"], line["t_s"], line.get("source", "script"), rest)
