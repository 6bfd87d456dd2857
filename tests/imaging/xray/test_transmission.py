import numpy as np
import pytest

from needle_sim.imaging.xray import _kernels
from needle_sim.imaging.xray.beam import Beam, energies_kev, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import bins, transmitted

PANEL = Detector.preset("mobile_flat_panel")
CARM = CArm((0, 0, 0), shape=(9, 9), pixel_mm=1.0)
NAMES = ("water", "cortical_bone")


def slab(**mass_g_cm2):
    return PathLengths(
        CARM, {name: np.full(CARM.shape, mass, np.float32) for name, mass in mass_g_cm2.items()}
    )


@pytest.mark.parametrize("preset", ["lumbar_ap", "lumbar_lateral"])
@pytest.mark.parametrize(("soft", "bone"), [(0, 0), (10, 0), (20, 2), (32, 4)])
def test_twelve_bins_agree_with_the_whole_spectrum(preset, soft, bone):
    beam = Beam.preset(preset)
    ours, squared = transmitted(slab(soft=soft, bone=bone), bins(beam, CARM, PANEL, NAMES))
    depth = soft * material("water").mu_rho + bone * material("cortical_bone").mu_rho
    absorbed = spectrum(beam) * beam.mas * 0.01 * energies_kev() * PANEL.stopped * np.exp(-depth)
    assert ours[4, 4] == pytest.approx(absorbed.sum(), rel=0.015)
    mean_kev = (absorbed @ energies_kev()) / absorbed.sum()
    assert squared[4, 4] / ours[4, 4] == pytest.approx(mean_kev, rel=0.01)


def test_many_bins_are_beer_lambert_to_the_digit():
    beam = Beam.preset("lumbar_ap")
    fine = bins(beam, CARM, PANEL, NAMES, count=400)
    assert np.isfinite(fine.energy_kev).all()
    ours, _ = transmitted(slab(soft=20), fine)
    absorbed = spectrum(beam) * beam.mas * 0.01 * energies_kev() * PANEL.stopped
    exact = (absorbed * np.exp(-20 * material("water").mu_rho)).sum()
    assert ours[4, 4] == pytest.approx(exact, rel=1e-4)


def test_bins_hold_the_whole_signal_and_their_attenuation_falls():
    beam = Beam.preset("lumbar_ap")
    found = bins(beam, CARM, PANEL, NAMES)
    whole = (spectrum(beam) * beam.mas * 0.01 * energies_kev() * PANEL.stopped).sum()
    assert found.signal_kev.sum() == pytest.approx(whole)
    assert (np.diff(found.energy_kev) > 0).all()
    assert (np.diff(found.mu_rho["cortical_bone"]) < 0).all()


def test_more_current_and_less_distance_give_more_signal():
    beam = Beam.preset("lumbar_ap")
    double = Beam(beam.kvp, 2 * beam.mas, beam.pulse_ms, beam.filters_mm, beam.anode_deg)
    once, twice = (
        transmitted(slab(soft=10), bins(b, CARM, PANEL, NAMES))[0] for b in (beam, double)
    )
    assert twice == pytest.approx(2 * once, rel=1e-5)


def test_an_open_field_falls_off_as_the_cube_of_the_cosine():
    carm = CArm((0, 0, 0), shape=(1, 11), pixel_mm=20.0)
    open_field, _ = transmitted(
        PathLengths(carm, {}), bins(Beam.preset("lumbar_ap"), carm, PANEL, ())
    )
    assert open_field[0, 10] / open_field[0, 5] == pytest.approx(1.01**-1.5, rel=1e-5)


@pytest.mark.kernel
def test_the_kernels_exponential_is_that_of_numpy_to_a_rounding():
    rng = np.random.default_rng(0)
    masses = rng.uniform(0, 90, (2, 3, 12)).astype(np.float32)
    masses[0, 0, 0] = 5000.0  # nothing comes through
    masses[:, 0, 1] = 0.0
    mu = rng.uniform(0.1, 0.4, (2, 5))
    kev, energy = rng.uniform(1, 9, (2, 5)).astype(np.float32)
    signal, squared = np.zeros((2, 3, 12), np.float32)

    line, bits = np.empty(12, np.float32), np.empty(12, np.int32)
    _kernels.beer(masses, mu, kev, energy, line, bits, signal, squared)

    exact = np.exp(-np.tensordot(mu.T, masses.astype(float), axes=1)) * kev[:, None, None]
    assert signal == pytest.approx(exact.sum(axis=0), rel=3e-6, abs=1e-30)
    assert squared == pytest.approx(
        (energy[:, None, None] * exact).sum(axis=0), rel=3e-6, abs=1e-30
    )


def test_a_part_of_the_detector_is_that_part_of_the_whole():
    paths = PathLengths(
        CARM, {"soft": np.random.default_rng(0).uniform(5, 30, CARM.shape).astype(np.float32)}
    )
    beam = bins(Beam.preset("lumbar_ap"), CARM, PANEL, NAMES)
    part = slice(2, 7), slice(3, 6)
    for some, whole in zip(
        transmitted(paths, beam, part=part), transmitted(paths, beam), strict=True
    ):
        assert (some == whole[part]).all()
