import numpy as np
import pytest
import spekpy
import xraydb

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import (
    Beam,
    energies_kev,
    half_value_layer_mm,
    kerma_ugy_mas,
    material,
    mu_rho,
    spectrum,
)

# kV, mm Al, mm Cu, first half-value layer mm Al, mean keV, kerma µGy/mAs at 1 m: SpekPy 2.5.4,
# tungsten at 12 degrees
PUBLISHED = [
    (60, 2.5, 0.0, 2.08, 36.0, 48.9),
    (80, 2.5, 0.0, 2.73, 42.9, 82.0),
    (100, 2.5, 0.0, 3.46, 49.1, 119),
    (120, 2.5, 0.0, 4.22, 54.4, 159),
    (80, 2.5, 0.1, 4.40, 47.9, 39.2),
    (80, 3.0, 0.2, 5.62, 51.2, 23.1),
    (120, 3.0, 0.2, 7.87, 63.6, 68.9),
]


def beam(kvp, aluminium, copper=0.0, anode=12.0):
    return Beam(kvp, 1.0, 10.0, {"aluminium": aluminium, "copper": copper}, anode)


@pytest.mark.parametrize(("kvp", "al", "cu", "layer", "mean", "kerma"), PUBLISHED)
def test_half_value_layer_mean_energy_and_kerma_agree_with_spekpy(kvp, al, cu, layer, mean, kerma):
    ours = beam(kvp, al, cu)
    photons = spectrum(ours)
    assert half_value_layer_mm(ours) == pytest.approx(layer, rel=0.025)
    assert (photons @ energies_kev()) / photons.sum() == pytest.approx(mean, rel=0.015)
    assert kerma_ugy_mas(ours) == pytest.approx(kerma, rel=0.02)


@pytest.mark.parametrize(("kvp", "anode"), [(75, 10), (110, 15)])
def test_settings_that_were_not_fitted_agree_with_spekpy(kvp, anode):
    theirs = spekpy.Spek(kvp=kvp, th=anode, dk=0.5).filter("Al", 3.0)
    ours = beam(kvp, 3.0, anode=anode)
    assert half_value_layer_mm(ours) == pytest.approx(theirs.get_hvl1(), rel=0.025)
    assert kerma_ugy_mas(ours) == pytest.approx(theirs.get_kerma(), rel=0.03)


@pytest.mark.parametrize(
    ("name", "formula", "density"), [("water", "H2O", 1.0), ("aluminium", "Al", 2.699)]
)
def test_attenuation_agrees_with_xraydb(name, formula, density):
    at_kev = np.array([30.0, 50.0, 60.0, 80.0, 120.0])
    theirs = xraydb.material_mu(formula, at_kev * 1e3, density=density)
    assert density * mu_rho(name, at_kev) == pytest.approx(theirs, rel=2e-3)


# 1/cm at 60 keV, xraydb 4.5.8 (Elam tables)
@pytest.mark.parametrize(
    ("name", "per_cm"),
    [("water", 0.2059), ("muscle", 0.2150), ("adipose", 0.1875), ("cortical_bone", 0.6045),
     ("copper", 14.27), ("steel", 9.48)],
)  # fmt: skip
def test_attenuation_at_60_kev(name, per_cm):
    assert mu_rho(name, 60.0) * material(name).density_g_cm3 == pytest.approx(per_cm, rel=4e-3)


def test_no_photon_is_above_the_tube_voltage_and_filters_harden():
    open_beam, filtered = spectrum(beam(80, 2.5)), spectrum(beam(80, 2.5, 0.2))
    assert not open_beam[energies_kev() > 80].any()
    assert (filtered <= open_beam).all()
    assert half_value_layer_mm(beam(80, 2.5, 0.2)) > half_value_layer_mm(beam(80, 2.5))


def test_a_steeper_anode_absorbs_less():
    assert kerma_ugy_mas(beam(80, 2.5, anode=8)) < kerma_ugy_mas(beam(80, 2.5, anode=16))


@pytest.mark.parametrize("name", ["lumbar_ap", "lumbar_oblique", "lumbar_lateral"])
def test_shipped_beams_can_be_had(name):
    assert 60 <= Beam.preset(name).kvp <= 120


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kvp": 300.0}, "40 to 130"),
        ({"mas": 0.0}, "mas over 0"),
        ({"anode_deg": 60.0}, "anode_deg"),
        ({"filters_mm": {"aluminum": 3.0}}, "aluminium"),
        ({"filters_mm": {"aluminium": -1.0}}, "0 to 100"),
    ],
)
def test_an_impossible_beam_is_refused(change, says):
    settings = {"kvp": 80.0, "mas": 1.0, "pulse_ms": 10.0, "filters_mm": {}, **change}
    with pytest.raises(InputError, match=says):
        Beam(**settings)
    with pytest.raises(InputError, match="keV"):
        mu_rho("water", 5.0)
