import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.thermal.control import Sensor, most_w, power_w, set_point_c, ticks
from needle_sim.thermal.medium import homogeneous
from needle_sim.thermal.protocol import Continuous, Protocol

STEP = Continuous(80.0, 90.0, ramp_s=15.0, limit_w=30.0, limit_v=20.0)


def test_steps_fill_the_protocol_and_meet_its_kinks():
    protocol = Protocol((STEP, Continuous(60.0, 7.3, ramp_s=0.0)))
    found = list(ticks(protocol, 0.5))
    ends = [tick.start_s + tick.dt_s for tick in found]
    assert ends[-1] == pytest.approx(protocol.total_s)
    assert all(
        after.start_s == pytest.approx(end) for after, end in zip(found[1:], ends[:-1], strict=True)
    )
    for kink in (15.0, 105.0):
        assert min(abs(end - kink) for end in ends) < 1e-9
    assert max(tick.dt_s for tick in found) <= 2.0 + 1e-9


def test_the_set_point_rises_straight_and_stays():
    assert [set_point_c(STEP, 35.0, t) for t in (0.0, 5.0, 15.0, 80.0)] == pytest.approx(
        [35.0, 50.0, 80.0, 80.0]
    )


def test_the_power_that_is_asked_for_puts_the_sensor_on_the_set_point():
    used = power_w(STEP, wanted_c=80.0, free_c=74.0, unit_c_w=2.0, conductance_s=0.01)
    assert 74.0 + used * 2.0 == pytest.approx(80.0)


def test_power_stays_within_what_the_generator_gives():
    settings = {"unit_c_w": 0.01, "conductance_s": 0.01}
    assert most_w(STEP, 0.01) == pytest.approx(4.0)  # 20 V on 100 ohm
    assert most_w(STEP, 1.0) == 30.0
    assert power_w(STEP, wanted_c=80.0, free_c=20.0, **settings) == pytest.approx(4.0)
    assert power_w(STEP, wanted_c=60.0, free_c=70.0, **settings) == 0.0


def test_the_sensor_reads_the_axis_behind_the_tip(cannula):
    grid = homogeneous("muscle", cannula).grid
    depth = grid.points_mm()[..., 2]
    for behind in (0.7, 1.0, 3.0):
        assert Sensor.behind_tip(grid, behind).read(depth) == pytest.approx(-behind)
    everywhere = np.full(grid.shape, 55.0)
    assert Sensor.behind_tip(grid, 1.0).read(everywhere) == pytest.approx(55.0)


def test_a_step_must_be_short():
    with pytest.raises(InputError, match="step_s"):
        list(ticks(Protocol((STEP,)), 0.0))
