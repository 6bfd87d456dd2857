"""A row of a study is the row of that run."""

from __future__ import annotations

import pytest

from needle_sim.rehearsal.runner import run_procedure
from needle_sim.studies import patients, table, whole_runs
from needle_sim.studies.design import Design, Samples
from needle_sim.studies.whole_runs import TASK, rows_of


def test_a_row_is_that_of_the_run_with_the_seed_it_tells(phantom, monkeypatch):
    monkeypatch.setattr(patients, "phantom_of", lambda name, seed: phantom)
    patients.forget()
    asked = []

    def watched(procedure, **given):
        run = run_procedure(procedure, **given)
        asked.append((procedure, given, run))
        return run

    monkeypatch.setattr(whole_runs, "run_procedure", watched)
    design = Design({"side": ["left"]}, seeds=1, seed=2)
    _, settings = TASK.checked(
        design.parameters, {"procedure": "facet-injection", "level": "L3-L4"}
    )
    samples = Samples(design, 0, 1)

    [row] = rows_of(samples, settings)

    [(procedure, given, run)] = asked
    assert (procedure, given["level"], given["side"]) == ("facet-injection", "L3-L4", "left")
    assert given["pictures"] is False
    assert given["anatomy"] is phantom
    assert row == run.to_row()
    assert row["seed"] == given["seed"] == int(samples[0].seed.generate_state(1)[0])
    told = table.answered(samples, [row]).to_pylist()[0]
    assert told["side"] == "left"
    assert told["total"] == pytest.approx(row["total"])
    patients.forget()
