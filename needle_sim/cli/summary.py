"""A run in a few readable lines."""

from __future__ import annotations

from pathlib import Path

from needle_sim.exports.result import NOT_CLINICAL
from needle_sim.rehearsal.run import Run
from needle_sim.views.wording import plain, plain_name, total_said, weighed_notes


def in_words(run: Run, folder: Path) -> str:
    """What was planned, what it keeps clear of, what the lesion covers, the score and why."""
    lines = [f"{run.procedure.title}: {run.in_words}"]
    if run.plan is None:
        lines.append(f"No safe plan  {plain(run.blocked or '')}")
    else:
        lines += [*_plan_lines(run), *_heat_lines(run)]
    lines += [*_score_lines(run), *_notes(run)]
    lines += [f"Report        {folder / 'report.html'}", NOT_CLINICAL]
    return "\n".join(lines)


def _plan_lines(run: Run) -> list[str]:
    plan = run.plan
    if plan is None:
        return []
    needle = plan.placed.needle
    below = plan.tip_mm[2] - plan.entry_mm[2]
    place = f"{abs(below):.0f} mm {'caudal' if below > 0 else 'cranial'} of the tip"
    said = f"{needle.gauge} G, {plan.depth_mm:.0f} mm deep, entry {place}"
    said += f"; tip {plan.target_error_mm:.1f} mm from its target"
    if plan.axis_to_nerve_deg is not None:
        said += f", axis {plan.axis_to_nerve_deg:.0f}° from the nerve"
    nearest = sorted((gap, name) for name, gap in plan.clearance_mm.items() if name != "bone")[:4]
    clear = (
        ", ".join(f"{plain_name(name)} {gap:.1f} mm" for gap, name in nearest)
        or "unknown without labels"
    )
    return [f"Needle        {said}", f"Clear of      {clear}"]


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
    total, gates = run.score.total, run.score.gates
    if total is not None:
        lines = [f"Score         {total_said(total)} of 100; all {len(gates)} gates hold"]
    else:
        lines = ["Score         none: not every gate holds"]
    lines += [
        f"  {'FAILED ' if gate.passed is False else 'unknown'}     "
        f"{gate.name}: {plain(gate.reason)}"
        for gate in gates
        if gate.passed is not True
    ]
    lines += [
        f"  missed      {one.name} {one.value:.3g} {one.unit} (limit {one.limit}): "
        f"{plain(one.reason)}"
        for one in run.score.metrics
        if one.passed is False and one.value is not None
    ]
    return lines


def _notes(run: Run) -> list[str]:
    notes, left = weighed_notes(run.notes)
    shown = [f"Note          {note}" for note in notes]
    return [*shown, *([f"              and {left} more in result.json"] if left else [])]
