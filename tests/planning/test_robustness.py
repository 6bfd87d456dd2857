"""Many executions of a plan: shares that can be done by hand."""

from __future__ import annotations

from dataclasses import replace
from math import erf, sqrt

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.jit import set_threads, threads
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.planner import plan
from needle_sim.planning.robustness import executions, wilson
from tests.planning.blocks import Slab, block, root_beside, straight_target

NEEDLE = Needle(gauge=22, outer_mm=0.718, inner_mm=0.413, length_mm=150.0)
PLACED = PlacedNeedle(NEEDLE, Trajectory.straight([0.0, 61.0, 0.0], [0.0, -4.0, 0.0]))
SIDEWAYS = HandErrors(entry_mm=2.0, angle_deg=0.0, depth_mm=0.0)


def below(z: float) -> float:
    """Share of a normal distribution under z."""
    return 0.5 * (1 + erf(z / sqrt(2)))


def carried_out(spine, target=None, errors=SIDEWAYS, n=4000, seed=3, **settings):
    target = straight_target(ventral_mm=None) if target is None else target
    rng = np.random.default_rng(seed)
    return executions(spine, PLACED, target, errors=errors, n=n, rng=rng, **settings)


def test_a_plane_is_breached_as_often_as_a_normal_error_goes_past_it():
    """A sheet of bone 4 mm to the left, margin 1 mm: the axis passes at 2.641 mm, sd 2 mm."""
    spine = block(bones={"L5": Slab((4.0, -60.0, -70.0), (40.0, 60.0, 70.0))})
    found = carried_out(spine, margins_mm={"bone": 1.0}, n=40_000)
    expected = 1 - below((4.0 - 1.0 - 0.359) / 2.0)
    assert found.breached["bone"].mean() == pytest.approx(expected, abs=0.006)


def test_the_window_is_met_as_often_as_two_normal_errors_stay_inside():
    """Rayleigh: 1 - exp(-r^2 / 2 sd^2) of the passes within r = 2 mm, sd 2 mm."""
    found = carried_out(block())
    assert found.window_met.mean() == pytest.approx(1 - np.exp(-0.5), abs=0.025)
    assert found.met.mean() == found.window_met.mean()  # nothing is there to be breached
    assert not found.breached


def test_the_space_of_a_target_counts_in_its_window():
    """A joint one millimetre to each side of the path: the share of one normal error in it."""
    joint = Space("joint", "facet_joint", Slab((-1, -20, -30), (1, 20, 30)), "constructed")
    spine = replace(block(), spaces={"joint": joint})
    target = straight_target(radius_mm=20.0, within=("joint",), ventral_mm=None)
    found = carried_out(spine, target)
    assert found.window_met.mean() == pytest.approx(2 * below(0.5) - 1, abs=0.025)


def test_a_hand_without_errors_carries_out_the_plan():
    spine = block(structures=[root_beside(6.0, 1.0)])
    target = straight_target()
    planned = plan(spine, target, NEEDLE)
    still = HandErrors(0.0, 0.0, 0.0)
    rng = np.random.default_rng(0)
    found = executions(spine, planned, target, errors=still, n=3, rng=rng)
    assert found.tip_error_mm == pytest.approx([0.0] * 3, abs=1e-9)
    assert found.angle_deg == pytest.approx([0.0] * 3, abs=1e-4)
    wanted = planned.clearance_mm["L5 right root"]
    assert found.clearance_mm["root"] == pytest.approx([wanted] * 3, abs=0.3)
    assert found.met.all()


def test_a_worse_hand_does_worse():
    spine = block(structures=[root_beside(4.0, 1.0)])
    hands = [HandErrors.preset(name) for name in ("laser_spine", "freehand")]
    better, worse = (carried_out(spine, errors=hand).summary() for hand in hands)
    assert better["met_share_low"] > worse["met_share_high"]
    assert better["tip_error_mean_mm"] < worse["tip_error_mean_mm"]


def test_rows_are_plain_and_leave_out_what_is_not_there():
    spine = block(structures=[root_beside(6.0, 1.0)])
    rows = carried_out(spine, n=3).to_rows()
    assert len(rows) == 3
    assert set(rows[0]) == {
        "tip_error_mm", "target_error_mm", "angle_deg", "root_mm", "root_breached", "window_met",
    }  # fmt: skip
    assert {type(value) for value in rows[0].values()} == {float, bool}


def test_the_same_rng_gives_the_same_bytes_at_any_number_of_threads():
    spine = block(structures=[root_beside(6.0, 1.0)])
    before, answers = threads(), []
    try:
        for count in (1, 2):
            set_threads(count)
            found = carried_out(spine, n=20_000, errors=HandErrors.preset("freehand"))
            answers.append(found.clearance_mm["root"].tobytes() + found.window_met.tobytes())
    finally:
        set_threads(before)
    assert answers[0] == answers[1]


def test_a_margin_of_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="got skin"):
        carried_out(block(), margins_mm={"skin": 1.0})


@pytest.mark.parametrize(
    ("met", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_interval_has_its_published_values(met, n, low, high):
    """Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E."""
    assert wilson(met, n) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_is_refused():
    with pytest.raises(InputError, match="met <= n"):
        wilson(3, 2)
