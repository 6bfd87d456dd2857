import numpy as np
import pytest

from needle_sim.injectate.stream import stream
from needle_sim.injectate.vessel import Branch

LINE = np.array([[0.0, 0, 0], [0, 0, 120]])


def line(flow=0.05, rate=0.5, duration=2.0, path=LINE):
    return stream(path, 0.8, flow_ml_s=flow, rate_ml_s=rate, duration_s=duration, step_mm=0.8)


def test_what_was_given_lies_on_the_path_or_has_run_off():
    slow = line(rate=0.05, path=LINE * 4)
    for t in (0.2, 1.0, 2.0, 3.0):
        assert slow.filled_ml(t).sum() == pytest.approx(0.05 * min(t, 2.0), rel=1e-6)


def test_cubes_hold_what_their_piece_of_path_holds():
    filled = line().filled_ml(1.0)
    per_mm = filled.sum(axis=(1, 2)) / 0.8
    z = line().lattice.axes_mm()[2]
    # full vessel: 0.5 of 0.55 mL/s is injectate, 2.01 mm2 wide
    middle = (z > 20) & (z < 100)
    assert per_mm[middle] == pytest.approx(0.5 / 0.55 * np.pi * 0.64e-3, rel=0.03)


def test_the_head_of_the_bolus_moves_with_blood_and_injectate():
    bolus = line(flow=0.02, rate=0.06, duration=5.0)
    speed = 1e3 * 0.08 / (np.pi * 0.64)
    z = bolus.lattice.axes_mm()[2]
    profile = bolus.filled_ml(2.0).sum(axis=(1, 2))
    head = z[profile > 0.5 * np.median(profile[(z > 5) & (z < 40)])].max()
    assert head == pytest.approx(2.0 * speed, rel=0.05)


def test_blood_alone_clears_it_at_its_own_speed():
    run = line(flow=0.06, rate=0.5, duration=2.0)
    speed = 1e3 * 0.06 / (np.pi * 0.64)
    # the tail passes the end of the path 120 mm on; mixing delays the last twentieth
    assert run.leaving_s == pytest.approx(2.0 + 120 / speed, rel=0.25)
    assert run.filled_ml(run.leaving_s).sum() == pytest.approx(0.05 * 1.0, rel=1e-3)
    assert run.filled_ml(run.leaving_s + 5).sum() < 0.001


def test_more_flow_clears_sooner():
    times = [line(flow=flow).leaving_s for flow in (0.02, 0.05, 0.2)]
    assert times[0] > times[1] > times[2] > 2.0


def test_before_the_injection_there_is_nothing():
    assert line().filled_ml(0.0).sum() == 0
    assert line().filled_ml(-1.0).sum() == 0


def branched(share=0.3, length=120.0, **settings):
    side = np.array([[0.0, 0, 20], [length, 0, 20]])
    return stream(
        LINE, 0.8, flow_ml_s=0.05, rate_ml_s=0.5, duration_s=2.0, step_mm=0.8,
        branches=(Branch(side, 20.0, share),), **settings,
    )  # fmt: skip


def test_a_branch_is_as_wide_and_as_slow_as_its_share_says():
    # Murray: radius as the cube root of the flow, so area by 2/3 and speed by 1/3
    run = branched()
    x, _, z = run.lattice.axes_mm()
    filled = run.filled_ml(2.0)
    low, beyond = (z > 6) & (z < 16), (z > 30) & (z < 80)
    trunk = filled[:, :, x < 2].sum(axis=(1, 2))
    side = filled[:, :, (x > 10) & (x < 60)].sum(axis=(0, 1))
    assert trunk[beyond].mean() == pytest.approx(0.7 ** (2 / 3) * trunk[low].mean(), rel=0.02)
    assert side.mean() == pytest.approx(0.3 ** (2 / 3) * trunk[low].mean(), rel=0.02)


def test_the_head_is_slower_in_a_branch():
    early = branched().filled_ml(0.2)
    x, _, z = branched().lattice.axes_mm()
    speed = 1e3 * 0.55 / (np.pi * 0.64)
    reach = 0.2 * speed - 20.0  # beyond the branching, at the speed of the tip
    trunk, side = early[:, :, x < 2].sum(axis=(1, 2)), early[:, :, x > 3].sum(axis=(0, 1))
    up, aside = z[trunk > 0.4 * trunk[z > 25].max()].max(), x[x > 3][side > 0.5 * side.max()].max()
    assert up - 20.0 == pytest.approx(0.7 ** (1 / 3) * reach, rel=0.15)
    assert aside == pytest.approx(0.3 ** (1 / 3) * reach, rel=0.15)


def test_branches_keep_what_was_given_until_they_end():
    slow = stream(
        LINE * 4, 0.8, flow_ml_s=0.05, rate_ml_s=0.05, duration_s=2.0, step_mm=0.8,
        branches=(Branch(np.array([[0.0, 0, 20], [460.0, 0, 20]]), 20.0, 0.3),),
    )  # fmt: skip
    for t in (0.2, 1.0, 2.0, 3.0):
        assert slow.filled_ml(t).sum() == pytest.approx(0.05 * min(t, 2.0), rel=1e-6)
    # a short one drains: less is there, and it has gone sooner
    assert branched(length=15.0).filled_ml(2.0).sum() < branched().filled_ml(2.0).sum()
    assert branched(length=15.0).leaving_s <= branched().leaving_s
