"""The task ``run``: a whole procedure a sample, without pictures, scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from needle_sim.rehearsal.runner import run_procedure
from needle_sim.studies.design import Sample
from needle_sim.studies.hands import PLACE
from needle_sim.studies.patients import patient
from needle_sim.studies.task import Input, Task

_CHOSEN = ("level", "side", "needle", "variant")


def rows_of(samples: Sequence[Sample], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`Run.to_row` of each sample; ``seed`` is what `run_procedure` repeats it with."""
    return [_row(sample, {**settings, **sample.parameters}) for sample in samples]


def _row(sample: Sample, given: Mapping[str, Any]) -> dict[str, Any]:
    seed = int(sample.seed.generate_state(1)[0])
    vary = given["vary"]
    run = run_procedure(
        given["procedure"],
        phantom=given["phantom"],
        anatomy=None if vary else patient(given["phantom"]),
        **{name: given[name] for name in _CHOSEN},
        seed=seed,
        vary=vary,
        pictures=False,
    )
    return run.to_row()


TASK = Task(
    "run",
    "A whole procedure without pictures: plan, steps, heat where it heats, score",
    {**PLACE, "vary": Input("yes/no", "Let the seed vary the phantom's anatomy", False)},
    rows_of,
)
