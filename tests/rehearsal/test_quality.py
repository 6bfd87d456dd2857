"""What is measured is what was done, against the limits of the procedure file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.geometry.transform import unit
from needle_sim.rehearsal.quality import economy, quality
from needle_sim.rehearsal.record import Event
from tests.rehearsal.attempts import EPIDURAL, GOOD, ORDERED, attempted, neurotomy, placed, target

LIMITS = {"passes": 1.0, "dose beyond the recipe": 0.0, "time beyond the recipe": 60.0}


def measured(made) -> dict[str, object]:
    """Metrics of quality by name."""
    return {one.name: one for one in quality(made)}


def test_the_error_is_the_way_from_tip_to_target():
    found = measured(attempted(off_mm=2.5))
    assert found["target error"].value == pytest.approx(2.5)
    assert found["target error"].limit == "<= 3"  # of the file


@pytest.mark.parametrize(("off_mm", "out"), [(0.0, 0.0), (6.0, 0.0), (7.5, 1.5)])
def test_out_of_place_is_how_far_the_tip_lies_from_the_nearest_wanted_space(off_mm, out):
    """The canal of this patient is a ball of 6 mm about the target."""
    one = measured(attempted(off_mm=off_mm))["tip out of place"]
    assert one.value == pytest.approx(out)
    assert one.passed is (out == 0.0)
    assert ("from the canal" in one.reason) is (out > 0)


def test_how_far_outside_still_counts_is_the_targets_own():
    made = attempted(off_mm=7.5)
    near = replace(made, target=target(within_mm=2.0))
    assert measured(near)["tip out of place"].passed


@pytest.mark.parametrize("turn", [0.0, 10.0, 25.0])
def test_the_way_in_is_compared_with_the_one_that_was_asked_for(turn):
    made = attempted()
    asked = unit([np.sin(np.radians(turn)), -np.cos(np.radians(turn)), 0.0])
    one = measured(replace(made, approach=asked))["needle off the planned way in"]
    assert one.value == pytest.approx(turn, abs=1e-6)
    assert one.passed is (turn <= 20.0)


def test_a_needle_is_measured_where_it_lies_at_the_end_not_where_it_was_planned():
    made = attempted()
    moved = replace(made.record, placed=placed(off_mm=4.0))
    found = measured(replace(made, record=moved))
    assert found["target error"].value == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("pattern", "wanted"), [("epidural", True), ("soft_tissue", False), ("intradiscal", False)]
)
def test_the_last_contrast_decides_the_pattern(pattern, wanted):
    made = attempted(*GOOD[:7], ("contrast", "live", "soft_tissue"), ("contrast", "live", pattern))
    one = measured(made)["contrast pattern"]
    assert one.passed is wanted
    assert pattern.replace("_", "-") in one.reason


def test_what_a_procedure_has_no_limit_for_is_not_measured():
    limits = replace(EPIDURAL.limits, approach_deg=None, patterns=())
    found = measured(replace(attempted(), procedure=replace(EPIDURAL, limits=limits)))
    assert set(found) == {"target error", "tip out of place", "drug off the order"}


@pytest.mark.parametrize(
    ("given", "off"),
    [
        ([(ORDERED["agent"], 1.0)], 0.0),
        ([(ORDERED["agent"], 0.5), (ORDERED["agent"], 0.5)], 0.0),
        ([(ORDERED["agent"], 2.0)], 1.0),
        ([(ORDERED["agent"], 1.0), ("saline", 0.5)], 0.5),
        ([("saline", 1.0)], 2.0),  # nothing of the one, all of the other
    ],
)
def test_drugs_are_held_against_the_order_by_volume(given, off):
    """Volumes in multiples of the ordered one."""
    made = attempted()
    whole = ORDERED["volume_ml"]
    rest = [one for one in made.record.events if one.do != "inject"]
    drugs = [
        Event(
            200.0 + n, "inject", 60.0, 1, True, "drug",
            detail={"agent": agent, "volume_ml": share * whole, "pattern": "epidural"},
        )
        for n, (agent, share) in enumerate(given)
    ]  # fmt: skip
    found = measured(replace(made, record=replace(made.record, events=(*rest, *drugs))))
    assert found["drug off the order"].value == pytest.approx(off)


def test_the_pattern_of_contrast_that_nobody_saw_is_not_met():
    made = attempted()
    unseen = tuple(
        replace(one, detail={**one.detail, "seen": None}) if one.do == "contrast" else one
        for one in made.record.events
    )
    found = measured(replace(made, record=replace(made.record, events=unseen)))
    assert found["contrast pattern"].passed is False


def test_heat_is_measured_only_where_something_was_heated():
    hot = measured(neurotomy(0.6))
    assert hot["nerve share in the lesion"].value == 0.6
    assert not hot["nerve share in the lesion"].passed  # 80 % in the file
    assert hot["hottest tissue"].value == 88.0
    cold = measured(replace(neurotomy(), lesion=None))
    assert not {"nerve share in the lesion", "hottest tissue", "hottest dura"} & set(cold)


def test_without_a_needle_nothing_is_measured():
    bare = replace(attempted(), record=None)
    assert quality(bare) == ()
    assert economy(bare, LIMITS) == ()


def test_economy_counts_passes_and_only_what_the_recipe_did_not_ask_for():
    steps = [*GOOD[:5], ("view", "ap", "extra"), ("redirect", "extra"), *GOOD[5:]]
    found = {one.name: one for one in economy(attempted(*steps), LIMITS)}
    assert found["passes"].value == 2.0
    assert found["dose beyond the recipe"].value == pytest.approx(5.0)
    assert found["time beyond the recipe"].value == pytest.approx(20.0)  # two steps of ten seconds
    assert {one.rank for one in found.values()} == {"economy"}
