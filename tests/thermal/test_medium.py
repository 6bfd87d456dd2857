from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.thermal.grid import uniform_box
from needle_sim.thermal.medium import HeatMedium, cut_medium, homogeneous, pennes_w_m3k


def test_the_sink_of_muscle_is_the_tabulated_one():
    """Perfusion / 6e7 rho rho_b c_b of 37 mL/min/kg: 2553 W/m3K."""
    assert pennes_w_m3k(tissues()[label("muscle")]) == pytest.approx(2553, abs=1)


def test_the_grid_lies_on_the_needle(cannula):
    medium = homogeneous("muscle", cannula)
    radius, _, depth = medium.edges_mm
    for edge, edges in ((0.635, radius), (-10.0, depth), (0.0, depth)):
        assert np.abs(edges - edge).min() < 1e-9
    tip = medium.patient_from_grid.apply([0.0, 0.0, 0.0])
    assert tip == pytest.approx(cannula.trajectory.tip_mm, abs=1e-9)
    back = medium.patient_from_grid.apply([0.0, 0.0, -10.0])
    assert back == pytest.approx(cannula.active_mm[0], abs=1e-9)


def test_an_oblique_needle_meets_the_tissues_of_the_patient(layers, coarse):
    path = Trajectory.straight([3.0, 30.0, -40.0], [1.0, 4.0, 2.0])
    placed = PlacedNeedle(Needle.preset("rf_18g_10mm"), path)
    medium = cut_medium(layers, placed, spacing=coarse)
    y = medium.patient_from_grid.apply(medium.grid.points_mm())[..., 1]
    near = (medium.grid.centres[0] < 12)[:, None, None]
    by_name = {tissue.name: tissue for tissue in tissues()}
    for name, rows in (("trabecular_bone", near & (y < -7)), ("muscle", near & (y > 3))):
        tissue = by_name[name]
        assert rows.any()
        expected = (tissue.thermal.conductivity_w_mk, tissue.electrical.conductivity_s_m)
        for values, one in zip((medium.conductivity_w_mk, medium.sigma_s_m), expected, strict=True):
            assert values[rows] == pytest.approx(np.full(rows.sum(), one))
    assert medium.air is not None
    assert (y[medium.air] > 48).all()
    assert medium.sigma_s_m[medium.air].max() < 0.05


def test_a_cell_on_a_border_is_the_mean_of_its_points(layers, cannula, coarse):
    medium = cut_medium(layers, cannula, spacing=coarse)
    bone, muscle = (tissues()[label(name)] for name in ("cortical_bone", "muscle"))
    mean = (bone.thermal.conductivity_w_mk + muscle.thermal.conductivity_w_mk) / 2
    assert np.isclose(medium.conductivity_w_mk, mean).any()
    assert medium.conductivity_w_mk.min() >= bone.thermal.conductivity_w_mk - 0.2


def test_gas_in_the_bowel_conducts_as_air_and_metal_as_metal(layers, cannula, coarse):
    kinds = layers.labels.array.copy()
    kinds[:, :48] = label("bowel_gas")
    kinds[:, 65:70] = label("titanium")
    patient = replace(layers, labels=layers.labels.like(kinds, "label"))
    medium = cut_medium(patient, cannula, spacing=coarse)
    y = medium.patient_from_grid.apply(medium.grid.points_mm())[..., 1]

    assert medium.air[y < -12].all()
    assert medium.sigma_s_m[medium.air & (y < -12)].max() < 0.05
    assert medium.sigma_s_m[(y > 11) & (y < 13)].min() > 1e5


def test_a_tip_in_the_air_is_refused(layers, coarse):
    path = Trajectory.straight([0.0, 54.5, -20.0], [0.0, 54.5, 20.0])
    placed = PlacedNeedle(Needle.preset("rf_18g_10mm"), path)
    with pytest.raises(InputError, match="in air; at most 10 % can be heated: advance it"):
        cut_medium(layers, placed, spacing=coarse)


def test_properties_must_be_positive():
    with pytest.raises(InputError, match="conductivity_w_mk"):
        HeatMedium(uniform_box(4.0, 4), 0.0, 1.0, 0.0, 1.0)
    with pytest.raises(InputError, match="perfusion_w_m3k"):
        HeatMedium(uniform_box(4.0, 4), 1.0, 1.0, -1.0, 1.0)
    with pytest.raises(InputError, match="not known"):
        HeatMedium(uniform_box(4.0, 4), pennes_w_m3k(tissues()[0]), 1.0, 0.0, 1.0)
