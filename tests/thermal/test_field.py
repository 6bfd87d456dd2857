import numpy as np
import pytest

from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.field import Circuit, sigma_factor
from needle_sim.thermal.medium import Spacing


def sphere(radius_mm=1.0):
    z = np.linspace(-2 * radius_mm, 0.0, 801)
    width = np.sqrt(np.maximum(0.0, radius_mm**2 - (z + radius_mm) ** 2))
    return Electrode(np.stack([z, width], axis=1), 2 * radius_mm)


def cylinder(active_mm=10.0):
    return Electrode(np.array([[-400.0, 0.6], [0.0, 0.6]]), active_mm)


def solved(electrode, spacing, sigma=0.35):
    grid = spacing.grid(electrode)
    return grid, Circuit.of(grid, electrode).solve(np.broadcast_to(sigma, grid.shape) * 1.0)


def test_a_sphere_has_its_analytic_resistance():
    """1 / (4 pi sigma) (1 / a - 1 / b); the far wall, a cylinder, lies between 42 and 60 mm."""
    grid, found = solved(sphere(), Spacing(near_mm=0.1, growth=1.1, sectors=1))
    resistance = [(1e3 - 1e3 / b) / (4 * np.pi * 0.35) for b in (42.0, 60.0)]
    assert resistance[0] * 0.99 < 1 / found.conductance_s < resistance[1] * 1.01
    # phi = V a / r, less the far wall's share
    at = grid.interpolate(found.volt, [[3.0, 0.0, -1.0], [0.0, 0.0, 2.0]])
    assert at == pytest.approx([(1 / 3 - 1 / 45) / (1 - 1 / 45)] * 2, rel=0.02)


def test_the_error_in_the_resistance_of_a_sphere_falls_with_the_cells():
    found = [
        solved(sphere(), Spacing(near_mm=near, growth=1.0 + near, sectors=1))[1].conductance_s
        for near in (0.2, 0.1, 0.05)
    ]
    assert abs(found[2] - found[1]) < 0.7 * abs(found[1] - found[0]) + 1e-6


def test_the_true_radius_carries_the_current_whatever_the_cells():
    """A cylinder is a coordinate surface: halving the cells moves its conductance by little."""
    rough = solved(cylinder(), Spacing(near_mm=0.2, growth=1.15, sectors=1))[1].conductance_s
    fine = solved(cylinder(), Spacing(near_mm=0.1, growth=1.08, sectors=1))[1].conductance_s
    assert rough == pytest.approx(fine, rel=0.01)


def test_power_heats_the_tissue_beside_the_bare_metal():
    grid, found = solved(cylinder(), Spacing(near_mm=0.2, growth=1.2, sectors=4))
    assert found.heat_w.sum() == pytest.approx(1.0, rel=1e-12)
    assert (found.heat_w >= 0).all()
    metal = cylinder().metal(grid)
    assert found.heat_w[metal].sum() < 1e-12
    z = grid.centres[2]
    beside = found.heat_w[metal[:, 0, 0].sum()].sum(axis=0)
    assert beside[z < -13].max() < 0.01 * beside[(z > -10) & (z < 0)].max()


def test_terminal_current_equals_dissipated_power():
    grid, found = solved(cylinder(), Spacing(near_mm=0.2, growth=1.2, sectors=1))
    radius = np.searchsorted(grid.edges[0], 3.0)
    depth = np.searchsorted(grid.edges[2], [-14.0, 4.0])
    # the current through a closed surface about the bare tip, at 1 V, is the conductance
    low, high = grid.halves(0)
    link = 0.35 / (high[radius - 1] + low[radius])[0, depth[0] : depth[1]]
    volt = found.volt[:, 0, :]
    side = (link * (volt[radius - 1] - volt[radius])[depth[0] : depth[1]]).sum()
    low, high = (np.broadcast_to(one, grid.shape) for one in grid.halves(2))
    metal = cylinder().metal(grid)[:radius, 0, depth[0] - 1]
    ends = 0.0
    for k, sign in ((depth[0], 1.0), (depth[1], -1.0)):
        face = 0.35 / (high[:radius, 0, k - 1] + low[:radius, 0, k])
        drop = sign * (volt[:radius, k] - volt[:radius, k - 1])
        ends += np.where(metal if sign > 0 else False, 0.0, face * drop).sum()
    assert side + ends == pytest.approx(found.conductance_s, rel=1e-4)


def test_a_mirror_of_the_tissue_mirrors_the_field():
    electrode, spacing = cylinder(), Spacing(near_mm=0.3, growth=1.3, sectors=8)
    grid = spacing.grid(electrode)
    sigma = np.random.default_rng(0).uniform(0.05, 2.0, grid.shape)
    circuit = Circuit.of(grid, electrode)
    there, back = circuit.solve(sigma), circuit.solve(np.ascontiguousarray(sigma[:, ::-1]))
    assert back.conductance_s == pytest.approx(there.conductance_s, rel=1e-5)
    assert back.volt[:, ::-1] == pytest.approx(there.volt, abs=1e-4)


def test_conductance_is_proportional_to_sigma():
    spacing = Spacing(near_mm=0.3, growth=1.3, sectors=1)
    one, two = solved(cylinder(), spacing)[1], solved(cylinder(), spacing, 0.7)[1]
    assert two.conductance_s == pytest.approx(2 * one.conductance_s, rel=1e-7)


def test_sigma_rises_two_percent_a_degree_and_falls_in_vapour():
    assert sigma_factor([37.0, 38.0, 87.0]) == pytest.approx([1.0, 1.02, 2.0])
    assert sigma_factor(106.0) == pytest.approx(0.01 * sigma_factor(100.0))
