"""What candidates were left out for, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from needle_sim import presets
from needle_sim.anatomy.target import Target
from needle_sim.instruments.needle import Needle
from needle_sim.planning.reach import hub_reserve_mm


@dataclass(slots=True)
class Tally:
    """How many candidates were left out by what, and how much the needle lacked at least."""

    count: dict[str, int] = field(default_factory=dict)
    lacking_mm: float = np.inf

    def add(self, name: str, count: int = 1) -> None:
        """Count some more; none is not written down."""
        if count:
            self.count[name] = self.count.get(name, 0) + int(count)

    def too_short(self, needle: Needle, lacking_mm: float, count: int = 1) -> None:
        """Count candidates that are ``lacking_mm`` deeper than the needle reaches."""
        self.lacking_mm = min(self.lacking_mm, lacking_mm)
        self.add(short_of(needle), count)


def short_of(needle: Needle) -> str:
    """What the tally calls a needle that does not reach."""
    return f"needle of {needle.length_mm:g} mm too short"


def blocked(target: Target, needle: Needle, tally: Tally, tried: int) -> str:
    """What blocks every path, most frequent first; and, where length does, what would reach."""
    short = short_of(needle)
    said = []
    for name, count in sorted(tally.count.items(), key=lambda item: -item[1])[:3]:
        lacking = f" by {np.ceil(tally.lacking_mm):.0f} mm with {hub_reserve_mm():g} mm outside"
        by = lacking if name == short else ""
        said.append(f"{name}{by} ({count} of {tried})")
    where = target.vertebra or "the target"
    way_out = _longer(needle, tally.lacking_mm) if short in tally.count else ""
    return f"no safe path to {target.name} on {where}: blocked by {', '.join(said)}{way_out}"


def _longer(needle: Needle, lacking_mm: float) -> str:
    """Which shipped needle of the same kind would reach."""
    shipped = {name: Needle.preset(name) for name in presets.names("needles")}
    kinds = {name.split("_")[0] for name, one in shipped.items() if one == needle}
    fits = sorted(
        (one.length_mm, name)
        for name, one in shipped.items()
        if (one.gauge, one.active_tip_mm) == (needle.gauge, needle.active_tip_mm)
        and one.length_mm >= needle.length_mm + lacking_mm
        and (not kinds or name.split("_")[0] in kinds)
    )
    if not fits:
        least = np.ceil(needle.length_mm + lacking_mm)
        return f"; it takes a needle of at least {least:.0f} mm, and none is shipped"
    return f"; a {fits[0][0]:g} mm one would do: {fits[0][1]}"
