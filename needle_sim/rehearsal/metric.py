"""`Metric`: one measured thing, its limit, and why it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.record import Record
from needle_sim.thermal.lesion import Lesion

Rank = Literal["gate", "quality", "economy"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured thing: its value (None when unknown), limit, and why it counts."""

    name: str
    value: float | None
    unit: str
    limit: str
    passed: bool | None
    reason: str
    time_s: float | None = None
    rank: Rank = "quality"


@dataclass(frozen=True, slots=True, eq=False)
class Attempted:
    """All that a score looks at.

    ``plan`` and ``record`` are None where no safe path was found; ``temperature_max_c`` holds the
    hottest point of each structure; ``hazards_known`` is False for a bare CT; ``approach`` (3,) is
    the direction of travel that the recipe asks for here.
    """

    procedure: Procedure
    anatomy: Anatomy
    target: Target
    plan: Plan | None = None
    record: Record | None = None
    lesion: Lesion | None = None
    temperature_max_c: Mapping[str, float] = field(default_factory=dict)
    hazards_known: bool = True
    approach: NDArray[np.float64] | None = None


def at_most(
    name: str, value: float, unit: str, limit: float, reason: str, rank: Rank = "quality"
) -> Metric:
    """A metric that passes up to its limit."""
    return Metric(name, value, unit, f"<= {limit:g}", value <= limit, reason, rank=rank)


def at_least(
    name: str, value: float, unit: str, limit: float, reason: str, rank: Rank = "quality"
) -> Metric:
    """A metric that passes from its limit on."""
    return Metric(name, value, unit, f">= {limit:g}", value >= limit, reason, rank=rank)
