"""Each number of the report stands with its unit and its limit."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from needle_sim import presets
from needle_sim.views.tables import (
    heat_section,
    hottest_section,
    lesion_section,
    plan_section,
    score_section,
)
from tests.rehearsal.attempts import placed, told


def rows(markup: str) -> list[list[str]]:
    """Cells of every table row as plain text."""
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", markup):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        plain = [html.unescape(re.sub(r"<[^>]+>", " ", cell)) for cell in cells]
        found.append([re.sub(r"\s+", " ", cell).strip() for cell in plain])
    return found


def test_a_gate_and_a_metric_make_a_row_each(run):
    found = rows(score_section(run))
    assert found[0] == ["What", "Value", "Limit", "Met"]
    assert found.count(found[0]) == 3  # gates, quality, economy
    assert len(found) == 3 + len(run.score.gates) + len(run.score.metrics)
    (dura,) = [row for row in found if row[0].startswith("dura untouched")]
    assert dura[1:] == ["9.4 mm", "> 0 mm", "✓ met"]


def test_the_plan_is_given_in_the_patients_own_millimetres(run):
    found = dict(row for row in rows(plan_section(run, {})) if len(row) == 2)
    assert found["Tip, patient LPS"] == "−20.0, 10.0, 0.0 mm"
    assert found["Depth, skin to tip"] == "60.0 mm"
    assert found["Needle"] == "18 G, 150 mm long, active tip 10 mm"
    assert found["Down the needle"] == "right oblique 25°, caudal 44°"
    assert found["Paths tried"] == "300, of which 120 rejected"
    assert found["dura"] == "9.4 mm"
    assert found["bone"] == "120"


def test_a_needle_that_heats_nothing_has_no_active_tip_and_no_angle_to_a_nerve(injected):
    found = dict(row for row in rows(plan_section(injected, {})) if len(row) == 2)
    assert found["Needle"] == "18 G, 90 mm long"
    assert "Electrode to nerve" not in found
    assert found["dura"] == "4.0 mm"


def test_the_needle_is_told_where_it_lies_after_its_last_pass(injected):
    again = (*injected.record.events, *told(("redirect",), ("advance", 50.0)))
    record = replace(injected.record, events=again, placed=placed(off_mm=2.0))
    found = dict(
        row for row in rows(plan_section(replace(injected, record=record), {})) if len(row) == 2
    )
    assert found["Tip to target"] == "2.0 mm"
    assert found["Passes"] == "2"


def test_the_share_of_economy_is_told_as_it_is_counted(run):
    share = presets.plain(presets.table("scoring", "total"))["economy_share"]
    assert f"economy for {100 * share:g} %" in score_section(run)


def test_without_a_plan_the_target_remains(blocked):
    assert rows(plan_section(blocked, {}))[1] == ["Target", "−20.0, 10.0, 0.0 mm"]


def test_heat_in_numbers(run, blocked):
    found = dict(rows(heat_section(run, {})))
    assert found["Protocol"] == "80 °C for 90 s after a ramp of 15 s"
    assert found["Sensor at the end"] == "80.0 °C"
    assert found["Heat given"] == "10 J"
    assert heat_section(blocked, {}) == ""
    assert "data:image/png" in heat_section(run, {"heat.png": b"a"})


def test_every_boundary_of_the_lesion_has_its_sizes(run):
    found = rows(lesion_section(run, {}))
    assert len(found) == 1 + len(run.lesion.extents)
    band = next(row for row in found if row[0].startswith("peak over 50 °C"))
    extent = run.lesion.extents["50c"]
    assert "uncertain" in band[0].lower()
    assert band[1] == f"{extent.volume_mm3:.0f} mm³"
    assert band[2] == f"{extent.width_mm:.1f} × {extent.length_mm:.1f} mm"
    assert band[4] == f"{100 * extent.nerve_share:.0f} %"


def test_the_hottest_structure_comes_first_with_its_limit(run, blocked):
    found = rows(hottest_section(run))
    assert [row[0] for row in found[1:]] == ["tissue", "L4 right root", "dura"]
    assert found[2][1:] == ["38.1 °C", "≤ 45 °C"]
    assert hottest_section(blocked) == ""
