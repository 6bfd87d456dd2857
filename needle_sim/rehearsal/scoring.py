"""`score`: gates first, quality only when they hold, each metric with its reason.

A gate that fails means no total, whatever else was good. Quality metrics are weighed against the
limits of the procedure file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Limits, Procedure
from needle_sim.shown import Shown
from needle_sim.thermal.lesion import Lesion

# What each quality metric is worth of 100 (proposed: the lesion is what the procedure is for).
_WEIGHTS = {
    "nerve share in the lesion": 35.0,
    "axis to nerve": 15.0,
    "active tip over the window": 15.0,
    "target error": 15.0,
    "hottest tissue": 15.0,
    "hottest dura": 5.0,
}
# How far past its limit a metric is worth nothing; others at twice the limit (proposed).
_SPAN = {"hottest tissue": 10.0, "hottest dura": 3.0}


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


@dataclass(frozen=True, slots=True)
class Score(Shown):
    """Gates, quality metrics and, where every gate holds, a total of 0 to 100."""

    gates: tuple[Metric, ...]
    metrics: tuple[Metric, ...]
    total: float | None

    @property
    def failed(self) -> tuple[Metric, ...]:
        """The gates that do not hold."""
        return tuple(gate for gate in self.gates if gate.passed is False)

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        rows = {one.name: _said(one) for one in (*self.gates, *self.metrics)}
        return {"total": "none" if self.total is None else f"{self.total:.0f} of 100", **rows}

    def to_row(self) -> dict[str, Any]:
        """Flat Python scalars for a table; unknown is None."""
        row: dict[str, Any] = {"total": self.total, "gates_passed": not self.failed}
        for one in (*self.gates, *self.metrics):
            row[_key(one)] = one.value
        return row


def score(
    procedure: Procedure,
    plan: Plan | None,
    lesion: Lesion | None,
    temperature_max_c: Mapping[str, float],
    *,
    hazards_known: bool = True,
) -> Score:
    """Gates and quality of an attempt; see the procedure file for limits and their sources.

    Parameters
    ----------
    plan : Plan or None
        Where the needle lies; None where no safe path was found.
    lesion : Lesion or None
        What was heated.
    temperature_max_c : mapping of str to float
        Hottest point of each structure, °C.
    hazards_known : bool
        False for a bare CT: the gates are then unknown, and there is no total.
    """
    gates = _gates(procedure, plan, temperature_max_c, hazards_known=hazards_known)
    metrics = () if plan is None else _quality(procedure.limits, plan, lesion, temperature_max_c)
    if any(gate.passed is not True for gate in gates):
        return Score(gates, metrics, None)
    weighed = [(_WEIGHTS[one.name], _merit(one)) for one in metrics if one.name in _WEIGHTS]
    known = [(weight, merit) for weight, merit in weighed if merit is not None]
    whole = sum(weight for weight, _ in known)
    total = 100.0 * sum(weight * merit for weight, merit in known) / whole if whole else None
    return Score(gates, metrics, total)


def _gates(
    procedure: Procedure,
    plan: Plan | None,
    hottest: Mapping[str, float],
    *,
    hazards_known: bool,
) -> tuple[Metric, ...]:
    if plan is None:
        why = "no path keeps the margins of the procedure; nothing was inserted or heated"
        return (Metric("safe path", 0.0, "", "at least 1", False, why),)
    limits = procedure.limits
    gates = []
    for kind, said in (("dura", "dura"), ("root", "nerve root"), ("vessel", "vessel")):
        away = [gap for name, gap in plan.clearance_mm.items() if _kind(name) == kind]
        least = min(away) if away else None
        passed = None if not hazards_known else (least is None or least > 0)
        why = _why_clear(said, least, known=hazards_known)
        gates.append(Metric(f"{said} untouched", least, "mm", "> 0", passed, why))
    roots = [c for name, c in hottest.items() if _kind(name) == "root"]
    worst = max(roots) if roots else None
    unknown = "no root is known in this CT" if not hazards_known else "no root within reach"
    cool = None if not hazards_known else (worst is None or worst <= limits.root_c)
    why = unknown if worst is None else f"the hottest point of a root reached {worst:.1f} °C"
    gates.append(Metric("hottest root", worst, "°C", f"<= {limits.root_c:g}", cool, why))
    return tuple(gates)


def _quality(
    limits: Limits, plan: Plan, lesion: Lesion | None, hottest: Mapping[str, float]
) -> tuple[Metric, ...]:
    error = plan.target_error_mm
    most = limits.target_error_mm
    made = [
        Metric("target error", error, "mm", f"<= {most:g}", error <= most, "tip to target centre")
    ]
    angle = plan.axis_to_nerve_deg
    if angle is not None:
        most = limits.axis_to_nerve_deg
        why = "a lesion follows the shaft, so the electrode lies along the nerve"
        made.append(Metric("axis to nerve", angle, "deg", f"<= {most:g}", angle <= most, why))
    share = plan.window_share
    if share is not None:
        least = limits.window_share
        why = "active tip over the middle two quarters of the lateral neck"
        name = "active tip over the window"
        made.append(Metric(name, share, "", f">= {least:g}", share >= least, why))
    behind = plan.tip_behind_ventral_mm
    if behind is not None:
        why = "on the lateral view the tip does not pass the ventral margin of the process"
        made.append(Metric("tip behind ventral margin", behind, "mm", ">= 0", behind >= 0, why))
    if lesion is not None:
        made.extend(_heat_quality(limits, lesion, hottest))
    return tuple(made)


def _heat_quality(limits: Limits, lesion: Lesion, hottest: Mapping[str, float]) -> list[Metric]:
    made = []
    inside = lesion.extents["conservative"]
    if inside.nerve_share is not None:
        least = limits.nerve_share
        why = (
            f"{inside.nerve_mm:.1f} mm of the nerve lie inside the conservative boundary (60 °C, "
            "CEM43 240 min and Arrhenius muscle, whichever is smallest)"
        )
        passed = inside.nerve_share >= least
        name = "nerve share in the lesion"
        made.append(Metric(name, inside.nerve_share, "", f">= {least:g}", passed, why))
    if "dura" in hottest:
        worst, most = hottest["dura"], limits.dura_c
        why = "hottest point of the dural sac"
        made.append(Metric("hottest dura", worst, "°C", f"<= {most:g}", worst <= most, why))
    if "tissue" in hottest:
        worst, most = hottest["tissue"], limits.tissue_c
        why = "hottest tissue anywhere; above this it chars and boils"
        made.append(Metric("hottest tissue", worst, "°C", f"<= {most:g}", worst <= most, why))
    return made


def _merit(metric: Metric) -> float | None:
    """1 within the limit; past it half at most, falling to 0 over `_SPAN` (or with the share)."""
    if metric.value is None:
        return None
    comparison, limit = metric.limit.split()
    bound = float(limit)
    if metric.passed:
        return 1.0
    if comparison == ">=":
        return 0.5 * max(0.0, metric.value / bound)
    return 0.5 * max(0.0, 1.0 - (metric.value - bound) / _SPAN.get(metric.name, bound))


def _kind(name: str) -> str:
    if name == "dura":
        return "dura"
    if name.endswith(" root"):
        return "root"
    return "" if name in ("bone", "tissue") or name.endswith("branch") else "vessel"


def _why_clear(said: str, least: float | None, *, known: bool) -> str:
    if not known:
        return f"the {said} is unknown in a CT without labels"
    if least is None:
        return f"no {said} within reach of the needle"
    return f"the needle's surface keeps {least:.1f} mm from the nearest {said}"


def _said(metric: Metric) -> str:
    value = "unknown" if metric.value is None else f"{metric.value:.3g} {metric.unit}".strip()
    return f"{value} (limit {metric.limit}): {metric.reason}"


def _key(metric: Metric) -> str:
    unit = {"mm": "_mm", "deg": "_deg", "°C": "_c"}.get(metric.unit, "")
    return metric.name.replace(" ", "_") + unit
