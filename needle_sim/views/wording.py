"""Numbers, limits and verdicts as a reader sees them, the same in pictures and report."""

from __future__ import annotations

from needle_sim.rehearsal.runner import Run
from needle_sim.rehearsal.scoring import Metric

NOT_CLINICAL = "For rehearsal and research. Not for clinical use."
_SIGNS = {">=": "≥", "<=": "≤"}
_UNITS = {"deg": "°"}
_CLOSE_UP = frozenset({"°"})  # written without a space


def said(value: float | None, unit: str = "", *, digits: int | None = None) -> str:
    """A value with its unit: ``"12.3 mm"``, ``"8.1°"``, ``"unknown"`` for None."""
    if value is None:
        return "unknown"
    unit = _UNITS.get(unit, unit)
    places = (2 if not unit else 1) if digits is None else digits
    number = f"{value:.{places}f}"
    number = number.lstrip("-") if float(number) == 0 else number.replace("-", "−")
    return number + ("" if not unit or unit in _CLOSE_UP else " ") + unit


def limit_said(metric: Metric) -> str:
    """``">= 0.8"`` as ``"≥ 0.8"``, with the unit."""
    text = metric.limit
    for ascii_sign, sign in _SIGNS.items():
        text = text.replace(ascii_sign, sign)
    unit = _UNITS.get(metric.unit, metric.unit)
    return text + ("" if not unit or unit in _CLOSE_UP else " ") + unit


def verdict_of(passed: bool | None) -> tuple[str, str]:
    """Sign and word, so that nothing is told by colour alone."""
    if passed is None:
        return "?", "unknown"
    return ("✓", "met") if passed else ("✗", "not met")


def headline(run: Run) -> tuple[str, str]:
    """The verdict in one word group, and the sentence below it."""
    if run.blocked is not None or run.plan is None:
        why = "no path keeps the margins of the procedure" if run.blocked is None else run.blocked
        return "No safe path", sentence(why)
    failed = run.score.failed
    if failed:
        names = "; ".join(f"{one.name}: {said(one.value, one.unit)}" for one in failed)
        return "A safety gate failed", f"{sentence(names)} So there is no total."
    if run.score.total is None:
        return "Not scored", "At least one safety gate is unknown, so there is no total."
    return f"{run.score.total:.0f} of 100", "Every safety gate holds."


def sentence(words: str) -> str:
    """With a capital first letter and a full stop."""
    words = words.strip()
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words[-1] in ".!?" else ".")


def patient_of(run: Run) -> str:
    """Which patient, in words."""
    kinds = {one.provenance for one in run.anatomy.structures.values()}
    if "constructed" in kinds:
        return f"phantom {run.anatomy.name}"
    return f"CT {run.anatomy.name}"
