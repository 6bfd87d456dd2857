"""What an operator says becomes an act: "cephalad five", "rotate to me ten", two millimetres in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError
from needle_sim.planning.sightline import angles_of, squared_tilt_deg
from needle_sim.presets import nearest
from needle_sim.views.front_end.monitor import screen_directions

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

Given = Mapping[str, Any]
Act = tuple[str, dict[str, Any]]

_PLAIN = {"straight AP": (0.0, 0.0), "left lateral": (90.0, 0.0), "right lateral": (-90.0, 0.0)}
_MOST_TILT = 60.0


def number(given: Given, name: str, *, default: float | None = None) -> float:
    """A finite number of a message."""
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{name} must be a number, got {str(value)[:40]!r}")
    return float(value)


def towards_operator(side: str) -> float:
    """Sign of ``orbital_deg`` when the detector turns to the operator, who stands on ``side``."""
    return -1.0 if side == "right" else 1.0


def _turn(it: Rehearsal, given: Given) -> Act:
    """The C-arm by degrees: ``cephalad_deg``, ``to_me_deg``."""
    pose = it.scope.pose
    sign = towards_operator(it.side)
    orbital = pose.orbital_deg + sign * number(given, "to_me_deg", default=0.0)
    orbital += number(given, "to_left_deg", default=0.0)
    tilt = pose.tilt_deg + number(given, "cephalad_deg", default=0.0)
    if abs(tilt) > _MOST_TILT:
        raise InputError(f"the C-arm tilts by {_MOST_TILT:g}° at most, asked for {tilt:.0f}°")
    orbital = (orbital + 180.0) % 360.0 - 180.0
    return "carm", {"orbital_deg": round(orbital, 3), "tilt_deg": round(tilt, 3)}


def _go(it: Rehearsal, given: Given) -> Act:
    """The C-arm to a view: a plain AP or lateral, or one of the recipe."""
    name = str(given.get("view", ""))
    ways = it.scope.ways
    if name in _PLAIN:
        orbital, tilt = _PLAIN[name]
    elif name in ways:
        orbital, tilt = angles_of(ways[name])
    else:
        raise InputError(f"there is no view {name[:40]!r}{nearest(name, (*_PLAIN, *ways))}")
    return "carm", {"orbital_deg": round(orbital, 2), "tilt_deg": round(tilt, 2)}


def _square(it: Rehearsal, given: Given) -> Act:
    """The tilt at which the endplate of the target's vertebra is a line, where the C-arm stands."""
    orbital = it.scope.pose.orbital_deg
    tilt = squared_tilt_deg(it.anatomy, it.vertebra, orbital)
    return "carm", {"orbital_deg": orbital, "tilt_deg": round(tilt, 2)}


def _pan(it: Rehearsal, given: Given) -> Act:
    """The field over the patient, mm to the right and down on the screen."""
    across, downwards = screen_directions(it.scope.carm)
    move = number(given, "right_mm", default=0.0) * across
    move = move + number(given, "down_mm", default=0.0) * downwards
    point = np.asarray(it.scope.pose.isocentre_mm) + move
    x, y, z = (round(float(value), 3) for value in point)
    return "table", {"x_mm": x, "y_mm": y, "z_mm": z}


def _push(it: Rehearsal, given: Given) -> Act:
    """In by millimetres, out by negative ones."""
    mm = number(given, "mm")
    if mm == 0:
        raise InputError("a push by 0 mm is none: give mm over 0 to advance, under 0 to withdraw")
    return ("advance", {"mm": mm}) if mm > 0 else ("withdraw", {"mm": -mm})


def _lean(it: Rehearsal, given: Given) -> Act:
    """The hub by degrees to the patient's left and towards the head."""
    if not it.hand.inside:
        raise InputError("no needle is in the patient: mark the skin and insert one first")
    orbital, tilt = angles_of(-it.hand.axis)
    orbital += number(given, "to_left_deg", default=0.0)
    tilt += number(given, "to_head_deg", default=0.0)
    return "angle", {"orbital_deg": round(orbital, 3), "tilt_deg": round(tilt, 3)}


def _along_beam(it: Rehearsal, given: Given) -> Act:
    """The hub over the tip in the present view: the needle down the central ray of its entry."""
    entry = it.hand.entry_mm
    if entry is None:
        raise InputError("no needle is in the patient: mark the skin and insert one first")
    orbital, tilt = angles_of(entry - it.scope.carm.source_mm)
    return "angle", {"orbital_deg": round(orbital, 3), "tilt_deg": round(tilt, 3)}


SPOKEN: Mapping[str, Callable[[Rehearsal, Given], Act]] = MappingProxyType(
    {
        "turn": _turn,
        "go": _go,
        "square": _square,
        "pan": _pan,
        "push": _push,
        "lean": _lean,
        "along_beam": _along_beam,
    }
)
"""Words of an operator that stand for one act each; the log holds the act."""

COACHED = frozenset({"square"})
"""What only a coach does for the operator; so are the views of the recipe."""
