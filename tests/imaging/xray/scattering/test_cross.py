import numpy as np
import pytest
import xraydb

from needle_sim.imaging.xray.beam import energies_kev, material
from needle_sim.imaging.xray.scattering.cross import after_kev, at_energy, cross

WATER = {"H": 0.1119, "O": 0.8881}


def test_cross_sections_are_those_of_the_tables():
    kev = np.array([20.0, 40.0, 60.0, 80.0, 110.0])
    for kind, ours in (("coh", cross().coherent), ("incoh", cross().incoherent)):
        theirs = sum(f * xraydb.mu_elam(e, kev * 1e3, kind=kind) for e, f in WATER.items())
        assert at_energy(ours[0], kev) == pytest.approx(theirs, rel=0.005)
    assert np.array_equal(cross().total[1], material("cortical_bone").mu_rho)
    assert (cross().coherent + cross().incoherent < cross().total).all()


def test_angles_are_shares_and_coherent_ones_lie_ahead():
    sine = np.linspace(0.0, 1.0, 2001)
    for kind in cross().per_angle(60.0, sine):
        assert 8 * np.pi * np.trapezoid(kind * sine, sine) == pytest.approx(1.0)
    coherent, incoherent = cross().per_angle(60.0, sine)
    ahead = sine < np.sin(np.radians(15))  # 30 degrees
    solid = 8 * np.pi * sine
    assert np.trapezoid((coherent * solid)[ahead], sine[ahead]) > 0.7
    assert np.trapezoid((incoherent * solid)[ahead], sine[ahead]) < 0.15


def test_compton_scatter_backwards_takes_what_the_formula_says():
    assert after_kev(510.99895, np.array(1.0)) == pytest.approx(510.99895 / 3)
    assert energies_kev()[0] == 10.5  # `at_energy` holds to the table
    assert at_energy(np.arange(140.0), 12.0) == pytest.approx(1.5)
