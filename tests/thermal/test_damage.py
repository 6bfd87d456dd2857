import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.thermal.coupled import Damage
from needle_sim.thermal.damage import MODELS, arrhenius, cumulative_minutes_43


@pytest.mark.parametrize(
    ("celsius", "seconds"), [(43.0, 14400.0), (45.0, 3600.0), (50.0, 112.5), (55.0, 3.515625)]
)
def test_240_equivalent_minutes(celsius, seconds):
    """Each degree above 43 °C halves the time."""
    assert cumulative_minutes_43([celsius], dt_s=seconds) == pytest.approx(240.0)


def test_below_43_each_degree_costs_a_factor_of_four():
    assert cumulative_minutes_43([41.0], dt_s=960.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("model", "celsius", "seconds"),
    [
        ("muscle", 50.0, 313.0),
        ("muscle", 60.0, 17.2),
        ("liver", 45.0, 277.0),
        ("liver", 55.0, 14.2),
        ("skin", 50.0, 1056.0),
        ("skin", 60.0, 0.95),
    ],
)
def test_time_to_an_omega_of_one(model, celsius, seconds):
    """1 / (A exp(-Ea / R T)), worked out apart from this code."""
    omega = arrhenius([celsius], dt_s=seconds, model=model)
    assert omega == pytest.approx(1.0, rel=0.02)


@pytest.mark.kernel
@pytest.mark.parametrize("ends", [(50.0, 50.0), (44.0, 47.0), (60.0, 65.0), (80.0, 74.0)])
def test_the_step_loop_integrates_the_same_laws(ends):
    """A straight line of temperature over 2 s against 20000 samples of it."""
    total = Damage.none(np.full((2, 3, 4), ends[0]))
    before, after = np.full((2, 3, 4), ends[0]), np.full((2, 3, 4), ends[1])
    total.add(before, after, 2.0)

    line = np.linspace(*ends, 20001)
    line = 0.5 * (line[1:] + line[:-1])
    dt_s = 2.0 / 20000
    assert total.highest_c == pytest.approx(np.full((2, 3, 4), max(ends)))
    expected = 60 * cumulative_minutes_43(line, dt_s=dt_s)
    assert total.cem43_s == pytest.approx(np.full((2, 3, 4), expected), rel=1e-4)
    for index, model in enumerate(MODELS):
        expected = arrhenius(line, dt_s=dt_s, model=model)
        assert total.omega[index] == pytest.approx(np.full((2, 3, 4), expected), rel=0.01)


@pytest.mark.kernel
def test_body_heat_does_no_damage():
    total = Damage.none(np.full((2, 2, 2), 37.0))
    total.add(np.full((2, 2, 2), 37.0), np.full((2, 2, 2), 38.9), 100.0)
    assert total.cem43_s.max() == 0.0
    assert total.omega.max() == 0.0
    assert cumulative_minutes_43([39.0], dt_s=120.0) < 0.01
    assert max(arrhenius([39.0], dt_s=120.0, model=model).max() for model in MODELS) < 0.07


def test_more_heat_is_more_damage():
    celsius = np.linspace(40.0, 95.0, 100)[None]
    for dose in (cumulative_minutes_43(celsius, dt_s=1.0), arrhenius(celsius, dt_s=1.0)):
        assert (np.diff(dose) > 0).all()


def test_bad_histories_are_refused():
    with pytest.raises(InputError, match="dt_s must be positive"):
        cumulative_minutes_43([50.0], dt_s=0.0)
    with pytest.raises(InputError, match="not finite"):
        arrhenius([np.nan], dt_s=1.0)
    with pytest.raises(InputError, match="known: muscle"):
        arrhenius([50.0], dt_s=1.0, model="brain")
