import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import uniform_box
from needle_sim.thermal.medium import Spacing


def needle(**changes):
    values = {"gauge": 18, "outer_mm": 1.2, "inner_mm": 0.8, "length_mm": 100.0}
    return Needle(**{**values, "active_tip_mm": 10.0, **changes})


def test_the_bevel_keeps_its_volume_of_metal():
    metal = Electrode.of(needle(bevel_deg=30.0))
    bevel_mm = 1.2 / np.tan(np.radians(30.0))
    z = np.linspace(-bevel_mm, 0.0, 20001)
    volume = np.trapezoid(np.pi * metal.radius_mm(z) ** 2, z)
    assert volume == pytest.approx(np.pi * 0.6**2 * bevel_mm / 2, rel=2e-3)  # half the cylinder


def test_a_blunt_needle_is_a_cylinder():
    metal = Electrode.of(needle(bevel_deg=90.0))
    assert metal.radius_mm([-50.0, -0.01, 0.01]) == pytest.approx([0.6, 0.6, 0.0])


def test_a_sphere_is_met_where_it_is():
    z = np.linspace(-2.0, 0.0, 401)
    sphere = Electrode(np.stack([z, np.sqrt(np.maximum(0, 1 - (z + 1) ** 2))], axis=1), 2.0)
    gap = sphere.gap(np.array([0.0]), np.array([1.0]), np.array([0.0]), np.array([-1.0]))
    assert gap == pytest.approx([0.5], abs=1e-3)
    gap = sphere.gap(np.array([2.0]), np.array([-1.0]), np.array([0.5]), np.array([-1.0]))
    assert gap == pytest.approx([1.0 / 1.5], abs=1e-3)


def test_metal_cells_end_on_the_radius():
    electrode = Electrode.of(needle())
    grid = Spacing(sectors=4).grid(electrode)
    metal = electrode.metal(grid)
    shaft = metal[:, 0, 0]
    assert grid.edges[0][shaft.sum()] == pytest.approx(0.6)
    assert not metal[:, :, grid.centres[2] > 0].any()


def test_what_cannot_heat_is_refused():
    with pytest.raises(InputError, match="rf_18g_10mm"):
        Electrode.of(needle(active_tip_mm=0.0))
    with pytest.raises(InputError, match="ring grid"):
        Electrode.of(needle()).metal(uniform_box(4.0, 4))
