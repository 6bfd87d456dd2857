"""`Run`: what a procedure came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.record import Record, Shot
from needle_sim.rehearsal.scoring import Score
from needle_sim.rehearsal.suite import View
from needle_sim.rehearsal.unverified import unverified
from needle_sim.shown import Shown
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import Lesion

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram


@dataclass(frozen=True, slots=True, eq=False)
class Run(Shown):
    """What `run_procedure` returns: everything that the report, the files and a study need.

    ``plan``, ``history`` and ``lesion`` are None where no safe path was found; ``blocked`` then
    says why. ``record`` holds what was done in order, ``needle`` names the preset that was taken,
    ``sonogram`` shows the needle in its plane.
    """

    procedure: Procedure
    anatomy: Anatomy
    target: Target
    level: str
    vertebra: str
    side: str
    seed: int
    in_words: str
    plan: Plan | None
    blocked: str | None
    views: tuple[View, ...]
    history: HeatHistory | None
    lesion: Lesion | None
    temperature_max_c: Mapping[str, float]
    score: Score
    notes: tuple[str, ...]
    record: Record = field(default_factory=Record)
    needle: str = ""
    sonogram: Sonogram | None = None
    tip_in_bone_mm: float | None = None
    tried: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    command: str = ""

    @property
    def unverified(self) -> tuple[str, ...]:
        """Numbers that the score rests on and that were not read in a source."""
        return unverified(self.procedure, self.needle, self.anatomy)

    @property
    def placed(self) -> PlacedNeedle | None:
        """The needle where it came to lie: of the last pass, else as it was planned."""
        if self.record.placed is not None or self.plan is None:
            return self.record.placed
        return self.plan.placed

    @property
    def shots(self) -> tuple[Shot, ...]:
        """What was seen of contrast, in order."""
        return self.record.shots

    @property
    def version(self) -> str:
        """Of needle_sim."""
        return metadata.version("needle_sim")

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {"procedure": self.procedure.title, "target": self.in_words, **self.score.facts()}

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named Python scalars; unknown is None."""
        row: dict[str, Any] = {
            "procedure": self.procedure.name,
            "anatomy": self.anatomy.name,
            "level": self.level,
            "vertebra": self.vertebra,
            "side": self.side,
            "seed": self.seed,
            "variant": self.procedure.variant,
            "needle": self.needle,
            "blocked": self.blocked,
            **self.score.to_row(),
        }
        for name, hottest in self.temperature_max_c.items():
            row[f"{name.replace(' ', '_')}_max_c"] = hottest
        return row
