"""A run is a row for a study, and knows where its needle lies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.scoring import score
from tests.rehearsal.attempts import attempted, neurotomy, placed


def run_of(made, **changes) -> Run:
    """A run around an attempt that was put together by hand."""
    fields = {
        "procedure": made.procedure,
        "anatomy": made.anatomy,
        "target": made.target,
        "level": made.target.level,
        "vertebra": made.target.vertebra,
        "side": made.target.side,
        "seed": 5,
        "in_words": "here",
        "plan": made.plan,
        "blocked": None,
        "views": (),
        "history": None,
        "lesion": None,
        "temperature_max_c": made.temperature_max_c,
        "score": score(made),
        "notes": (),
        "record": made.record or Record(),
        "needle": "tuohy_18g_90mm",
    }
    return Run(**{**fields, **changes})


def test_the_needle_is_where_the_last_pass_left_it_else_where_it_was_planned():
    made = run_of(attempted())
    moved = replace(made, record=replace(made.record, placed=placed(off_mm=3.0)))
    assert moved.placed.trajectory.tip_mm[2] == pytest.approx(3.0)
    assert replace(made, record=Record()).placed is made.plan.placed
    assert replace(made, record=Record(), plan=None).placed is None


def test_a_row_is_flat_and_holds_what_a_study_asks_for():
    row = run_of(neurotomy()).to_row()
    assert {"procedure", "level", "side", "seed", "variant", "needle", "outcome", "total"} <= set(
        row
    )
    assert row["L5_right_root_max_c"] == 39.0
    assert row["outcome"] == "completed"
    kinds = (bool, int, float, str, type(None))
    assert all(isinstance(value, kinds) for value in row.values())


def test_numbers_that_were_not_read_are_those_of_procedure_needle_and_agents():
    found = " ".join(run_of(attempted()).unverified)
    for file in ("interlaminar-epidural", "needles", "scoring", "beams", "tissues", "contrast"):
        assert f"{file}.toml" in found


def test_a_notebook_shows_target_and_score():
    shown = run_of(attempted()).facts()
    assert shown["target"] == "here"
    assert shown["total"] == "100 of 100"


def test_the_contrast_of_a_run_is_that_of_its_record():
    made = run_of(attempted())
    assert made.shots is made.record.shots
