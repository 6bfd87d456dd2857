"""Numbers, limits and verdicts as a reader sees them, the same in pictures and report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run

NOT_CLINICAL = "For rehearsal and research. Not for clinical use."
MOST_NOTES = 8
"""Notes that are shown; the rest is counted."""

_WEIGHTY = (
    *("unknown", "outside the volume", "counts disagree", "off by one", "inferred", "boil"),
    *("not held", "labels", "metal", "refused", "counted from", "patient lies"),
)
_LIGHT = ("table", "field of view", "padding")
_PLAIN = {
    "inferior_vena_cava": "inferior vena cava",
    "iliac_artery_left": "left common iliac artery",
    "iliac_artery_right": "right common iliac artery",
    "iliac_vena_left": "left common iliac vein",
    "iliac_vena_right": "right common iliac vein",
}
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
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


def total_said(total: float) -> str:
    """A total in whole points, never rounded up: 99.6 is not 100."""
    return str(math.floor(total))


def plain(words: str) -> str:
    """Words with the names of vessels as a reader knows them, those of label maps spelled out."""
    return _SNAKE.sub(lambda found: _PLAIN.get(found[0], found[0]), words)


def plain_name(name: str) -> str:
    """The name of a structure as words."""
    return plain(name).replace("_", " ")


def weighed_notes(notes: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """The notes that matter most, first first and each once, and how many are left out."""
    once = dict.fromkeys(plain(note) for note in notes)
    ranked = sorted(once, key=_weight)  # stable: equals stay in their order
    return tuple(ranked[:MOST_NOTES]), max(0, len(ranked) - MOST_NOTES)


def _weight(note: str) -> int:
    low = note.lower()
    for rank, word in enumerate(_WEIGHTY):
        if word in low and not any(light in low for light in _LIGHT):
            return rank
    return len(_WEIGHTY) + any(light in low for light in _LIGHT)


def value_said(metric: Metric) -> str:
    """A metric's value; one without a number is a yes or no, or has nothing near to measure."""
    if metric.value is None and metric.passed is not None:
        if metric.unit and metric.passed:
            return "none near"
        return "yes" if metric.passed else "no"
    whole = metric.value is not None and float(metric.value).is_integer()
    count = whole and not metric.unit and "." not in metric.limit
    return said(metric.value, metric.unit, digits=0 if count else None)


def limit_said(metric: Metric) -> str:
    """``">= 0.8"`` as ``"≥ 0.8"``, with the unit; a limit in words stays as it is."""
    text = metric.limit
    if not text.startswith(("<", ">", "=")):
        return text
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
    by_hand = run.record.allowed_s is not None
    if by_hand and run.placed is None and run.record.abort is None:
        return "No needle inserted", "Nothing was done to the patient, so there is no total."
    if not by_hand and (run.blocked is not None or run.plan is None):
        why = "no path keeps the margins of the procedure" if run.blocked is None else run.blocked
        return "No safe path", sentence(plain(why))
    failed = run.score.failed
    if failed:
        why = "; ".join(f"{one.name}: {plain(one.reason)}" for one in failed)
        return "A safety gate failed", f"{sentence(why)} So there is no total."
    if run.score.total is None:
        return "Not scored", "Some hazards are unknown, so there is no total."
    if run.score.outcome == "aborted":
        head = "Given up, rightly" if run.record.justified else "Given up without a reason"
        worth = f"{total_said(run.score.total)} of 100: every safety gate holds, no drug was given."
        return head, f"{sentence(run.record.abort or '')} {worth}"
    missed = ", ".join(one.name for one in run.score.metrics if one.passed is False)
    below = f"Every safety gate holds. Not met: {missed}." if missed else "Every safety gate holds."
    return f"{total_said(run.score.total)} of 100", below


OUTCOMES = {
    "completed": "completed",
    "aborted": "given up",
    "failed": "failed",
    "unknown": "not to be judged",
}
_SEEN = {
    None: "no contrast",
    "contrast": "contrast that stays",
    "vascular": "contrast that runs off",
    "intrathecal": "contrast that mixes with CSF",
}


def seen_said(seen: str | None) -> str:
    """What an observer could tell of contrast, in words."""
    return _SEEN.get(seen, str(seen))


def pattern_said(pattern: str) -> str:
    """A pattern of spread as a reader writes it: ``"intra-articular"``, ``"soft tissue"``."""
    return pattern.replace("soft_tissue", "soft tissue").replace("_", "-")


def time_said(seconds: float) -> str:
    """Minutes and seconds: ``"2:39"``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


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
