"""Gates come before quality and quality before economy, whatever else was good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.rehearsal.metric import Attempted
from needle_sim.rehearsal.scoring import score
from tests.planning.blocks import straight_target
from tests.rehearsal.attempts import (
    CLEAR,
    DANGER_MM,
    DEEP_MM,
    GOOD,
    RFA,
    attempted,
    lesion_over,
    neurotomy,
    patient,
)


def given_up(*, justified: bool) -> Attempted:
    """An attempt that ended before the drug."""
    made = attempted(*GOOD[:-1], ("abort",))
    why = "aspiration brings blood"
    return replace(made, record=replace(made.record, abort=why, justified=justified))


def test_a_perfect_attempt_has_every_point():
    for made in (score(neurotomy()), score(attempted())):
        assert made.total == pytest.approx(100.0)
        assert made.outcome == "completed"
        assert not made.failed
        assert all(one.passed for one in made.metrics)


@pytest.mark.parametrize(
    ("clear", "hottest", "gate"),
    [
        ({"dura": -0.1}, {}, "dura untouched"),
        ({"L5 right root": -1.0}, {}, "nerve root untouched"),
        ({"aorta": -0.5}, {}, "vessel untouched"),
        ({}, {"L5 right root": 45.1}, "hottest root"),
    ],
)
def test_a_broken_gate_leaves_no_total_and_says_why(clear, hottest, gate):
    made = score(neurotomy(clear={**CLEAR, **clear}, hottest=hottest))
    assert made.total is None
    assert made.outcome == "failed"
    (broken,) = made.failed
    assert broken.name == gate
    assert broken.reason


def test_touching_bone_or_the_branch_itself_breaks_no_gate():
    made = score(neurotomy(clear={**CLEAR, "bone": -0.2, "L4 right medial branch": -0.5}))
    assert made.total is not None


def test_covering_more_nerve_never_scores_less():
    totals = [score(neurotomy(share)).total for share in np.linspace(0, 1)]
    assert (np.diff(totals) >= 0).all()
    assert totals[0] < totals[-1] - 25


def test_a_tip_farther_from_its_target_never_scores_more():
    totals = [score(attempted(off_mm=off)).total for off in np.linspace(0, 8, 17)]
    assert (np.diff(totals) <= 1e-9).all()
    assert totals[-1] < totals[0] - 25


def test_without_known_hazards_nothing_is_called_safe():
    made = score(neurotomy(hazards_known=False))
    assert made.total is None
    assert made.outcome == "unknown"
    assert not made.failed
    unknown = {gate.name for gate in made.gates if gate.passed is None}
    assert unknown == {"dura untouched", "nerve root untouched", "vessel untouched", "hottest root"}


def test_no_plan_fails_the_first_gate():
    made = score(Attempted(RFA, patient(), straight_target()))
    assert [gate.name for gate in made.failed] == ["safe path"]
    assert made.metrics == ()


def test_a_justified_abort_stands_above_every_failure_and_below_a_good_attempt():
    """A failure has no total at all, so that no average lifts it over an abort."""
    abort = score(given_up(justified=True))
    assert abort.outcome == "aborted"
    assert "rightly" in abort.said
    assert "aspiration brings blood" in abort.said
    failed = score(attempted(*GOOD[:7], ("inject", "vascular")))
    assert (failed.total, failed.outcome) == (None, "failed")
    assert 0 < abort.total < 0.5 * score(attempted()).total


def test_giving_up_without_a_reason_is_worth_less_than_with_one():
    idle, right = score(given_up(justified=False)), score(given_up(justified=True))
    assert 0 < idle.total < right.total
    assert "without a reason" in idle.said


def test_an_abort_after_a_breach_is_a_failure():
    made = given_up(justified=True)
    breached = replace(made, record=replace(made.record, clearance_mm={"dura": -0.4}))
    assert score(breached).outcome == "failed"


def test_pictures_that_the_recipe_requires_cost_nothing_and_extra_ones_do():
    more = [("view", "clo")] * 6
    required, extra = (
        score(attempted(*GOOD[:4], *more, *GOOD[4:])),
        score(attempted(*GOOD[:4], *[(*one, "extra") for one in more], *GOOD[4:])),
    )
    assert required.total == pytest.approx(100.0)
    assert extra.total < 100.0
    (dose,) = [one for one in extra.economy if one.name == "dose beyond the recipe"]
    assert dose.value == pytest.approx(30.0)


def test_more_passes_cost_but_never_more_than_the_share_of_economy():
    steps = [("redirect", "extra"), ("advance", DANGER_MM, "extra"), ("view", "clo", "extra")]
    again = [*steps, ("advance", DEEP_MM, "extra")]
    share = presets.plain(presets.table("scoring", "total"))["economy_share"]
    totals = [
        score(attempted(*GOOD[:6], *again * times, ("contrast", "live"), ("inject",))).total
        for times in range(5)
    ]
    assert (np.diff(totals) < 0).all()
    assert totals[-1] >= 100.0 * (1 - share) - 1e-9


def test_the_ranks_are_told_apart():
    made = score(neurotomy())
    assert {one.rank for one in made.gates} == {"gate"}
    assert {one.name for one in made.economy} == {
        "passes", "dose beyond the recipe", "time beyond the recipe",
    }  # fmt: skip
    assert {"target error", "axis to nerve"} <= {one.name for one in made.quality}
    assert (*made.quality, *made.economy) == made.metrics


def test_a_row_is_flat_and_names_its_units():
    row = score(neurotomy(0.5)).to_row()
    assert row["target_error_mm"] == pytest.approx(0.0, abs=0.5)
    assert {"axis_to_nerve_deg", "hottest_root_c", "dura_untouched_mm"} <= set(row)
    assert {"dose_beyond_the_recipe_ugy_m2", "time_beyond_the_recipe_s"} <= set(row)
    assert all(
        value is None or isinstance(value, (bool, int, float, str)) for value in row.values()
    )


def test_every_metric_of_quality_and_economy_has_its_weight():
    """One without a weight would be measured and never counted."""
    rules = presets.plain(presets.read_toml(presets.folder("presets") / "scoring.toml"))
    told = {one.name for made in (neurotomy(), attempted()) for one in score(made).metrics}
    assert told - set(rules["quality"]) - set(rules["economy"]) == set()
    assert lesion_over(0.3).extents["conservative"].nerve_share == 0.3
