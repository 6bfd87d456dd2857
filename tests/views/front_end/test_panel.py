"""The panels read the state; the trace keeps one way in."""

from __future__ import annotations

import json

import pytest

from needle_sim.views.front_end.panel import Trace, hub_in_words, needle_facts, panel_of
from tests.rehearsal.driving import RFA, begun, inserted


def test_the_panel_is_json_at_every_moment():
    for made in (begun(RFA), inserted(RFA)):
        json.dumps(panel_of(made, 1.0), allow_nan=False)


def test_live_costs_are_shown_while_it_is_live_alone():
    made = begun(RFA)
    assert panel_of(made, 2.5)["kap_rate"] == 0.0
    made.do("live", on=True)
    assert panel_of(made, 2.5)["kap_rate"] == 2.5


def test_a_hub_is_read_off_in_words():
    assert hub_in_words(-12.2, 4.1) == "12° to the right, 4° to the head"
    assert hub_in_words(0.2, -30.0) == "30° to the feet"
    assert hub_in_words(0.0, 0.0) == "upright"


def test_the_trace_goes_on_where_it_was_and_begins_anew_with_a_pass():
    made, trace = inserted(RFA), Trace()
    made.advance(1.0)
    first = trace.add(made, layers=True)
    made.advance(20.0)
    second = trace.add(made, layers=True)
    assert second["depth_mm"][0] == pytest.approx(first["depth_mm"][-1])
    assert first["layers"][0][0] == "fat"
    assert second["layers"][-1][1] == pytest.approx(second["depth_mm"][-1])
    assert len(trace.stretches) == 2

    made.withdraw(60.0)
    made.insert()
    trace.add(made, layers=True)
    assert len(trace.stretches) == 1


def test_layers_are_named_for_a_coach_alone_and_pressure_without_stylet():
    made, trace = inserted(RFA), Trace()
    assert trace.add(made, layers=True) is None  # the hub was turned: nothing is felt
    made.advance(1.0)
    assert "layers" not in trace.add(made, layers=False)
    made.advance(5.0)
    assert trace.add(made, layers=False)["pressure_kpa"] is None
    made.do("stylet", inside=False)
    made.advance(5.0)
    felt = trace.add(made, layers=False)
    assert len(felt["pressure_kpa"]) == len(felt["depth_mm"])


def test_a_needle_is_told_by_its_sizes():
    facts = needle_facts(begun(RFA).hand.needle)
    assert (facts["gauge"], facts["length_mm"], facts["active_tip_mm"]) == (18, 150.0, 10.0)
