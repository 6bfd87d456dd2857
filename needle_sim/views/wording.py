"""Numbers, limits and verdicts as a reader sees them, the same in pictures and report."""

from __future__ import annotations

from needle_sim.rehearsal.runner import Run
from needle_sim.rehearsal.scoring import Metric

NOT_CLINICAL = "For rehearsal and research. Not for clinical use."
_SIGNS = {">=": "≥", "<=": "≤"}
_UNITS = {"deg": "°"}
_TIED = "\N{NO-BREAK SPACE}"  # a number and its unit stay on one line
_CLOSE_UP = frozenset({"°"})  # written without a space


def said(value: float | None, unit: str = "", *, digits: int | None = None) -> str:
    """A value with its unit: ``"12.3 mm"``, ``"8.1°"``, ``"unknown"`` for None."""
    if value is None:
        return "unknown"
    unit = _UNITS.get(unit, unit)
    places = (2 if not unit else 1) if digits is None else digits
    number = f"{value:.{places}f}"
    number = number.lstrip("-") if float(number) == 0 else number.replace("-", "−")
    return number + ("" if not unit or unit in _CLOSE_UP else _TIED) + unit


def value_said(metric: Metric) -> str:
    """A metric's value; a gate that holds without one has nothing near to measure."""
    if metric.value is None and metric.passed:
        return "none near"
    whole = not metric.unit and metric.value == 0 and "." not in metric.limit  # a count
    return said(metric.value, metric.unit, digits=0 if whole else None)


def limit_said(metric: Metric) -> str:
    """``">= 0.8"`` as ``"≥ 0.8"``, with the unit."""
    text = metric.limit
    for ascii_sign, sign in _SIGNS.items():
        text = text.replace(ascii_sign, sign)
    unit = _UNITS.get(metric.unit, metric.unit)
    return text.replace(" ", _TIED) + ("" if not unit or unit in _CLOSE_UP else _TIED) + unit


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
        return "Not scored", "Some hazards are unknown, so there is no total."
    missed = ", ".join(one.name for one in run.score.metrics if one.passed is False)
    below = f"Every safety gate holds. Not met: {missed}." if missed else "Every safety gate holds."
    return f"{run.score.total:.0f} of 100", below


def sentence(words: str) -> str:
    """With a capital first letter and a full stop."""
    words = words.strip()
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words[-1] in ".!?" else ".")


def patient_of(run: Run) -> str:
    """Which patient, in words."""
    kinds = {one.provenance for one in run.anatomy.structures.values()}
    name = run.anatomy.name
    if "constructed" in kinds:
        return f"phantom {name}"
    return "CT" if name.lower() == "ct" else f"CT {name}"


def origin_of(run: Run) -> str:
    """Where nerves, sac and vessels come from, and how well the fit lies on the bone."""
    kinds: dict[str, list[str]] = {}
    for one in run.anatomy.structures.values():
        words = {"medial_branch": "medial branches", "root": "roots", "vessel": "vessels"}
        kinds.setdefault(one.provenance, []).append(words.get(one.kind, one.kind))
    parts = [f"{kind}: {', '.join(dict.fromkeys(names))}" for kind, names in kinds.items()]
    if run.anatomy.fit_rms_mm:
        fits = [f"{name} {said(rms, 'mm')}" for name, rms in run.anatomy.fit_rms_mm.items()]
        parts.append(f"surface RMS of the fit: {', '.join(fits)}")
    return "; ".join(parts)
