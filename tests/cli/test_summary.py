"""The summary is words that a person reads, true to the run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from needle_sim.cli.summary import in_words
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.record import Event, Record
from needle_sim.rehearsal.scoring import Score


def blocked_run(**changes):
    gate = Metric("safe path", 0.0, "", "at least 1", False, "no path keeps the margins")
    fields = {
        "procedure": Procedure.preset("medial-branch-rfa"),
        "in_words": "right L4 medial branch",
        "plan": None,
        "placed": None,
        "record": Record(),
        "blocked": "no safe path: blocked by bone",
        "lesion": None,
        "history": None,
        "score": Score((gate,), (), None),
        "notes": tuple(f"note {n}" for n in range(11)),
        "temperature_max_c": {},
    }
    return SimpleNamespace(**{**fields, **changes})


def test_what_blocks_and_which_gate_failed_are_said():
    text = in_words(blocked_run(), Path("out"))
    assert "No safe plan  no safe path: blocked by bone" in text
    assert "FAILED      safe path: no path keeps the margins" in text
    assert "Score         none" in text


def test_many_notes_are_counted_and_the_last_line_is_the_disclaimer():
    text = in_words(blocked_run(), Path("out"))
    assert text.count("Note  ") == 8
    assert "and 3 more in result.json" in text
    assert text.splitlines()[-1].endswith("Not for clinical use.")


def test_vessels_are_words_and_99_6_is_not_100():
    whole = Metric("vessel untouched", 3.0, "mm", "> 0", True, "clear")
    text = in_words(
        blocked_run(score=Score((whole,), (), 99.6), blocked="blocked by iliac_vena_right"),
        Path("out"),
    )
    assert "99 of 100" in text
    assert "blocked by right common iliac vein" in text


def test_an_injection_is_told_step_by_step_with_its_way_in(injection):
    text = in_words(injection, Path("out"))
    assert "Way in        infraneural: at T12-L1 and L1-L2 the radiculomedullary artery" in text
    assert text.count("radiculomedullary artery may enter") == 1
    assert re.search(r"Depth check   lateral at \d+ mm; danger from \d+ mm", text)
    assert "Aspiration    clear" in text
    assert "1 mL iohexol 240, live: contrast that stays; pattern epidural" in text
    assert "Injection     2 mL dexamethasone, epidural" in text
    assert re.search(r"Quality +\d of \d met", text)
    assert "esion" not in text
    assert "lectrode" not in text


def test_giving_up_is_told_with_its_reason(injection):
    why = "aspiration brings blood"
    events = (
        *injection.record.events[:-3],
        Event(99.0, "abort", 60.0, 1, True, f"given up after 2 passes: {why}"),
    )
    record = replace(injection.record, events=events, shots=(), abort=why, justified=True)
    judged = Score(injection.score.gates, (), 40.0, "aborted", f"given up, rightly: {why}")
    text = in_words(replace(injection, record=record, score=judged), Path("out"))
    assert f"Given up      after 2 passes: {why}" in text
    assert f"40 of 100; all 8 gates hold; given up, rightly: {why}" in text


def test_a_depth_that_was_never_checked_is_said(injection):
    events = tuple(event for event in injection.record.events if event.do != "view")
    record = replace(injection.record, events=events)
    text = in_words(replace(injection, record=record), Path("out"))
    assert "lateral never before the danger" in text
