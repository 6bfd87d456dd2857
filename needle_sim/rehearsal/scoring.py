"""`score`: gates first, quality and economy only when they hold, each metric with its reason.

A gate that fails means no total, whatever else was good. Quality is weighed against the limits of
the procedure file, economy against those of ``scoring.toml``; pictures that the recipe requires
cost nothing. An attempt that was given up for a reason seen scores above every failed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from needle_sim import presets
from needle_sim.rehearsal.gates import gates
from needle_sim.rehearsal.metric import Attempted, Metric
from needle_sim.rehearsal.quality import economy, quality
from needle_sim.shown import Shown

Outcome = Literal["completed", "aborted", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Score(Shown):
    """Gates, quality and economy metrics and, where every gate holds, a total of 0 to 100.

    ``outcome`` is *failed* where a gate does not hold, *unknown* where one cannot be judged,
    *aborted* where the attempt was given up, else *completed*.
    """

    gates: tuple[Metric, ...]
    metrics: tuple[Metric, ...]
    total: float | None
    outcome: Outcome = "completed"
    said: str = ""

    @property
    def failed(self) -> tuple[Metric, ...]:
        """The gates that do not hold."""
        return tuple(gate for gate in self.gates if gate.passed is False)

    @property
    def quality(self) -> tuple[Metric, ...]:
        """Target, coverage, angles."""
        return tuple(one for one in self.metrics if one.rank == "quality")

    @property
    def economy(self) -> tuple[Metric, ...]:
        """Dose, time, passes."""
        return tuple(one for one in self.metrics if one.rank == "economy")

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        rows = {one.name: _said(one) for one in (*self.gates, *self.metrics)}
        return {"total": "none" if self.total is None else f"{self.total:.0f} of 100", **rows}

    def to_row(self) -> dict[str, Any]:
        """Flat Python scalars for a table; unknown is None."""
        row: dict[str, Any] = {
            "total": self.total,
            "outcome": self.outcome,
            "gates_passed": not self.failed,
        }
        for one in (*self.gates, *self.metrics):
            row[_key(one)] = one.passed if one.value is None else one.value
        return row


def score(attempted: Attempted) -> Score:
    """Gates, quality and economy of an attempt; limits and sources are in the preset files.

    The total is the weighed merit of quality and, for a small share, of economy. A justified abort
    has a fixed total, so that it stands above every failed attempt and below a good one.
    """
    rules = _rules()
    found = gates(attempted)
    limits = {name: rule["limit"] for name, rule in rules["economy"].items()}
    metrics = (*quality(attempted), *economy(attempted, limits))
    record = attempted.record
    if any(gate.passed is False for gate in found):
        return Score(found, metrics, None, "failed", "a gate does not hold")
    if any(gate.passed is None for gate in found):
        return Score(found, metrics, None, "unknown", "a gate cannot be judged")
    if record is not None and record.abort is not None:
        key = "justified_abort" if record.justified else "abort"
        said = f"given up{', rightly' if record.justified else ' without a reason'}: {record.abort}"
        return Score(found, metrics, rules["total"][key], "aborted", said)
    share = rules["total"]["economy_share"]
    good = _merit_of(metrics, "quality", rules["quality"])
    thrift = _merit_of(metrics, "economy", rules["economy"])
    if good is None:
        return Score(found, metrics, None, "unknown", "nothing could be measured")
    total = good if thrift is None else (1 - share) * good + share * thrift
    return Score(found, metrics, 100.0 * total)


@cache
def _rules() -> dict[str, Any]:
    file = presets.read_toml(presets.folder("presets") / "scoring.toml")
    file.pop("revision", None)
    presets.sourced(file, "scoring.toml")
    rules: dict[str, Any] = presets.plain(file)
    return rules


def _merit_of(metrics: tuple[Metric, ...], rank: str, rules: dict[str, Any]) -> float | None:
    weighed = [
        (rules[one.name]["weight"], _merit(one, rules[one.name].get("span")))
        for one in metrics
        if one.rank == rank and one.name in rules
    ]
    known = [(weight, merit) for weight, merit in weighed if merit is not None]
    whole = sum(weight for weight, _ in known)
    return sum(weight * merit for weight, merit in known) / whole if whole else None


def _merit(metric: Metric, span: float | None) -> float | None:
    """1 within the limit; past it half at most, falling to 0 over ``span`` (or with the share).

    What is met or not, without a number, is worth 1 or 0; the unknown has no merit at all.
    """
    if metric.value is None:
        return None if metric.passed is None else float(metric.passed)
    comparison, limit = metric.limit.split()
    bound = float(limit)
    if metric.passed:
        return 1.0
    missed = bound - metric.value if comparison == ">=" else metric.value - bound
    return 0.5 * max(0.0, 1.0 - missed / (span or bound))


def _said(metric: Metric) -> str:
    if metric.value is None:
        value = {True: "yes", False: "no", None: "unknown"}[metric.passed]
    else:
        value = f"{metric.value:.3g} {metric.unit}".strip()
    return f"{value} (limit {metric.limit}): {metric.reason}"


def _key(metric: Metric) -> str:
    unit = {"mm": "_mm", "deg": "_deg", "°C": "_c", "s": "_s", "µGy·m²": "_ugy_m2"}
    return metric.name.replace(" ", "_") + unit.get(metric.unit, "")
