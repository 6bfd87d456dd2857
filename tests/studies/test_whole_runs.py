"""A row of a study is the row of that run."""

from __future__ import annotations

import pytest

import needle_sim as ns
from needle_sim.studies import patients, table
from needle_sim.studies.design import Design, Samples
from needle_sim.studies.whole_runs import TASK, rows_of


def test_a_row_says_what_run_procedure_says_with_its_seed(phantom, monkeypatch):
    monkeypatch.setattr(patients, "phantom_of", lambda name, seed: phantom)
    patients.forget()
    design = Design({"side": ["left"]}, seeds=1, seed=2)
    _, settings = TASK.checked(
        design.parameters, {"procedure": "facet-injection", "level": "L3-L4"}
    )
    samples = Samples(design, 0, 1)

    [row] = rows_of(samples, settings)

    again = ns.run_procedure(
        "facet-injection", level="L3-L4", side="left", seed=row["seed"], anatomy=phantom,
        pictures=False,
    )  # fmt: skip
    assert row == again.to_row()
    assert row["seed"] == int(samples[0].seed.generate_state(1)[0])
    told = table.answered(samples, [row]).to_pylist()[0]
    assert told["side"] == "left"
    assert told["total"] == pytest.approx(row["total"])
    patients.forget()
