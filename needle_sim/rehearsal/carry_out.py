"""`carry_out`: an operator without a hand's error follows the steps of a recipe and looks.

What aspiration and contrast show decides: a vessel or CSF means another path, and after the last
pass giving up. Small vessels that no anatomy shows are drawn with the published rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import compartment
from needle_sim.imaging.xray.sequence import Mode
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally, event_of, event_of_contrast
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.aspiration import aspirate
from needle_sim.injectate.spread import Spread, spread
from needle_sim.injectate.vessel import Vessel, vessel_at
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure, ViewRecipe
from needle_sim.procedures.step import Step
from needle_sim.rehearsal.record import Event, Record, Shot
from needle_sim.rehearsal.suite import Suite, View
from needle_sim.thermal.protocol import Protocol

STOPS = ("vascular", "intrathecal")
_SKIN_MM = 5.0  # a needle that stands in the skin
_APART_MM = 0.5  # a redirected tip that lies nearer than this is no other place


@dataclass(slots=True)
class _Hand:
    """The state of an attempt while it is carried out."""

    recipe: Procedure
    anatomy: Anatomy
    plan: Plan
    suite: Suite | None
    rng: np.random.Generator
    pace: Mapping[str, float]
    placed: PlacedNeedle
    vessel: Vessel | None = None
    given: tuple[Spread, float] | None = None  # the last contrast, and when it was begun
    depth_mm: float = _SKIN_MM
    time_s: float = 0.0
    needle_pass: int = 1
    events: list[Event] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    used: list[PlacedNeedle] = field(default_factory=list)
    doses: list[DoseEvent] = field(default_factory=list)

    @property
    def whole_mm(self) -> float:
        return self.placed.trajectory.depth_mm

    @property
    def danger_mm(self) -> float | None:
        danger = self.recipe.danger
        return None if danger is None else max(_SKIN_MM, self.whole_mm - danger.before_target_mm)

    def noted(self, do: str, said: str, seconds: float, kap: float = 0.0, **detail: Any) -> None:
        self.time_s += seconds
        required = self.needle_pass == 1
        self.events.append(
            Event(self.time_s, do, self.depth_mm, self.needle_pass, required, said, kap, detail)
        )

    def drawn(self) -> PlacedNeedle:
        """The needle as deep as it is now."""
        path = self.placed.trajectory
        tip = path.entry_mm + self.depth_mm * path.axis
        return PlacedNeedle(
            self.placed.needle, Trajectory.straight(path.entry_mm, tip), self.placed.bevel_clock_deg
        )

    def recipe_view(self, name: str | None) -> ViewRecipe:
        return next(view for view in self.recipe.views if view.name == name)

    def start(self) -> None:
        """A needle in the skin; whether its tip will lie in a vessel that nothing shows."""
        self.depth_mm, self.vessel = _SKIN_MM, None
        self.used.append(self.placed)
        needle = self.placed.needle
        said = f"{needle.gauge} G needle through the skin"
        self.noted("insert", said, 0.0, danger_mm=self.danger_mm)
        tip = self.placed.trajectory.tip_mm
        rate = 0.0 if self.recipe.vascular is None else self.recipe.vascular.rate
        if self.rng.random() < rate:
            self.vessel = vessel_at(self.anatomy, tip, self.rng)

    def view(self, step: Step) -> str | None:
        recipe = self.recipe_view(step.view)
        kap = 0.0
        if self.suite is not None:
            now_s = self.time_s + self.pace["view_s"]
            iodine = None if self.given is None else self.given[0].at(now_s - self.given[1])
            made = self.suite.shoot(recipe, self.drawn(), self.depth_mm, contrast=iodine)
            self.views.append(made)
            kap = made.radiograph.kap_ugy_m2
            self.doses.append(event_of(made.radiograph, start_s=now_s))
        said = f"{recipe.title} at {self.depth_mm:.0f} mm"
        self.noted("view", said, self.pace["view_s"], kap, view=recipe.name)
        return None

    def advance(self, step: Step) -> str | None:
        to = self.whole_mm if step.to == "target" else self.danger_mm
        to = max(self.depth_mm, self.whole_mm if to is None else to)
        seconds = (to - self.depth_mm) / self.pace["advance_mm_s"]
        self.depth_mm = to
        self.noted("advance", f"advanced to {to:.0f} mm", seconds, to=step.to)
        return None

    def aspirate(self, step: Step) -> str | None:
        known = self.recipe.vascular
        chances = {} if known is None else known.chances
        found = aspirate(self.compartment_kind(), rng=self.rng, **chances)
        said = "aspiration is clear" if found == "clear" else f"aspiration brings {found}"
        self.noted("aspirate", said, self.pace["aspirate_s"], found=found)
        return None if found == "clear" else said

    def compartment_kind(self) -> str:
        if self.vessel is not None and self.depth_mm >= self.whole_mm - _APART_MM:
            return "vascular"
        return compartment(self.anatomy, self.drawn().trajectory.tip_mm).kind

    def contrast(self, step: Step) -> str | None:
        mode: Mode = step.mode or "live"
        found = self.spread_of(step)
        self.given = found, self.time_s
        seen: str | None = found.pattern if found.pattern in STOPS else "contrast"
        run, kap = None, 0.0
        recipe = self.recipe_view(step.view)
        if self.suite is not None:
            run = self.suite.contrast(recipe, self.drawn(), found, mode)
            seen, kap = run.seen, run.kap_ugy_m2
            self.doses.append(event_of_contrast(run, start_s=self.time_s))
        title = f"Contrast, {recipe.title}, {_MODES[mode]}"
        self.shots.append(Shot(title, mode, found, run, seen))
        said = f"{step.volume_ml:g} mL contrast, {_MODES[mode]}: {_SEEN[seen]}"
        self.noted(
            "contrast", said, self.pace["contrast_s"], kap, mode=mode, agent=step.agent,
            volume_ml=step.volume_ml, pattern=found.pattern, seen=seen, view=recipe.name,
        )  # fmt: skip
        stop = seen in STOPS or (seen is None and mode != "single")
        return f"contrast, {_MODES[mode]}: {_SEEN[seen]}" if stop else None

    def spread_of(self, step: Step) -> Spread:
        placed = self.drawn()
        clock = np.deg2rad(placed.bevel_clock_deg)
        bevel = placed.trajectory.patient_from_needle.turn([np.sin(clock), np.cos(clock), 0.0])
        return spread(
            self.anatomy,
            placed.trajectory.tip_mm,
            bevel,
            agent=Agent.preset(str(step.agent)).checked_contrast(),
            volume_ml=float(step.volume_ml or 0.0),
            vessel=self.vessel if self.compartment_kind() == "vascular" else None,
            rng=self.rng,
        )

    def inject(self, step: Step) -> str | None:
        pattern = _PATTERN_OF.get(self.compartment_kind(), self.compartment_kind())
        said = f"{step.volume_ml:g} mL {step.agent} injected"
        seconds = float(step.volume_ml or 0.0) / self.pace["inject_ml_s"]
        self.noted(
            "inject", said, seconds, agent=step.agent, volume_ml=step.volume_ml, pattern=pattern
        )
        return None

    def heat(self, step: Step) -> str | None:
        protocol = Protocol.preset(str(self.recipe.protocol))
        self.noted("heat", f"heated, {self.recipe.protocol}", protocol.total_s)
        return None

    def redirect(self, why: str) -> bool:
        """Withdraw and take the next path whose tip is another place; False without one."""
        left = [
            one
            for one in self.plan
            if all(np.linalg.norm(one.trajectory.tip_mm - old.trajectory.tip_mm) >= _APART_MM
                   for old in self.used)
        ]  # fmt: skip
        if self.needle_pass >= self.recipe.passes or not left:
            return False
        self.needle_pass += 1
        self.placed = left[0]
        self.noted("redirect", f"{why}: withdrawn and aimed again", self.pace["redirect_s"])
        self.start()
        return True


_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}
_PATTERN_OF = {"flavum": "soft_tissue", "bone": "soft_tissue"}


_SEEN = {
    None: "none is seen",
    "contrast": "it stays, nothing runs off",
    "vascular": "it runs off, a vascular pattern",
    "intrathecal": "it mixes with CSF, an intrathecal pattern",
}


def carry_out(
    recipe: Procedure,
    anatomy: Anatomy,
    plan: Plan,
    *,
    suite: Suite | None,
    rng: np.random.Generator,
) -> Record:
    """Follow the steps of a recipe along a plan.

    Parameters
    ----------
    suite : Suite or None
        Takes the pictures; without it none are taken, and contrast is seen as what it is.
    rng : Generator
        The hand's child: hidden vessels, what an aspiration brings, texture of contrast.
    """
    pace = presets.plain(presets.table("scoring", "pace"))
    hand = _Hand(recipe, anatomy, plan, suite, rng, pace, plan.placed)
    hand.start()
    abort, at = None, 0
    first = next(n for n, step in enumerate(recipe.steps) if step.do == "advance")
    while at < len(recipe.steps):
        step = recipe.steps[at]
        why = getattr(hand, step.do)(step)
        at += 1
        if why is not None:
            if not hand.redirect(why):
                abort = why
                hand.noted("abort", f"given up after {hand.needle_pass} passes: {why}", 0.0)
                break
            at = first
    return Record(
        events=tuple(hand.events),
        views=tuple(hand.views),
        shots=tuple(hand.shots),
        placed=hand.drawn(),
        clearance_mm=_least(anatomy, hand),
        danger_mm=hand.danger_mm,
        abort=abort,
        justified=abort is not None,
        tally=DoseTally(tuple(hand.doses)),
    )


def _least(anatomy: Anatomy, hand: _Hand) -> dict[str, float]:
    """Least clearance of every pass from each structure."""
    found: dict[str, float] = {}
    for placed in hand.used:
        for name, gap in clearances_mm(anatomy, placed).items():
            found[name] = min(gap, found.get(name, np.inf))
    return found
