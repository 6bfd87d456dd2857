"""The laws of a rehearsal: it replays to the same bytes, scores as a run, and refuses cleanly."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import needle_sim as ns
from needle_sim.errors import InputError
from needle_sim.exports.result import as_json, result_of
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.act import MOST_S
from needle_sim.rehearsal.attempt import Attempt
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.rehearsal.log import Log
from needle_sim.rehearsal.rehearsal import Rehearsal
from tests.rehearsal.attempts import patient
from tests.rehearsal.driving import (
    EPIDURAL,
    FORAMEN,
    JOINT,
    RFA,
    again,
    begun,
    follow,
    followed,
    gate,
    inserted,
    planned,
    spine,
    to_skin,
    way_of,
)

COLD = (None, None, {"dura": 37.0})


@pytest.mark.parametrize("name", [EPIDURAL, FORAMEN, JOINT, RFA])
def test_a_plan_that_is_followed_scores_as_the_run_of_that_plan(name, monkeypatch):
    """The same gates and quality; only what a hand costs (time, dose) is its own."""
    done = []

    def heated(self, placed, *, watch=None):  # heat is a function of where the needle lies
        if placed is None or self.recipe.protocol is None:
            return None, None, {}
        if done and np.abs(done[0][0] - placed.trajectory.points_mm).max() < 1e-6:
            return done[0][1]
        done.append((placed.trajectory.points_mm, whole(self, placed, watch=watch)))
        return done[-1][1]

    whole, way = Attempt.heat, way_of(name)  # a plan is made once for all tests
    monkeypatch.setattr(Attempt, "heat", heated)
    monkeypatch.setattr(Attempt, "plan", lambda self: way)
    run = ns.run_procedure(name, anatomy=spine(), seed=1, pictures=False)
    mine = follow(begun(name), run.plan.placed, run.needle).finish()

    for theirs, ours in (
        (run.score.gates, mine.score.gates),
        (run.score.quality, mine.score.quality),
    ):
        assert [(one.name, one.passed) for one in ours] == [
            (one.name, one.passed) for one in theirs
        ]
        for one, other in zip(ours, theirs, strict=True):
            # a plan may end up to 0.5 mm before its target: by hand the view is taken so much later
            room = 0.51 if one.name == "depth view before danger" else 1e-12
            depths = [re.findall(r"\d+", str(gate.limit)) for gate in (one, other)]
            if room > 0.5:  # which may round to the next millimetre
                assert abs(int(depths[0][0]) - int(depths[1][0])) <= 1
            else:
                assert one.limit == other.limit
            same = None if other.value is None else pytest.approx(other.value, abs=room)
            assert one.value == same
    assert mine.score.outcome == run.score.outcome == "completed"
    assert mine.score.total == pytest.approx(run.score.total)
    assert (mine.level, mine.side, mine.needle) == (run.level, run.side, run.needle)
    assert len(done) == (name == RFA)  # both needles lay in the same place


def test_a_replay_gives_the_same_bytes_with_pictures():
    made = begun(FORAMEN, pictures=True)
    made.do("collimate", width_mm=60.0, height_mm=60.0)
    follow(made, *planned(FORAMEN))
    made.do("live", on=True, t_s=made.t_s + 2.0)
    made.do("live", on=False, t_s=made.t_s + 1.5)
    made.finish(t_s=made.t_s + 3.0)

    other = Rehearsal.replay(made.log.text(), spine())

    assert other.log.text() == made.log.text()
    assert as_json(result_of(other.run)) == as_json(result_of(made.run))
    assert other.state == made.state
    assert other.picture.array.tobytes() == made.picture.array.tobytes()
    for one, two in zip(made.run.views, other.run.views, strict=True):
        assert one.radiograph.array.tobytes() == two.radiograph.array.tobytes()
    for one, two in zip(made.run.shots, other.run.shots, strict=True):
        for first, second in zip(one.run.frames, two.run.frames, strict=True):
            assert first.array.tobytes() == second.array.tobytes()
    assert made.run.score.outcome == "completed"


@pytest.mark.parametrize("seed", [2, 3])
def test_another_seed_is_another_picture_of_the_same_place(seed):
    pictures = []
    for one in (1, seed):
        made = begun(pictures=True, seed=one)
        made.do("collimate", width_mm=40.0, height_mm=40.0)
        made.do("shot")
        pictures.append(made.picture.array)
    assert not np.array_equal(*pictures)
    assert np.mean(pictures[0]) == pytest.approx(np.mean(pictures[1]), rel=0.01)


ACTS = st.one_of(
    st.tuples(st.just("advance"), st.fixed_dictionaries({"mm": st.floats(0.5, 60.0)})),
    st.tuples(st.just("withdraw"), st.fixed_dictionaries({"mm": st.floats(0.5, 80.0)})),
    st.tuples(
        st.just("angle"),
        st.fixed_dictionaries(
            {"orbital_deg": st.floats(-180, 180), "tilt_deg": st.floats(-80, 80)}
        ),
    ),
    st.tuples(
        st.just("carm"),
        st.fixed_dictionaries(
            {"orbital_deg": st.floats(-180, 180), "tilt_deg": st.floats(-60, 60)}
        ),
    ),
    st.tuples(st.just("live"), st.fixed_dictionaries({"on": st.booleans()})),
    st.tuples(st.just("stylet"), st.fixed_dictionaries({"inside": st.booleans()})),
    st.tuples(st.just("needle"), st.sampled_from([{"name": "quincke_22g_90mm"}, {"name": "x"}])),
    st.tuples(
        st.just("inject"),
        st.fixed_dictionaries({"agent": st.sampled_from(["saline", "x"]), "volume_ml": st.just(1)}),
    ),
    st.tuples(
        st.just("table"),
        st.fixed_dictionaries({k: st.floats(-300, 300) for k in ("x_mm", "y_mm", "z_mm")}),
    ),
    st.tuples(st.sampled_from(["insert", "shot", "aspirate", "heat"]), st.just({})),
)


@settings(max_examples=15)
@given(st.lists(st.tuples(ACTS, st.sampled_from([0.0, 0.5, -3.0])), min_size=5, max_size=25))
def test_a_refused_act_leaves_nothing_behind(wanted):
    """State, log and result are those of the acts that were taken, done alone."""
    made = inserted()
    for (do, given_), after_s in wanted:
        before, text = made.state, made.log.text()
        try:
            made.do(do, t_s=made.t_s + after_s, **given_)
        except InputError:
            assert made.state == before
            assert made.log.text() == text
    made.do("finish")
    alone = again(made.acts)
    assert alone.state == made.state
    assert result_of(alone.run) == result_of(made.run)


def test_an_act_that_is_interrupted_leaves_nothing_behind(monkeypatch):
    made = inserted(RFA)
    made.do("stylet", inside=False)

    def interrupted(self, placed, *, watch=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(Attempt, "heat", interrupted)
    before = made.state
    with pytest.raises(KeyboardInterrupt):
        made.do("heat", t_s=20.0)
    assert made.state == before
    assert len(made.acts) == len(made.log.acts) == 8 - 1


def calls_of(made: Rehearsal, count: int) -> int:
    """How many calls a number of acts takes: work, and not time."""
    seen = 0

    def count_calls(frame, event, arg):
        nonlocal seen
        seen += 1

    sys.setprofile(count_calls)
    try:
        for n in range(count):
            made.do("rotate", deg=1.0 + n % 7)
            made.do("advance" if n % 2 else "withdraw", mm=1.0)
    finally:
        sys.setprofile(None)
    return seen


def test_the_thousandth_act_costs_no_more_than_the_tenth():
    made = inserted()
    made.advance(10.0)
    early = calls_of(made, 20)
    for n in range(500):
        made.do("advance" if n % 2 else "withdraw", mm=1.0)
        made.do("shot")
    late = calls_of(made, 20)
    assert len(made.book.events) > 500
    assert late == pytest.approx(early, rel=0.02)


def test_what_a_refused_act_puts_back_is_not_a_copy_of_everything():
    """Lists that grow are cut, not copied: they stay the same objects."""
    made = inserted()
    lists = made.book.events, made.book.shots, made.hand.headings, made.acts
    with pytest.raises(InputError):
        made.advance(150.0)
    assert all(
        one is two
        for one, two in zip(
            lists, (made.book.events, made.book.shots, made.hand.headings, made.acts), strict=True
        )
    )


def test_the_wrong_level_or_side_fails_its_gate():
    other = begun(FORAMEN)
    made = begun(FORAMEN, side="left" if other.side == "right" else "right")
    follow(made, *planned(FORAMEN)).do("finish")
    found = gate(made, "right level and side")
    assert found.passed is False
    assert f"from {other.side} {other.level}" in found.reason
    assert made.score.outcome == "failed"
    assert made.score.total is None


def test_another_side_declared_than_ordered_fails_though_the_needle_lies_right():
    placed, name = planned(EPIDURAL)
    made = begun(level="L4-L5")
    to_skin(made, placed, name)
    wrong = begun(level="L4-L5")
    for act in made.acts:
        given_ = {**act.given, "level": "L3-L4"} if act.do == "declare" else act.given
        wrong.do(act.do, **given_)
    wrong.advance(40.0)
    wrong.do("finish")
    found = gate(wrong, "right level and side")
    assert found.passed is False
    assert "L3-L4 was declared, the order says" in found.reason


def test_a_drug_without_live_contrast_fails():
    made = followed(without=["contrast"])
    made.do("finish")
    assert gate(made, "live contrast before injection").passed is False


@pytest.mark.parametrize("move", ["advance", "withdraw"])
def test_contrast_before_the_tip_moved_is_not_contrast_at_the_tip(move):
    made = followed(without=["inject"])
    made.do(move, mm=1.0)
    made.do("inject", agent="saline", volume_ml=1.0)
    made.do("finish")
    assert gate(made, "live contrast before injection").passed is False


def test_past_the_danger_without_the_depth_view_fails():
    view = Procedure.preset(EPIDURAL).danger.view
    assert gate(_over(followed()), "depth view before danger").passed is True
    found = gate(_over(followed(without=[f"view {view}"])), "depth view before danger")
    assert found.passed is False
    assert "without the" in found.reason


def test_live_pictures_in_the_depth_view_are_that_view():
    view = Procedure.preset(EPIDURAL).danger.view
    plain = followed(without=[f"view {view}"])
    made = begun()
    for act in plain.acts:
        if act.do == "advance" and made.state.view != view:
            made.do("carm", **_angles(made, view))
            if not made.state.live:
                made.do("live", on=True)
        elif act.do in ("shot", "contrast") and made.state.live:
            made.do("live", on=False)
        made.do(act.do, **act.given)
    assert gate(_over(made), "depth view before danger").passed is True


def _angles(made: Rehearsal, view: str) -> dict[str, float]:
    from needle_sim.planning.sightline import angles_of

    orbital, tilt = angles_of(made.scope.ways[view])
    return {"orbital_deg": orbital, "tilt_deg": tilt}


def _over(made: Rehearsal) -> Rehearsal:
    made.do("finish")
    return made


def test_nothing_inserted_fails_with_that_reason():
    for made in (_over(begun()), _over(again(inserted().acts[:4]))):
        (found,) = made.score.gates
        assert (found.name, found.passed) == ("needle placed", False)
        assert found.reason == "no needle was inserted"
        assert made.score.outcome == "failed"
        assert made.run.blocked == "no needle was inserted"


def test_giving_up_for_what_was_seen_is_above_every_failure_and_giving_up_for_nothing_below():
    recipe = Procedure.preset(FORAMEN)
    bloody = replace(recipe, vascular=replace(recipe.vascular, rate=1.0, sensitivity=1.0))
    rightly = follow(begun(bloody), *planned(FORAMEN), without=["contrast", "inject"])
    assert "blood" in [one.said for one in rightly.book.events if one.do == "aspirate"]
    rightly.do("abort", why="blood at the hub")
    for_nothing = inserted()
    for_nothing.do("abort", why="lunch")
    early = begun()
    early.do("abort", why="the patient moves")
    assert rightly.run.record.justified
    assert not for_nothing.run.record.justified
    totals = [one.score.total for one in (rightly, for_nothing, early)]
    assert [one.score.outcome for one in (rightly, for_nothing, early)] == ["aborted"] * 3
    assert totals[0] > totals[1] == totals[2] > 0


def test_time_only_goes_on_and_the_last_act_of_six_hours_can_still_be_done():
    made = inserted()
    made.do("stylet", inside=False, t_s=50.0)
    with pytest.raises(InputError, match="lies before the last act, which ended at 50 s"):
        made.do("shot", t_s=49.0)
    made.do("inject", agent="saline", volume_ml=2.0, t_s=MOST_S)
    assert made.t_s > MOST_S
    made.do("finish")
    assert Rehearsal.replay(made.log, spine()).state == made.state


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"seed": True}, "seed must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 10**5000}, "seed must be a whole number"),
        ({"side": "both"}, "left or right"),
        ({"level": 4}, "text like"),
        ({"level": "L9-L10"}, "L9"),
        ({"procedure": "rfa"}, "medial-branch-rfa"),
        ({"variant": "upside down"}, "no variant"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused(given_, said):
    with pytest.raises(InputError, match=said):
        Rehearsal(spine(), **{"procedure": EPIDURAL, "pictures": False, **given_})
    with pytest.raises(InputError, match="needs an Anatomy, got a str"):
        Rehearsal("lumbar_normal")


def test_a_log_of_another_patient_recipe_or_order_is_refused():
    made = inserted()
    with pytest.raises(InputError, match=r"L4|vertebra"):
        Rehearsal.replay(made.log, patient())
    text = made.log.text()
    digest = made.header.patient_digest
    with pytest.raises(InputError, match="was written for lumbar_normal"):
        Rehearsal.replay(text.replace(digest, "0" * 16), spine())
    other = replace(Procedure.preset(EPIDURAL), title="mine")
    with pytest.raises(InputError, match=f"another {EPIDURAL}"):
        Rehearsal.replay(text, spine(), other)
    lines = text.splitlines()
    with pytest.raises(InputError, match="line 2 of the log, insert: declare"):
        Rehearsal.replay("\n".join([lines[0], lines[5]]), spine())
    late = '{"t_s":9,"do":"finish"}\n{"t_s":9,"do":"shot"}'
    with pytest.raises(InputError, match="line 8 of the log, shot: the rehearsal is over"):
        Rehearsal.replay("\n".join([*lines[:6], late]), spine())


@pytest.mark.parametrize("matrix", ["x", None, [[1.0]], np.zeros((2, 2)), np.full((4, 4), np.nan)])
def test_what_is_no_pose_is_our_error(matrix):
    with pytest.raises(InputError, match="matrix"):
        inserted().needle_pose(matrix)


def test_it_reads_as_what_was_done():
    made = inserted()
    assert isinstance(made.log, Log)
    assert made.facts()["needle"].startswith("tuohy_18g_90mm")
    with pytest.raises(InputError, match="not over"):
        _ = made.run


def test_contrast_given_where_nobody_looks_is_not_seen_and_no_reason_to_give_up():
    """Only what the pictures show counts: the field is moved 60 mm off the tip."""
    for ends in ("inject", "abort"):
        made = inserted(FORAMEN, pictures=True)
        placed, _ = planned(FORAMEN)
        made.do("advance", mm=placed.trajectory.depth_mm - made.hand.depth_mm)
        x, y, z = placed.trajectory.tip_mm
        made.do("table", x_mm=float(x), y_mm=float(y), z_mm=float(z) + 60.0)
        made.do("collimate", width_mm=25.0, height_mm=25.0)
        made.do("stylet", inside=False)
        made.do("contrast", agent="iohexol_240", volume_ml=1.0, mode="live")
        (event,) = [one for one in made.book.events if one.do == "contrast"]
        assert event.detail["in_field"] is False
        assert event.detail["seen"] is None
        if ends == "abort":
            made.do("abort", why="nothing is seen")
            assert made.run.record.justified is False
            continue
        made.do("inject", agent="dexamethasone", volume_ml=2.0)
        made.do("finish")
        assert gate(made, "live contrast before injection").passed is False


def test_the_shortest_tread_on_the_pedal_costs_a_pulse():
    made = inserted(FORAMEN, pictures=True)
    made.do("collimate", width_mm=30.0, height_mm=30.0)
    before, at_s = made.kap_ugy_m2, made.t_s
    made.do("live", on=True)
    made.do("live", on=False)
    pulse_s = 1.0 / rules()["pulses_s"]
    assert made.fluoro_s == pytest.approx(pulse_s)
    assert made.t_s == pytest.approx(at_s + pulse_s)
    assert made.kap_ugy_m2 - before == pytest.approx(made.scope.pulse()[0])


@pytest.mark.parametrize("name", ["self", "do", "given"])
def test_no_name_of_a_value_is_taken_for_one_of_ours(name):
    with pytest.raises(InputError, match=name):
        begun().do("shot", **{name: 1})
