"""`Book`: writes down what counts in a rehearsal, as the record that scores look at."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from needle_sim import presets
from needle_sim.imaging.xray.tally import DoseTally
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.procedures.procedure import Procedure, ViewRecipe
from needle_sim.rehearsal.record import Event, Record, Shot
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.protocol import Protocol

MOST_VIEWS = 16
"""Pictures kept for the report; of more, those that the recipe does not ask for go first."""

MOST_RUNS = 8
"""Injections of contrast whose pictures are kept: the last ones."""

_MERGED = ("advance", "withdraw", "angle")
_MOVES = ("advance", "withdraw", "angle", "rotate")
_STOPS = ("vascular", "intrathecal")


@dataclass(slots=True)
class Book:
    """Events, pictures and injections in order; what the recipe asks for is free."""

    recipe: Procedure
    events: list[Event] = field(default_factory=list)
    views: list[tuple[bool, View]] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    danger_mm: dict[int, float | None] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)

    def kept(self) -> Callable[[], None]:
        """What puts it back as it stands; its cost does not grow with what is in the book."""
        events, shots, dangers = len(self.events), len(self.shots), len(self.danger_mm)
        event, danger = self.events[-1:], _last(self.danger_mm)
        views, used, named = list(self.views), Counter(self.used), Counter(self.named)

        def back() -> None:
            self.events[max(events - 1, 0) :] = event
            del self.shots[shots:]
            while len(self.danger_mm) > dangers:
                self.danger_mm.popitem()
            self.danger_mm.update(danger)
            self.views, self.used, self.named = views, used, named

        return back

    def note(
        self,
        do: str,
        said: str,
        t_s: float,
        *,
        depth_mm: float,
        needle_pass: int,
        kap: float = 0.0,
        required: bool = True,
        **detail: Any,
    ) -> None:
        """One event; pushing on by another millimetre is the same push."""
        made = Event(t_s, do, depth_mm, max(needle_pass, 1), required, said, kap, detail)
        last = self.events[-1] if self.events else None
        if last is not None and _goes_on(last, made):
            self.events[-1] = made
        else:
            self.events.append(made)

    def free(self, key: str, quota: int) -> bool:
        """Whether the recipe still asks for one of these; counts it."""
        self.used[key] += 1
        return self.used[key] <= quota

    def view_quota(self, name: str) -> int:
        """How many pictures of a view the recipe asks for."""
        return sum(step.do == "view" and step.view == name for step in self.recipe.steps)

    def picture(self, view: ViewRecipe | None, made: View, *, asked: bool) -> None:
        """Keep a picture for the report under a name of its own."""
        name = "free" if view is None else view.name
        self.named[name] += 1
        count = self.named[name]
        kept = replace(made, name=name if count == 1 else f"{name}_{count}")
        self.views.append((asked, kept))
        if len(self.views) > MOST_VIEWS:
            spare = next((n for n, (free, _) in enumerate(self.views) if not free), 0)
            del self.views[spare]

    def shot(self, made: Shot) -> None:
        """Keep an injection."""
        self.shots.append(made)

    def settle(self) -> None:
        """Let go of the pictures of an injection that lies too far back, once an act is done."""
        if len(self.shots) > MOST_RUNS and self.shots[-MOST_RUNS - 1].run is not None:
            old = self.shots[-MOST_RUNS - 1]
            title = f"{old.title} (pictures not kept)"
            self.shots[-MOST_RUNS - 1] = replace(old, title=title, run=None)

    def reason(self) -> bool:
        """Whether what was last seen is a reason to give up.

        What a later look, after a move of the tip, found to be well is none any more.
        """
        well = passed = False
        for event in reversed(self.events):
            if event.do in ("redirect", "insert"):
                return False
            passed = passed or (well and event.do in _MOVES)
            found = _finding(event)
            if found == "bad":
                return not passed
            well = well or found == "well"
        return False

    def recipe_s(self, depth_mm: float) -> float:
        """How long the recipe takes by the pace of ``scoring.toml``."""
        pace: Mapping[str, float] = presets.plain(presets.table("scoring", "pace"))
        total = depth_mm / pace["advance_mm_s"]
        for step in self.recipe.steps:
            if step.do in ("view", "aspirate", "contrast"):
                total += pace[f"{step.do}_s"]
            if step.do == "inject":
                total += float(step.volume_ml or 0.0) / pace["inject_ml_s"]
            if step.do == "heat" and self.recipe.protocol is not None:
                total += Protocol.preset(self.recipe.protocol).total_s
        return total

    def record(
        self,
        placed: PlacedNeedle | None,
        clearance_mm: Mapping[str, float],
        *,
        abort: str | None,
        declared: str | None,
        tally: DoseTally | None = None,
    ) -> Record:
        """All of it, for scores and reports."""
        events = [
            replace(one, detail={**one.detail, "danger_mm": self.danger_mm.get(one.needle_pass)})
            if one.do in ("insert", "redirect")
            else one
            for one in self.events
        ]
        last = max((one.needle_pass for one in events), default=0)
        depth = 0.0 if placed is None else placed.trajectory.depth_mm
        return Record(
            events=tuple(events),
            views=tuple(view for _, view in self.views),
            shots=tuple(self.shots),
            placed=placed,
            clearance_mm=clearance_mm,
            danger_mm=self.danger_mm.get(last),
            abort=abort,
            justified=abort is not None and self.reason(),
            allowed_s=self.recipe_s(depth),
            declared=declared,
            tally=DoseTally() if tally is None else tally,
        )


def _finding(event: Event) -> str:
    """What a test of the place came to: ``bad``, ``well`` or nothing."""
    if event.do == "aspirate":
        return "well" if event.detail["found"] == "clear" else "bad"
    if event.do != "contrast":
        return ""
    seen, single = event.detail["seen"], event.detail["mode"] == "single"
    nowhere = seen is None and not single and bool(event.detail.get("in_field", True))
    if seen in _STOPS or nowhere:
        return "bad"
    return "" if single or seen is None else "well"


def _goes_on(last: Event, made: Event) -> bool:
    """Whether an event is the same push, the same draw, or the same live look, going on."""
    if last.do != made.do or last.needle_pass != made.needle_pass:
        return False
    live = last.detail.get("live") and last.detail.get("view") == made.detail.get("view")
    return made.do in _MERGED or bool(live and made.detail.get("live"))


def _last(table: dict[int, float | None]) -> dict[int, float | None]:
    """The entry that was put in last, alone."""
    keys = list(itertools.islice(reversed(table), 1))
    return {key: table[key] for key in keys}
