import numpy as np
import pytest

from needle_sim.thermal.boiling import Water
from needle_sim.thermal.grid import Grid
from needle_sim.thermal.medium import HeatMedium

WATER_J_M3 = 2.26e6 * 820.0
"""Latent heat of muscle: 75 % of 1090 kg/m3 is water."""


@pytest.fixture
def cell():
    """A row of 1 mm cells; capacities of muscle."""
    edges = (np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    return HeatMedium(Grid(edges, "box"), *(np.array(v) for v in (0.5, 3.73e6, 0.0, 0.4)))


def state(cell, *, metal=(False, False)):
    mass = cell.capacity_j_m3k * 1e-9
    return Water.of(cell, np.array(metal).reshape(2, 1, 1)), mass


def test_muscle_holds_the_latent_heat_of_its_water(cell):
    water, _ = state(cell)
    assert water.most_j == pytest.approx(WATER_J_M3 * 1e-9, rel=0.01)


def test_below_100_nothing_changes(cell):
    water, mass = state(cell)
    rise = np.array([62.9, 10.0]).reshape(2, 1, 1)
    assert (water.boil(rise, mass, 37.0) == rise).all()
    assert not water.boiled_j.any()


def test_boiling_and_condensing_keep_all_heat(cell):
    water, mass = state(cell)
    rise = np.array([73.0, 10.0]).reshape(2, 1, 1)
    held = water.boil(rise, mass, 37.0)
    assert held.ravel() == pytest.approx([63.0, 10.0])
    assert (mass * held + water.boiled_j).sum() == pytest.approx((mass * rise).sum(), rel=1e-12)
    # four degrees of cooling are paid by vapour, twelve more are not
    assert water.boil(held - 4.0, mass, 37.0).ravel() == pytest.approx([63.0, 6.0])
    assert water.boil(held - 12.0, mass, 37.0).ravel() == pytest.approx([57.0, -2.0])
    assert not water.boiled_j.any()


def test_dry_tissue_and_metal_pass_100(cell):
    water, mass = state(cell, metal=(False, True))
    rise = np.array([63.0 + 600.0, 80.0]).reshape(2, 1, 1)
    found = water.boil(rise, mass, 37.0).ravel()
    assert found[0] == pytest.approx(63.0 + 600.0 - WATER_J_M3 / 3.73e6, rel=0.02)
    assert found[1] == 80.0
