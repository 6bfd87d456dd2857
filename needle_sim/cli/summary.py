"""A run in a few readable lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from needle_sim.exports.result import NOT_CLINICAL
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run
from needle_sim.views.wording import (
    limit_said,
    pattern_said,
    plain,
    plain_name,
    seen_said,
    total_said,
    value_said,
    weighed_notes,
)

_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}


def in_words(run: Run, folder: Path) -> str:
    """What was done, what it keeps clear of, what was seen or heated, the score and why."""
    lines = [f"{run.procedure.title}: {run.in_words}"]
    if run.procedure.because:
        lines.append(f"Way in        {run.procedure.variant}: {plain(run.procedure.because)}")
    if run.placed is None:
        lines.append(f"No safe plan  {plain(run.blocked or '')}")
    else:
        lines += [*_needle_lines(run, run.placed), *_done_lines(run), *_heat_lines(run)]
    lines += [*_score_lines(run), *_notes(run)]
    lines += [f"Report        {folder / 'report.html'}", NOT_CLINICAL]
    return "\n".join(lines)


def _needle_lines(run: Run, placed: PlacedNeedle) -> list[str]:
    path, plan = placed.trajectory, run.plan
    below = path.tip_mm[2] - path.entry_mm[2]
    place = f"{abs(below):.0f} mm {'caudal' if below > 0 else 'cranial'} of the tip"
    error = float(np.linalg.norm(path.tip_mm - run.target.centre_mm))
    said = f"{placed.needle.gauge} G, {path.depth_mm:.0f} mm deep, entry {place}"
    said += f"; tip {error:.1f} mm from its target"
    if plan is not None and plan.axis_to_nerve_deg is not None:
        said += f", axis {plan.axis_to_nerve_deg:.0f}° from the nerve"
    gaps = run.record.clearance_mm or ({} if plan is None else plan.clearance_mm)
    nearest = sorted((gap, name) for name, gap in gaps.items() if name != "bone")[:4]
    clear = (
        ", ".join(f"{plain_name(name)} {gap:.1f} mm" for gap, name in nearest)
        or "unknown without labels"
    )
    return [f"Needle        {said}", f"Clear of      {clear}"]


def _done_lines(run: Run) -> list[str]:
    """Depth check, aspiration, contrast and drug, each as it was seen."""
    record, danger = run.record, run.procedure.danger
    found = []
    if danger is not None and record.danger_mm is not None:
        limit = record.danger_mm
        title = {one.name: one.title for one in run.procedure.views}[danger.view]
        deep = [
            event.depth_mm
            for _, event in record.of("view")
            if event.detail.get("view") == danger.view
            and event.depth_mm <= (record.danger_of(event.needle_pass) or limit) + 0.05
        ]
        said = f"at {deep[-1]:.0f} mm" if deep else "never before the danger"
        found.append(f"Depth check   {title.lower()} {said}; danger from {limit:.0f} mm")
    for _, event in record.of("aspirate", "contrast", "inject", "redirect", "abort"):
        detail = event.detail
        dose = f"{detail.get('volume_ml', 0):g} mL {str(detail.get('agent')).replace('_', ' ')}"
        if event.do == "aspirate":
            found.append(f"Aspiration    {detail['found']}")
        elif event.do == "contrast":
            seen, pattern = seen_said(detail["seen"]), pattern_said(detail["pattern"])
            mode = _MODES[detail["mode"]]
            found.append(f"Contrast      {dose}, {mode}: {seen}; pattern {pattern}")
        elif event.do == "inject":
            found.append(f"Injection     {dose}, {pattern_said(detail['pattern'])}")
        else:
            name = "Aimed again" if event.do == "redirect" else "Given up"
            found.append(f"{name:<13} {plain(event.said).removeprefix('given up ')}")
    return found


def _heat_lines(run: Run) -> list[str]:
    if run.lesion is None or run.history is None:
        return []
    inner, outer = run.lesion.extents["conservative"], run.lesion.extents["50c"]
    said = f"{inner.width_mm:.1f} x {inner.length_mm:.1f} mm inside the conservative boundary"
    if inner.nerve_mm is not None and inner.nerve_share is not None:
        said += f", {inner.nerve_mm:.1f} mm of nerve ({100 * inner.nerve_share:.0f} %)"
    said += f"; uncertain out to {outer.width_mm:.1f} x {outer.length_mm:.1f} mm (50 °C)"
    hottest = sorted(((c, name) for name, c in run.temperature_max_c.items()), reverse=True)
    warm = ", ".join(
        f"{plain_name(name)} {c:.1f} °C" for c, name in hottest if "branch" not in name and c > 37.5
    )
    return [f"Lesion        {said}", f"Hottest       {warm}"]


def _score_lines(run: Run) -> list[str]:
    score = run.score
    if score.total is None:
        lines = ["Score         none: not every gate holds"]
    else:
        end = f"; {score.said}" if score.said else ""
        lines = [
            f"Score         {total_said(score.total)} of 100; all {len(score.gates)} gates hold"
        ]
        lines[0] += end
    for name, rows in (("Quality", score.quality), ("Economy", score.economy)):
        if rows:
            met = sum(one.passed is True for one in rows)
            lines.append(f"  {name:<12}{met} of {len(rows)} met")
    lines += [
        f"  {'FAILED ' if gate.passed is False else 'unknown'}     "
        f"{gate.name}: {plain(gate.reason)}"
        for gate in score.gates
        if gate.passed is not True
    ]
    return [*lines, *(_missed(one) for one in score.metrics if one.passed is False)]


def _missed(one: Metric) -> str:
    value, limit = value_said(one), limit_said(one)
    return f"  missed      {one.name} {value} (limit {limit}): {plain(one.reason)}".replace(
        "\N{NO-BREAK SPACE}", " "
    )


def _notes(run: Run) -> list[str]:
    way = f"{run.procedure.variant}: {run.procedure.because}"
    notes, left = weighed_notes(note for note in run.notes if note != way)
    shown = [f"Note          {note}" for note in notes]
    return [*shown, *([f"              and {left} more in result.json"] if left else [])]
