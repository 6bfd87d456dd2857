"""The summary is words that a person reads, true to the run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from needle_sim.cli.summary import in_words
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.scoring import Score


def blocked_run(**changes):
    gate = Metric("safe path", 0.0, "", "at least 1", False, "no path keeps the margins")
    fields = {
        "procedure": Procedure.preset("medial-branch-rfa"),
        "in_words": "right L4 medial branch",
        "plan": None,
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
