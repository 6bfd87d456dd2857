"""The console: messages in, replies out; every act in the log, every look without a trace."""

from __future__ import annotations

import json
import re
import threading

import numpy as np
import pytest

from needle_sim.rehearsal.attempt import Attempt
from needle_sim.rehearsal.log import Log
from needle_sim.rehearsal.rehearsal import Rehearsal
from needle_sim.views.front_end.journal import Journal
from tests.rehearsal.driving import FORAMEN, RFA, spine
from tests.views.front_end.desk import SMALL, Desk, console


@pytest.fixture
def desk():
    """At the skin, with a small field."""
    made = Desk(console(RFA))
    made("collimate", **SMALL)
    made.to_the_skin()
    return made


def test_what_a_page_needs_to_begin_comes_with_the_first_word():
    said = Desk(console(RFA))(ask="hello")
    assert said["setup"]["order"].startswith("right L4 medial branch")
    assert said["state"]["exposures"] == 0
    assert said["pictures"] == []
    json.dumps(said, allow_nan=False)


def test_a_picture_comes_with_a_shot_and_stays_while_the_needle_moves(desk):
    """A last image hold is as old as its exposure: only another one shows the needle."""
    desk("shot")
    held = desk.pixels[0]
    assert desk("push", mm=30.0)["pictures"] == []
    desk(ask="frame")
    assert desk.pixels[0] == held
    desk("shot")
    assert desk.pixels[0] != held


def test_under_live_every_act_brings_a_picture_and_a_turning_arm_a_coarse_one(desk):
    whole = desk("live", on=True)["pictures"][0]
    moved = desk("push", mm=2.0, dt_s=0.5)["pictures"][0]
    turned = desk("turn", to_me_deg=2.0, dt_s=0.5, moving=True)["pictures"][0]
    still = desk(ask="frame")["pictures"][0]
    assert whole["live"]
    assert moved["rows"] == whole["rows"] == still["rows"] == 2 * turned["rows"]
    state = desk("live", on=False, dt_s=1.0)["state"]
    assert state["fluoro_s"] == pytest.approx(2.0)
    assert not desk.said["pictures"][0]["live"]


def test_the_page_clock_is_the_clock_of_the_log(desk):
    before = desk.console.rehearsal.t_s
    desk("push", mm=1.0, dt_s=3.25)
    desk("push", mm=1.0, dt_s=-5.0)  # a clock never runs back
    acts = desk.console.rehearsal.acts[-2:]
    assert [act.t_s for act in acts] == pytest.approx([before + 3.25, before + 3.25])
    assert [act.source for act in acts] == ["page", "page"]


def test_looks_leave_no_trace(desk):
    log = desk.console.rehearsal.log.text()
    for what in ("hello", "frame", "log"):
        desk(ask=what)
    assert desk.said["log"] == log == desk.console.rehearsal.log.text()


def test_what_an_operator_said_is_replayed_from_its_acts(desk):
    desk("push", mm=20.0, dt_s=1.0)
    desk("lean", to_left_deg=1.0) if desk.console.rehearsal.hand.depth_mm < 20 else None
    desk("pan", right_mm=3.0, down_mm=-2.0)
    desk("shot")
    made = desk.console.rehearsal
    again = Rehearsal.replay(made.log.text(), spine())
    assert again.picture.array.tobytes() == made.picture.array.tobytes()
    assert {act.do for act in made.acts} >= {"carm", "mark", "advance", "table"}


@pytest.mark.parametrize(
    "message",
    [None, 7, "shot", [], {}, {"do": 3}, {"do": "explode"}, {"ask": "money"}, {"do": "push"},
     {"do": "push", "mm": "far"}, {"do": "turn", "cephalad_deg": 1e9}, {"do": "mark_at", "x": 9},
     {"do": "shot", "dt_s": "soon"}, {"do": "carm", "orbital_deg": None, "tilt_deg": 0},
     {"do": "probe_by", "view": []}, {"ask": "sonogram", "depth_mm": []}, {"do": "shot", "x": 1}],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line_and_changes_nothing(message):
    made = console(RFA)
    before = made.rehearsal.log.text()
    said = made.handle(message).message()
    assert said["error"]
    assert "\n" not in said["error"]
    assert made.rehearsal.log.text() == before


def test_an_exam_shows_no_plan_names_no_layer_and_sets_no_view():
    desk = Desk(console(RFA, coach=False))
    desk("collimate", **SMALL)
    desk.to_the_skin()
    assert "layers" not in desk.said["felt"]
    assert "coach" not in desk.said["state"]
    assert "coach" not in desk("shot")["pictures"][0]
    assert "nobody sets the view" in desk.refused("go", view="lateral")
    assert "nobody sets the view" in desk.refused("square")
    assert desk("go", view="straight AP")["state"]["pose"]["tilt_deg"] == 0.0


def test_contrast_is_sent_with_the_times_of_its_pictures():
    desk = Desk(console(FORAMEN))
    desk("collimate", **SMALL)
    desk.to_the_target("advance")
    said = desk("contrast", agent="iohexol_240", volume_ml=0.5, mode="dsa")
    times = [one["time_s"] for one in said["pictures"]]
    run = desk.console.rehearsal.contrast_run
    assert times == list(run.times_s)
    first, last = (np.frombuffer(desk.pixels[k], np.uint8).astype(int) for k in (0, -1))
    assert (first - last > 60).any()  # iodine is dark where it has come to
    assert said["state"]["t_s"] >= times[-1]


def test_while_it_heats_other_acts_wait_and_the_curve_is_told(tmp_path, monkeypatch):
    go_on = threading.Event()

    def slow(attempt, placed, *, watch):
        for time_s in (2.0, 4.0, 6.0):
            watch({"time_s": time_s, "sensor_c": 40.0 + 10.0 * time_s})
        assert go_on.wait(60)
        return None, None, {}

    monkeypatch.setattr(Attempt, "heat", slow)
    made = console(RFA)
    made._journal = Journal(tmp_path / "log.jsonl", made.rehearsal)
    desk, heard = Desk(made), []
    made.listener = heard.append
    desk("collimate", **SMALL)
    desk.to_the_target("advance")
    desk("heat", dt_s=2.0)
    assert "busy" in desk.refused("push", mm=1.0)
    assert "busy" in desk.refused(ask="frame")
    assert made.handle({"n": 2, "ask": "hello"}).message()["state"]["heating"]
    go_on.set()
    made.wait()

    rows = [one.content["row"] for one in heard[:-1]]
    assert [row["sensor_c"] for row in rows] == [60.0, 80.0, 100.0]
    assert heard[-1].content["push"] == "heated"
    assert heard[-1].content["state"]["heated"]
    assert not made.state()["heating"]
    assert desk(ask="hello")["heat"] == rows
    assert Log.read(tmp_path / "log.jsonl") == made.rehearsal.log

    verdict = desk("finish")["verdict"]
    assert verdict["headline"]
    assert desk(ask="hello")["verdict"] == verdict
    assert "is over" in desk.refused("shot")


def test_heat_that_cannot_be_is_refused_at_once():
    """Not "the generator heats" first: the reply itself is the error, and nothing is pushed."""
    made = console(RFA)
    desk, heard = Desk(made), []
    made.listener = heard.append
    assert "no needle is in the patient" in desk.refused("heat")
    desk("collimate", **SMALL)
    desk.to_the_skin()
    acts = len(made.rehearsal.acts)
    assert "the stylet is in" in desk.refused("heat")
    assert "heat takes no 'watts'" in desk.refused("heat", watts=5)
    desk("abort", why="enough")
    assert "is over" in desk.refused("heat")
    assert heard == []
    assert not made.heating
    assert [act.do for act in made.rehearsal.acts[acts:]] == ["abort"]


def test_a_fault_while_it_heats_ends_the_heat_and_is_said(monkeypatch, caplog):
    def broken(attempt, placed, *, watch):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(Attempt, "heat", broken)
    desk, heard = Desk(console(RFA)), []
    desk.console.listener = heard.append
    desk("collimate", **SMALL)
    desk.to_the_target()
    desk("heat")
    desk.console.wait()
    assert "ZeroDivisionError" in heard[-1].content["error"]
    assert not desk.console.heating
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("name", ["t_s", "source", "self", "do_"])
@pytest.mark.parametrize("do", ["shot", "carm", "insert"])
def test_a_name_that_an_act_does_not_take_is_refused_by_name(do, name):
    made = console(RFA)
    said = made.handle({"n": 1, "do": do, name: 5}).message()
    assert f"{do} takes no '{name}'" in said["error"]
    assert not made.rehearsal.acts


def _said_in(made, mode):
    """What is announced, and written in the state, of two shots and an injection."""
    desk = Desk(made)
    desk("collimate", **SMALL)
    desk.to_the_target("advance")
    told = []
    for do, given in (
        ("shot", {}),
        ("contrast", {"agent": "iohexol_240", "volume_ml": 1.0, "mode": mode}),
        ("aspirate", {}),
    ):
        said = desk(do, **given)
        assert said["state"]["said"] == said["announce"]
        told.append((said["announce"], said["state"]["view"]))
    return told


def test_an_exam_says_what_was_done_and_not_what_a_picture_shows():
    coached = _said_in(console(FORAMEN), "live")
    shot, contrast, aspirated = _said_in(console(FORAMEN, coach=False), "live")
    assert coached[0][1] == "oblique"
    assert "Ipsilateral oblique" in coached[0][0]
    assert ":" in coached[1][0]
    assert re.fullmatch(r"right oblique 25°, cranial \d+° at \d+ mm", shot[0])
    assert contrast[0] == "1 mL contrast, live"
    assert aspirated == (coached[2][0], None)  # what a hand meets is the same
    assert {shot[1], contrast[1]} == {None}


def test_the_oblique_of_a_coach_is_the_planned_way():
    """What it asks for and what its button does agree to the hundredth of a degree."""
    made = console(RFA)
    desk = Desk(made)
    desk.declare()
    desk("needle", name=made.coach.way.needle)
    desk("go", view="oblique")
    pose, hub = made.rehearsal.scope.pose, made.coach.depths()["hub_deg"]
    assert (pose.orbital_deg, pose.tilt_deg) == pytest.approx(hub, abs=0.006)
    assert "Take a picture" in made.coach.next_step()
    assert desk("shot")["state"]["view"] == "oblique"
    for name in ("ap", "lateral"):  # these stay what they are
        desk("go", view=name)
        pose = made.rehearsal.scope.pose
        assert (pose.orbital_deg, pose.tilt_deg) == pytest.approx(
            made.rehearsal.scope.angles[name], abs=0.006
        )


def test_giving_up_ends_it_with_its_reason():
    desk = Desk(console(RFA))
    desk.declare()
    said = desk("abort", why="the patient says no")
    assert said["verdict"]["outcome"] in ("aborted", "failed", "unknown")
    assert "the patient says no" in desk.console.rehearsal.abort_said
    html = desk(ask="report")["report"]
    assert html.startswith("<!doctype html>")
