"""The needle in the hand: bone stops it, a pass is counted once, and nothing swept is forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg, unit
from needle_sim.instruments.needle import Needle
from needle_sim.rehearsal.in_hand import SKIN_MM, STEERS_MM, InHand, rigid_of
from tests.rehearsal.attempts import BACK, CENTRE_MM, DEEP_MM, patient

NAME = "tuohy_18g_90mm"
ENTRY = CENTRE_MM + DEEP_MM * BACK


def hand(**changes) -> InHand:
    return replace(InHand(patient(), Needle.preset(NAME), NAME), headings=[], **changes)


def in_skin() -> InHand:
    made = hand()
    made.insert(ENTRY, -BACK)
    return made


def tilted(degrees: float) -> np.ndarray:
    turn = np.radians(degrees)
    return np.array([np.sin(turn), -np.cos(turn), 0.0])


def pose(tip, axis=-BACK, bevel=None) -> np.ndarray:
    """``patient_from_needle``: +z along the axis, +y where the bevel faces."""
    z = unit(axis)
    y = np.array([0.0, 0.0, 1.0]) if bevel is None else unit(bevel)
    made = np.eye(4)
    made[:3, :3] = np.column_stack([np.cross(y, z), y, z])
    made[:3, 3] = tip
    return made


def test_it_goes_in_and_as_deep_as_it_is_pushed():
    made = in_skin()
    assert (made.depth_mm, made.needle_pass, made.stylet_in) == (SKIN_MM, 1, True)
    made.advance(20.0)
    assert made.depth_mm == pytest.approx(SKIN_MM + 20.0)
    assert made.tip_mm == pytest.approx(ENTRY - 25.0 * BACK)
    assert made.placed().trajectory.tip_mm == pytest.approx(made.tip_mm)


def test_a_needle_is_not_longer_than_it_is():
    made = in_skin()
    with pytest.raises(InputError, match=r"90 mm long and would be 95\.0 mm deep: 5\.0 mm too"):
        made.advance(90.0)


def test_deep_in_it_cannot_be_angled_and_near_the_skin_it_can():
    made = in_skin()
    made.advance(STEERS_MM)
    with pytest.raises(InputError, match="withdraw it to 20 mm or less"):
        made.angle(tilted(10.0))
    made.withdraw(SKIN_MM)
    made.angle(tilted(10.0))
    assert angle_deg(made.axis, -BACK) == pytest.approx(10.0)


@pytest.mark.parametrize("verb", ["insert", "angle"])
def test_it_never_points_out_of_the_body(verb):
    made = hand() if verb == "insert" else in_skin()
    with pytest.raises(InputError, match="point out of the body"):
        made.insert(ENTRY, BACK) if verb == "insert" else made.angle(BACK)


def test_turned_in_two_steps_after_drawing_back_it_is_another_pass():
    made = in_skin()
    made.advance(45.0)
    made.withdraw(32.0)
    made.angle(tilted(4.0))
    made.angle(tilted(8.0))
    assert made.redirected
    assert made.advance(10.0)
    assert made.needle_pass == 2
    assert not made.advance(5.0)
    assert made.needle_pass == 2


@pytest.mark.parametrize(("back", "turn"), [(4.0, 10.0), (10.0, 2.0)])
def test_a_little_back_or_a_little_turned_is_the_same_pass(back, turn):
    made = in_skin()
    made.advance(15.0)
    made.withdraw(back)
    made.angle(tilted(turn))
    assert not made.advance(5.0)
    assert made.needle_pass == 1


def test_the_tremble_of_a_tracked_hand_is_no_new_pass():
    """A path length of jitter is not a distance drawn back."""
    made = hand()
    for n in range(60):
        made.pose(pose(ENTRY - (30.0 + 0.3 * (n % 2)) * BACK, tilted(0.07 * n)))
    assert made.needle_pass == 1


def test_out_and_in_again_is_another_pass_with_the_stylet_back_in():
    made = in_skin()
    made.stylet_in = False
    assert made.withdraw(100.0)
    assert made.placed() is None
    made.insert(ENTRY, -BACK)
    assert (made.needle_pass, made.stylet_in) == (2, True)


def test_what_was_felt_before_drawing_back_is_not_felt_any_more():
    made = in_skin()
    assert made.felt is not None
    made.withdraw(1.0)
    assert made.felt is None


@given(seed=st.integers(0, 2**32 - 1))
def test_a_pose_says_tip_axis_and_bevel_clock(seed):
    """A pose made from entry, axis and clock gives these back."""
    rng = np.random.default_rng(seed)
    first = hand()
    first.insert(ENTRY, tilted(rng.uniform(-20, 20)))
    first.rotate(rng.uniform(0, 360))
    first.advance(rng.uniform(5, 40))
    path = first.placed().trajectory
    clock = np.radians(first.clock_deg)
    bevel = path.patient_from_needle.turn([np.sin(clock), np.cos(clock), 0.0])

    second = hand()
    second.pose(pose(path.tip_mm, first.axis, bevel))

    assert second.tip_mm == pytest.approx(first.tip_mm, abs=1e-9)
    assert angle_deg(second.axis, first.axis) < 1e-6
    apart = (second.clock_deg - first.clock_deg + 180.0) % 360.0 - 180.0
    assert apart == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (2.0 * np.eye(4), "last row"),
        (np.diag([2.0, 1.0, 1.0, 1.0]), "not scaled or mirrored"),
        (np.diag([-1.0, 1.0, 1.0, 1.0]), "not scaled or mirrored"),
        (np.eye(3), r"\(4, 4\)"),
    ],
)
def test_a_pose_turns_and_shifts_and_nothing_else(matrix, said):
    with pytest.raises(InputError, match=said):
        rigid_of(matrix)


def test_a_tip_outside_of_the_body_is_a_needle_that_is_out():
    made = in_skin()
    made.pose(pose(ENTRY + 30.0 * BACK))
    assert not made.inside


def test_the_swept_ways_keep_their_least_clearance_and_their_needle():
    made = in_skin()
    made.advance(60.0)
    near = made.clearance_mm()
    made.withdraw(100.0)
    made.needle, made.name = Needle.preset("quincke_22g_90mm"), "quincke_22g_90mm"
    made.insert(ENTRY + 20.0 * np.array([0.0, 0.0, 1.0]), -BACK)
    made.advance(10.0)
    assert [one.name for one in made.headings] == [NAME, "quincke_22g_90mm"]
    assert made.headings[0].placed.needle == Needle.preset(NAME)
    assert all(made.clearance_mm()[name] <= gap for name, gap in near.items())


def test_a_longer_needle_that_was_deep_does_not_break_a_shorter_one():
    made = hand()
    made.needle, made.name = Needle.preset("tuohy_18g_150mm"), "tuohy_18g_150mm"
    made.insert(ENTRY, -BACK)
    made.advance(100.0)
    made.withdraw(200.0)
    made.needle, made.name = Needle.preset(NAME), NAME
    assert made.clearance_mm() is not None
    assert made.headings[0].placed.trajectory.depth_mm > made.needle.length_mm
