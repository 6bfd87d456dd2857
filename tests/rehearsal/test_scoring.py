"""Gates come before quality, whatever else was good."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from needle_sim.instruments.needle import Needle
from needle_sim.planning.planner import Plan, plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.scoring import score
from needle_sim.thermal.lesion import Extent
from tests.planning.blocks import block, straight_target

RFA = Procedure.preset("medial-branch-rfa")
ELECTRODE = Needle.preset("rf_18g_10mm")
COOL = {"dura": 38.0, "L4 right root": 39.0, "tissue": 88.0}


def good_plan(**clearance: float) -> Plan:
    found = plan(block(), straight_target(), ELECTRODE)
    away = {"dura": 12.0, "L4 right root": 5.0, "aorta": 60.0, "bone": 0.1, **clearance}
    return Plan(found.target, found.needles, away, found.tried, found.rejected)


def lesion_over(share: float):
    inside = Extent(np.zeros((1, 1, 1), bool), 200.0, 6.5, 12.0, 12.0 * share, share)
    return SimpleNamespace(extents={"conservative": inside})


def test_a_perfect_attempt_has_every_point():
    made = score(RFA, good_plan(), lesion_over(1.0), COOL)
    assert made.total == pytest.approx(100.0)
    assert not made.failed
    assert all(one.passed for one in made.metrics)


@pytest.mark.parametrize(
    ("clearance", "hottest", "gate"),
    [
        ({"dura": -0.1}, {}, "dura untouched"),
        ({"L5 right root": -1.0}, {}, "nerve root untouched"),
        ({"inferior vena cava": -0.5}, {}, "vessel untouched"),
        ({}, {"L5 right root": 45.1}, "hottest root"),
    ],
)
def test_a_broken_gate_leaves_no_total_and_says_why(clearance, hottest, gate):
    made = score(RFA, good_plan(**clearance), lesion_over(1.0), {**COOL, **hottest})
    assert made.total is None
    (broken,) = made.failed
    assert broken.name == gate
    assert broken.reason


def test_touching_bone_or_the_branch_itself_breaks_no_gate():
    made = score(
        RFA, good_plan(bone=-0.2, **{"L4 right medial branch": -0.5}), lesion_over(1), COOL
    )
    assert made.total is not None


def test_covering_more_nerve_never_scores_less():
    totals = [
        score(RFA, good_plan(), lesion_over(share), COOL).total for share in np.linspace(0, 1)
    ]
    assert (np.diff(totals) >= 0).all()
    assert totals[0] < totals[-1] - 30


def test_without_known_hazards_nothing_is_called_safe():
    made = score(RFA, good_plan(), lesion_over(1.0), {"tissue": 88.0}, hazards_known=False)
    assert made.total is None
    assert not made.failed
    assert all(gate.passed is None for gate in made.gates)


def test_no_plan_fails_the_first_gate():
    made = score(RFA, None, None, {})
    assert [gate.name for gate in made.failed] == ["safe path"]
    assert made.metrics == ()


def test_a_row_is_flat_and_names_its_units():
    row = score(RFA, good_plan(), lesion_over(0.5), COOL).to_row()
    assert row["target_error_mm"] == pytest.approx(0.0, abs=0.5)
    assert {"axis_to_nerve_deg", "hottest_root_c", "dura_untouched_mm"} <= set(row)
    assert all(value is None or isinstance(value, (bool, int, float)) for value in row.values())
