from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.scattering.cross import after_kev, cross
from needle_sim.imaging.xray.scattering.groups import (
    GROUPS,
    first_leaves,
    groups_of,
    later_leaves,
)
from needle_sim.imaging.xray.scattering.pyramid import pyramid

PANEL = Detector.preset("mobile_flat_panel")
BEAM = replace(Beam.preset("lumbar_ap"), anode_side="none")
CARM = CArm((0, 0, 0), shape=(64, 64), pixel_mm=4.0)


def groups(mass=20.0):
    body = pyramid(PathLengths(CARM, {"soft": np.full(CARM.shape, mass, np.float32)}))
    return groups_of(BEAM, PANEL, body, np.ones(body.density.shape[1:3]), cross())


def test_groups_leave_the_signal_of_the_whole_spectrum_behind_the_patient():
    water = material("water").mu_rho
    kept = PANEL.kept.mean_kev
    # set for 20 g/cm2; three groups harden less than a spectrum does
    for mass, off in ((20.0, 0.002), (5.0, 0.1), (35.0, 0.1)):
        whole = (spectrum(BEAM) * kept * np.exp(-mass * water)).sum()
        few = sum(
            one.photons * np.interp(one.kev, energies_kev(), kept * np.exp(-mass * water))
            for one in groups(20.0)
        )
        assert few == pytest.approx(whole, rel=off)
    assert len(groups()) == GROUPS
    assert sum(one.weights.sum() for one in groups()) == pytest.approx(GROUPS)


def test_what_is_scattered_once_leaves_less_at_large_angles_and_is_softer():
    few = groups()
    leaves, lines = first_leaves(few, PANEL, cross())
    assert (leaves[:, 1] > leaves[:, -1]).all()
    assert (lines[0, :, -1] > lines[0, :, 0]).all()  # Compton took energy
    sine = np.linspace(0.0, 1.0, leaves.shape[1])
    solid = 8.0 * np.pi * sine
    for one, leaf in zip(few, leaves, strict=True):
        mean = np.trapezoid(leaf * solid, sine)
        most, least = (
            np.interp(kev, energies_kev(), PANEL.kept.mean_kev)
            for kev in (one.kev, float(after_kev(one.kev, np.array(1.0))))
        )
        assert 0.98 * min(least, most) < mean < 1.02 * max(least, most)


def test_what_is_scattered_again_is_attenuated_more_than_the_beam():
    few = groups()
    later = later_leaves(few, PANEL, cross())
    assert later.shape == (GROUPS, 3)
    beam = np.interp([one.kev for one in few], energies_kev(), material("water").mu_rho)
    assert (later[:, 1] > beam).all()
