"""Each gate fails for its own reason and for no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.target_rule import Share, TargetRule
from needle_sim.rehearsal.gates import gates
from needle_sim.rehearsal.record import Event
from tests.rehearsal.attempts import (
    CENTRE_MM,
    CLEAR,
    DANGER_MM,
    DEEP_MM,
    EPIDURAL,
    GOOD,
    ORDERED,
    above,
    attempted,
    neurotomy,
    patient,
)


def failed(made) -> list[str]:
    """Names of the gates that do not hold."""
    return [gate.name for gate in gates(made) if gate.passed is False]


def told_of(made, name):
    """One gate by name."""
    (gate,) = [gate for gate in gates(made) if gate.name == name]
    return gate


def beside(side: str, level: str, away_mm: float):
    """The declared target in the middle, one like it at another level or side ``away_mm`` off."""
    rule = TargetRule(
        "epidural", "x", "{upper}", 3.0, at=(Share("{upper} {side} foramen_centre"),)
    )  # fmt: skip
    marks = {
        "L4 right foramen_centre": CENTRE_MM,
        f"{level} {side} foramen_centre": above(away_mm),
    }
    made = attempted(off_mm=4.0)
    recipe = replace(EPIDURAL, target=rule)
    return replace(made, procedure=recipe, anatomy=replace(patient(), landmarks_mm=marks))


def test_an_attempt_by_the_recipe_passes_every_gate():
    assert failed(attempted()) == []
    assert failed(neurotomy()) == []
    assert [gate.rank for gate in gates(attempted())] == ["gate"] * len(gates(attempted()))


def test_nothing_inserted_is_no_safe_path():
    (only,) = gates(replace(attempted(), record=None))
    assert (only.name, only.passed) == ("safe path", False)


@pytest.mark.parametrize(("side", "level"), [("left", "L4"), ("right", "L3"), ("left", "L3")])
def test_a_tip_nearer_to_another_side_or_level_is_the_wrong_place(side, level):
    """The tip lies 4 mm off its target: 3 mm from a neighbour 7 mm away, 5 mm from one at 9 mm."""
    wrong = beside(side, level, 7.0)
    assert failed(wrong) == ["right level and side"]
    lower = f"L{int(level[1]) + 1}"
    assert f"3.0 mm from {side} {level}-{lower}" in told_of(wrong, "right level and side").reason
    assert failed(beside(side, level, 9.0)) == []


@pytest.mark.parametrize("made", [attempted(), neurotomy()])
def test_a_placed_needle_alone_treats_nobody(made):
    record = made.record
    assert record is not None
    rest = tuple(one for one in record.events if one.do not in ("inject", "heat"))
    idle = replace(made, record=replace(record, events=rest))
    assert told_of(idle, "treatment given").passed is False
    given_up = replace(idle, record=replace(idle.record, abort="the patient moves"))
    assert "treatment given" not in [gate.name for gate in gates(given_up)]


def test_another_drug_than_the_ordered_one_treats_nobody():
    made = attempted()
    record = made.record
    assert record is not None
    swapped = tuple(
        replace(one, detail={**one.detail, "agent": "saline"}) if one.do == "inject" else one
        for one in record.events
    )
    gate = told_of(replace(made, record=replace(record, events=swapped)), "treatment given")
    assert gate.passed is False
    assert f"saline was given, the order says {ORDERED['agent']}" in gate.reason


def test_live_contrast_that_nobody_saw_is_none():
    made = attempted()
    record = made.record
    assert record is not None
    unseen = tuple(
        replace(one, detail={**one.detail, "seen": None}) if one.do == "contrast" else one
        for one in record.events
    )
    assert failed(replace(made, record=replace(record, events=unseen))) == [
        "live contrast before injection"
    ]


@pytest.mark.parametrize(("off_mm", "holds"), [(14.0, True), (16.0, False)])
def test_far_from_every_target_is_no_place_either(off_mm, holds):
    """Adjacent levels lie some 35 mm apart, so that 15 mm from one's target is still its own."""
    gate = told_of(attempted(off_mm=off_mm), "right level and side")
    assert gate.passed is holds
    assert ("at no target" in gate.reason) is not holds


@pytest.mark.parametrize("do", ["inject", "heat"])
@pytest.mark.parametrize(("first_mm", "holds"), [(4.0, True), (60.0, False)])
def test_every_place_where_something_was_given_is_judged_not_the_last_alone(do, first_mm, holds):
    """Of two places 4 mm off the target one is moved to where another level is nearer."""
    made = beside("right", "L3", 62.0)
    events = tuple(
        Event(
            t_s, do, 40.0, 1, True, "given",
            detail={"pattern": "epidural", "tip_mm": tuple(above(away_mm))},
        )
        for t_s, away_mm in ((100.0, first_mm), (200.0, 4.0))
    )  # fmt: skip
    made = replace(made, record=replace(made.record, events=events))
    gate = told_of(made, "right level and side")
    assert gate.passed is holds
    assert holds or gate.time_s == 100.0


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("dura", "dura untouched"),
        ("L5 right root", "nerve root untouched"),
        ("aorta", "vessel untouched"),
    ],
)
@pytest.mark.parametrize(("gap", "holds"), [(0.01, True), (0.0, False), (-0.3, False)])
def test_a_hazard_is_untouched_down_to_its_surface(name, gate, gap, holds):
    made = attempted(clear={**CLEAR, name: gap})
    assert failed(made) == ([] if holds else [gate])


def test_a_hazard_that_is_not_known_is_neither_safe_nor_hurt():
    made = [gate for gate in gates(attempted(hazards_known=False)) if "untouched" in gate.name]
    assert [gate.passed for gate in made] == [None, None, None]
    assert all("unknown" in gate.reason for gate in made)


def test_an_advance_past_danger_without_the_depth_view_fails_at_that_moment():
    blind = attempted(("insert",), ("view", "ap"), ("advance", DEEP_MM), ("view", "clo"))
    gate = told_of(blind, "depth view before danger")
    assert gate.passed is False
    assert gate.time_s == 30.0
    assert "66 mm" in gate.reason
    assert "dura is millimetres beyond" in gate.reason  # the danger's own why


@pytest.mark.parametrize(
    ("steps", "holds"),
    [
        ([("view", "clo"), ("advance", DEEP_MM)], False),  # at the skin: says nothing of depth
        ([("advance", DANGER_MM - 26), ("view", "clo"), ("advance", DEEP_MM)], False),  # too soon
        ([("advance", DANGER_MM - 24), ("view", "clo"), ("advance", DEEP_MM)], True),
        ([("advance", DANGER_MM), ("view", "clo"), ("advance", DEEP_MM)], True),
        ([("advance", DANGER_MM), ("view", "ap"), ("advance", DEEP_MM)], False),  # another view
        ([("advance", DANGER_MM)], True),  # never past it
        (
            [("advance", 50.0), ("view", "clo"), ("redirect",), ("advance", DEEP_MM)],
            False,  # of the last pass
        ),
        ([("advance", 50.0), ("view", "clo"), ("advance", 60.0), ("advance", DEEP_MM)], True),
        ([("advance", 60.0), ("view", "clo"), ("advance", DEEP_MM)], False),  # too late
        ([("redirect",), ("advance", 50.0), ("view", "clo"), ("advance", DEEP_MM)], True),
    ],
)
def test_the_depth_view_counts_for_its_own_pass_and_just_before_the_danger(steps, holds):
    made = attempted(("insert",), *steps)
    assert ("depth view before danger" not in failed(made)) is holds


@pytest.mark.parametrize(
    ("between", "holds"), [([], True), (["ap"], False), ([None], False), (["off"], False)]
)
def test_under_live_in_the_depth_view_every_advance_is_watched_until_it_is_left(between, holds):
    """From the skin on: the C-arm may turn away before the danger, or the pedal be let go."""
    made = attempted(("insert",), ("advance", DEEP_MM))
    record = made.record
    assert record is not None
    insert, advance = record.events
    live = Event(15.0, "view", 5.0, 1, True, "live", detail={"view": "clo", "live": True})
    then = [
        Event(16.0, "fluoro", 5.0, 1, False, "live ends")
        if view == "off"
        else Event(16.0, "view", 5.0, 1, True, "live", detail={"view": view, "live": True})
        for view in between
    ]
    made = replace(made, record=replace(record, events=(insert, live, *then, advance)))
    assert ("depth view before danger" not in failed(made)) is holds


@pytest.mark.parametrize("second", [DANGER_MM - 3.0, DANGER_MM + 3.0])
def test_each_pass_has_a_danger_of_its_own(second):
    """The second path is shorter or longer; both were looked at before their own danger."""
    steps = (*GOOD[:5], ("redirect",), ("insert",), ("advance", second), ("view", "clo"),
             ("advance", second + 10.0))  # fmt: skip
    made = attempted(*steps)
    depths = {1: DANGER_MM, 2: second}
    events = tuple(
        replace(one, detail={"danger_mm": depths[one.needle_pass]}) if one.do == "insert" else one
        for one in made.record.events
    )
    own = replace(made.record, events=events, danger_mm=second)
    assert "depth view before danger" not in failed(replace(made, record=own))
    blind = replace(own, events=tuple(e for e in events if (e.do, e.needle_pass) != ("view", 2)))
    assert "depth view before danger" in failed(replace(made, record=blind))


def test_the_gate_says_how_deep_the_needle_was_when_its_depth_was_checked():
    """The same view once more at the target does not hide where the danger was looked at."""
    gate = told_of(attempted(), "depth view before danger")
    assert gate.value == pytest.approx(DANGER_MM)
    assert gate.limit == "contralateral oblique by 56 mm"


def test_a_procedure_without_danger_has_no_such_gate():
    made = replace(attempted(), procedure=replace(EPIDURAL, danger=None, steps=EPIDURAL.steps[3:]))
    assert "depth view before danger" not in [gate.name for gate in gates(made)]


@pytest.mark.parametrize(
    ("steps", "holds"),
    [
        ([("contrast", "live"), ("inject",)], True),
        ([("contrast", "dsa"), ("inject",)], True),
        ([("contrast", "live"), ("view", "lateral"), ("aspirate",), ("inject",)], True),
        ([("inject",)], False),
        ([("contrast", "single"), ("inject",)], False),  # a late picture misses what runs off
        ([("contrast", "live"), ("advance", DEEP_MM), ("inject",)], False),  # the tip moved
        ([("contrast", "live"), ("redirect",), ("inject",)], False),
        ([("inject",), ("contrast", "live")], False),
        ([("contrast", "live"), ("inject",), ("inject",)], True),
    ],
)
def test_only_live_contrast_since_the_last_move_of_the_tip_counts(steps, holds):
    made = attempted(*GOOD[:7], *steps)
    assert ("live contrast before injection" not in failed(made)) is holds


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [("epidural", True), ("soft_tissue", True), ("vascular", False), ("intrathecal", False)],
)
def test_a_drug_into_vessel_or_sac_fails_whatever_was_seen_before(pattern, holds):
    made = attempted(*GOOD[:-1], ("inject", pattern))
    assert (failed(made) == []) is holds


def test_each_injection_is_judged():
    made = attempted(*GOOD, ("inject", "vascular"))
    found = [gate.passed for gate in gates(made) if gate.name == "no drug into vessel or sac"]
    assert found == [True, False]


@pytest.mark.parametrize(("peak", "holds"), [(45.0, True), (45.01, False)])
def test_a_root_may_reach_45_degrees_and_no_more(peak, holds):
    made = neurotomy(hottest={"L5 right root": peak})
    assert (failed(made) == []) is holds


def test_a_root_out_of_reach_is_cool_and_an_unknown_one_is_unknown():
    far = replace(neurotomy(), temperature_max_c={"tissue": 80.0})
    assert told_of(far, "hottest root").passed is True
    dark = replace(far, hazards_known=False)
    assert told_of(dark, "hottest root").passed is None


def test_every_reason_holds_the_value_it_speaks_of():
    for gate in gates(attempted(clear={**CLEAR, "dura": -0.4})):
        if gate.name == "dura untouched":
            assert "by 0.4 mm" in gate.reason
            assert gate.value == pytest.approx(-0.4)
        assert gate.reason
        assert gate.value is None or np.isfinite(gate.value)
