"""An attempt becomes a run: its score, its words, and the weightiest note first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim.planning.planner import Plan
from needle_sim.rehearsal.attempt import Attempt, Way
from needle_sim.rehearsal.judging import in_words, judged
from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.scoring import score
from tests.rehearsal.attempts import (
    CLEAR,
    DANGER_MM,
    EPIDURAL,
    GOOD,
    attempted,
    patient,
    placed,
    target,
    told,
)
from tests.rehearsal.test_narrow import narrow

NO_HEAT = (None, None, {})
WAY = Way(Plan(target(), (placed(),), CLEAR, 0), None, ("a note",), None, "tuohy_18g_90mm",
          target().approach)  # fmt: skip
RECORD = Record(told(*GOOD), placed=placed(), clearance_mm=CLEAR, danger_mm=DANGER_MM)


def run(anatomy=None, way=WAY, record=RECORD):
    attempt = Attempt(EPIDURAL, anatomy or patient(), target(), "L4", "right", way.needle)
    return judged(attempt, 5, way, record, (), NO_HEAT, (None, ("no sonogram",)))


def test_a_run_has_the_score_of_its_record():
    assert run().score == score(attempted())
    assert (run().seed, run().side, run().level) == (5, "right", "L4-L5")
    assert run().needle == "tuohy_18g_90mm"


def test_notes_of_the_way_come_before_those_of_the_pictures():
    assert run().notes == ("a note", "no sonogram")


def test_unknown_hazards_are_the_first_thing_to_read():
    blind = replace(patient(), structures={})
    found = run(blind).notes
    assert blind.hazards_known_at(target().centre_mm) is False
    assert found[0].startswith("hazards are unknown")


def test_why_this_way_in_is_a_note():
    way = replace(EPIDURAL, variant="low", because="of a scar")
    attempt = Attempt(way, patient(), target(), "L4", "right", WAY.needle)
    made = judged(attempt, 0, WAY, RECORD, (), NO_HEAT, (None, ()))
    assert "low: of a scar" in made.notes


def test_a_blocked_way_says_so_and_has_no_placing():
    blocked = replace(WAY, plan=None, blocked="bone in the way")
    made = run(way=blocked, record=Record())
    assert made.blocked == "bone in the way"
    assert made.tip_in_bone_mm is None
    assert made.score.outcome == "failed"


def test_a_bare_point_is_told_by_its_place():
    said = in_words(EPIDURAL, target(kind="point"))
    assert said.startswith("the point 0.0, -4.0, 0.0 (patient LPS, mm), right approach")
    assert "L4-L5" in in_words(EPIDURAL, target())


@pytest.mark.parametrize(("area", "justified"), [(60.0, True), (140.0, False)])
def test_giving_up_before_a_narrow_canal_is_justified(area, justified):
    made = narrow(140.0, area, 120.0)
    record = replace(RECORD, events=RECORD.events[:3], abort="the canal is narrow")
    assert run(made.anatomy, record=record).record.justified is justified


def test_a_narrow_canal_is_among_the_first_things_to_read():
    found = run(narrow(140.0, 60.0, 120.0).anatomy).notes
    assert found[0].startswith("severe central stenosis at L4-L5: the dural sac has 60 mm2")
