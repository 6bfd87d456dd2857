import numpy as np
import pytest

from needle_sim.imaging.xray import _kernels
from needle_sim.imaging.xray.beam import Beam, material, spectrum
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import bins, open_field, transmitted

PANEL = Detector.preset("mobile_flat_panel")
CARM = CArm((0, 0, 0), shape=(9, 9), pixel_mm=1.0)
NAMES = ("water", "cortical_bone")


def slab(**mass_g_cm2):
    return PathLengths(
        CARM, {name: np.full(CARM.shape, mass, np.float32) for name, mass in mass_g_cm2.items()}
    )


def direct(beam, **mass_g_cm2):
    """Moments of the signal of the middle pixel, every 1 keV bin on its own: keV, keV2."""
    depth = sum(mass * material(COMPOSITION[name]).mu_rho for name, mass in mass_g_cm2.items())
    photons = spectrum(beam) * beam.mas * 0.01 * np.exp(-depth) * PANEL.grid.primary
    return photons @ PANEL.kept.mean_kev, photons @ PANEL.kept.square_kev2


BEAMS = [
    Beam(kvp, 1.0, 10.0, {"aluminium": al, "copper": cu}, anode_side="none")
    for kvp, al, cu in [(40, 2.5, 0.0), (60, 2.5, 0.1), (80, 2.5, 0.0), (80, 3.0, 0.2),
                        (125, 2.5, 0.0), (125, 3.0, 0.3)]
]  # fmt: skip


@pytest.mark.parametrize("beam", BEAMS, ids=lambda beam: f"{beam.kvp:g} kV {beam.filters_mm}")
def test_sixteen_bins_give_the_log_transmission_of_every_kev(beam):
    found = bins(beam, CARM, PANEL, NAMES)
    assert len(found.signal_kev) <= 16
    water = [{"soft": depth} for depth in (0.5, 1, 2, 5, 10, 15, 20, 25, 30)]
    steps = [{"bone": 1.92 * thick} for thick in (0.1, 0.5, 1, 2, 3, 5)]
    both = [{"soft": 10, "bone": 2}, {"soft": 20, "bone": 4}, {"soft": 28, "bone": 6}]
    open_kev = direct(beam)[0]
    for masses in (*water, *steps, *both):
        ours, squared = transmitted(slab(**masses), found)
        kev, kev2 = direct(beam, **masses)
        assert np.log(open_kev / ours[4, 4]) == pytest.approx(np.log(open_kev / kev), rel=5e-3)
        assert squared[4, 4] / ours[4, 4] == pytest.approx(kev2 / kev, rel=0.012)


def test_every_row_has_the_spectrum_of_its_take_off_angle():
    carm = CArm((0, 0, 0), shape=(15, 3), pixel_mm=18.0)
    for side, sign in (("first_row", 1.0), ("last_row", -1.0)):
        beam = Beam(80, 1.0, 10.0, {"aluminium": 3.0}, anode_side=side)
        found = bins(beam, carm, PANEL, NAMES)
        for row in range(15):
            angle = np.degrees(np.arctan((row - 7) * 0.018)) * sign
            photons = spectrum(beam, toward_cathode_deg=angle) * PANEL.grid.primary
            exact = photons @ PANEL.kept.mean_kev * 1.8**2
            assert found.rows_kev[row].sum() == pytest.approx(exact, rel=1e-3)
        behind, _ = transmitted(
            PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)}), found
        )
        # the same slant on both sides: what is left is the heel, weaker towards the anode
        assert (sign * (behind[::-1, 1] - behind[:, 1])[:7] > 0).all()


def test_the_picture_without_a_patient_is_the_open_field():
    carm = CArm((0, 0, 0), shape=(16, 12), pixel_mm=15.0)
    beam = Beam.preset("lumbar_ap")
    whole, _ = transmitted(PathLengths(carm, {}), bins(beam, carm, PANEL, ()))
    assert open_field(carm, beam, PANEL) == pytest.approx(whole, rel=1e-5)


def test_many_bins_are_beer_lambert_to_the_digit():
    beam = Beam.preset("lumbar_ap")
    fine = bins(beam, CARM, PANEL, NAMES, count=400)
    assert np.isfinite(fine.energy_kev).all()
    ours, _ = transmitted(slab(soft=20), fine)
    assert ours[4, 4] == pytest.approx(direct(beam, soft=20)[0], rel=1e-4)


def test_bins_hold_the_whole_signal_and_their_attenuation_falls():
    beam = Beam.preset("lumbar_ap")
    found = bins(beam, CARM, PANEL, NAMES)
    assert found.signal_kev.sum() == pytest.approx(direct(beam)[0])
    assert found.rows_kev[4] == pytest.approx(found.signal_kev, rel=1e-4)
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
