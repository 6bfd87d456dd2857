"""`Record`: what was done in an attempt, in order; scores look at nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from needle_sim.imaging.xray.sequence import ContrastRun
from needle_sim.imaging.xray.tally import DoseTally
from needle_sim.injectate.spread import Spread
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.rehearsal.suite import View
from needle_sim.shown import Shown


@dataclass(frozen=True, slots=True)
class Event:
    """One thing done.

    Parameters
    ----------
    t_s : float, s
        Simulated time at which it ended.
    do : str
        ``insert``, ``advance``, ``view``, ``aspirate``, ``contrast``, ``inject``, ``redirect``,
        ``heat`` or ``abort``; by hand also ``withdraw``, ``angle`` (the shaft is turned) and
        ``fluoro`` (live pictures).
    depth_mm : float, mm
        Of the tip along its path.
    needle_pass : int
        From 1.
    required : bool
        The recipe asks for it; what a redirected needle needs again is not.
    said : str
        In words.
    kap_ugy_m2 : float, µGy m2
        Of its pictures.
    detail : mapping
        ``view``; ``mode``, ``agent``, ``volume_ml``, ``pattern``, ``seen``; ``found``; of what
        begins a pass ``danger_mm``, the danger depth of its path; of a drug or heat given by hand
        ``tip_mm`` (3,), where.
    """

    t_s: float
    do: str
    depth_mm: float
    needle_pass: int
    required: bool
    said: str
    kap_ugy_m2: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One injection of contrast: what spread, and the pictures of it (None without pictures)."""

    title: str
    mode: str
    spread: Spread
    run: ContrastRun | None
    seen: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Record(Shown):
    """The events of an attempt, its pictures, and where the needle came to lie.

    ``placed`` is None where nothing was inserted. ``abort`` says why the attempt was given up, and
    ``justified`` whether what was seen was a reason to. ``allowed_s`` is what the recipe takes, of
    an attempt by hand; ``declared`` what the operator said before the start, where it was asked;
    ``tally`` every exposure and run, for the dose report.
    """

    events: tuple[Event, ...] = ()
    views: tuple[View, ...] = ()
    shots: tuple[Shot, ...] = ()
    placed: PlacedNeedle | None = None
    clearance_mm: Mapping[str, float] = field(default_factory=dict)
    danger_mm: float | None = None
    abort: str | None = None
    justified: bool = False
    allowed_s: float | None = None
    declared: str | None = None
    tally: DoseTally = field(default_factory=DoseTally)

    @property
    def passes(self) -> int:
        """How often a needle was driven in."""
        return max((event.needle_pass for event in self.events), default=0)

    @property
    def kap_ugy_m2(self) -> float:
        """Of all pictures."""
        return sum(event.kap_ugy_m2 for event in self.events)

    @property
    def extra_kap_ugy_m2(self) -> float:
        """Of the pictures that the recipe does not ask for."""
        return sum(event.kap_ugy_m2 for event in self.events if not event.required)

    @property
    def seconds(self) -> float:
        """Simulated time of the attempt."""
        return self.events[-1].t_s if self.events else 0.0

    @property
    def extra_s(self) -> float:
        """Simulated time beyond what the recipe takes."""
        if self.allowed_s is not None:
            return max(0.0, self.seconds - self.allowed_s)
        pairs = zip(self.events, self.events[1:], strict=False)
        return sum(b.t_s - a.t_s for a, b in pairs if not b.required)

    def danger_of(self, needle_pass: int) -> float | None:
        """The danger depth of a pass, mm: each path has its own; else that of the record."""
        return self.dangers_mm.get(needle_pass, self.danger_mm)

    @property
    def dangers_mm(self) -> dict[int, float | None]:
        """The danger depth of each pass that an event begins."""
        found: dict[int, float | None] = {}
        for event in self.events:
            if event.do == "insert" or "danger_mm" in event.detail:
                deep = event.detail.get("danger_mm", self.danger_mm)
                found.setdefault(event.needle_pass, None if deep is None else float(deep))
        return found

    def of(self, *kinds: str) -> list[tuple[int, Event]]:
        """The events of some kinds with their places in the order."""
        return [(n, event) for n, event in enumerate(self.events) if event.do in kinds]

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {f"{event.t_s:.0f} s": event.said for event in self.events}
