"""Every example runs as it stands, and one number of each is checked."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
MOST_LINES = 60


def _the_tip_reaches_the_target(run: Any) -> None:
    assert run.plan is not None, run.blocked
    assert run.plan.target_error_mm <= 2.0  # the success window of a medial-branch electrode


def _the_drug_goes_where_live_contrast_showed_it(run: Any) -> None:
    done = [event.do for event in run.record.events]
    assert done.index("contrast") < done.index("inject")
    assert run.score.outcome == "completed", run.score.failed


def _the_window_is_seen_through(sonogram: Any) -> None:
    assert 0.1 < float(sonogram.array[sonogram.sector].mean()) < 0.6  # neither black nor white


def _most_hands_breach_nothing(executions: Any) -> None:
    found = executions.summary()
    assert found["n"] == 10_000
    assert found["dura_breached_share"] < 0.05
    assert 0.0 < found["met_share"] < 1.0


def _parallel_beats_perpendicular(study: Any) -> None:
    found = study.summary(of="covered_mm").set_index(["error_mm", "angle_deg"])["mean"]
    for error_mm in (0.0, 1.0, 2.0, 3.0):
        assert found[error_mm, 0] > 2 * found[error_mm, 90]


# what ``main()`` of an example returns, and one number of it; an example without an entry fails
CHECKS: dict[str, Callable[[Any], None]] = {
    "01_medial_branch_rfa": _the_tip_reaches_the_target,
    "02_transforaminal_epidural": _the_drug_goes_where_live_contrast_showed_it,
    "03_sonogram_of_an_interspace": _the_window_is_seen_through,
    "04_errors_of_a_hand": _most_hands_breach_nothing,
    "05_angle_and_coverage": _parallel_beats_perpendicular,
}


def test_every_example_has_its_check_and_every_check_its_example():
    assert {path.stem for path in EXAMPLES} == set(CHECKS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_shows(path):
    lines = path.read_text(encoding="utf-8").splitlines()

    assert len(lines) < MOST_LINES
    assert lines[0].startswith("# %%")
    assert lines[1].startswith("# ")


@pytest.mark.long
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever it writes stays out of the checkout

    CHECKS[path.stem](runpy.run_path(str(path))["main"]())
