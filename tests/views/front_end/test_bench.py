"""What lies ready is what is shipped and what the recipe asks for."""

from __future__ import annotations

from needle_sim import presets
from needle_sim.views.front_end.bench import setup_of
from tests.rehearsal.driving import FORAMEN, RFA
from tests.views.front_end.desk import console


def test_a_coach_sets_the_views_of_the_recipe_and_an_exam_none():
    assert [one["name"] for one in setup_of(console(RFA))["views"]] == ["ap", "oblique", "lateral"]
    assert setup_of(console(RFA, coach=False))["views"] == []


def test_the_tray_holds_what_the_recipe_gives():
    tray = setup_of(console(FORAMEN))["given"]
    assert tray["contrast"] == {"agent": "iohexol_240", "volume_ml": 1.0, "mode": "live"}
    assert tray["inject"]["agent"] == "dexamethasone"
    assert setup_of(console(FORAMEN))["protocol"] is None


def test_the_generator_shows_its_protocol():
    protocol = setup_of(console(RFA))["protocol"]
    assert (protocol["set_c"], protocol["total_s"]) == (80.0, 105.0)


def test_everything_shipped_can_be_taken_in_hand():
    setup = setup_of(console(RFA))
    assert [one["name"] for one in setup["needles"]] == presets.names("needles")
    assert {one["name"]: one["levels"] for one in setup["procedures"]}[RFA] == [
        "T12", "L1", "L2", "L3", "L4",
    ]  # fmt: skip
    assert any(one["contrast"] for one in setup["agents"])
    assert any(not one["contrast"] for one in setup["agents"])
    assert "Not for clinical use" in setup["disclaimer"]
