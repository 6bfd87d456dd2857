import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from needle_sim import jit
from needle_sim.errors import InputError
from needle_sim.thermal.bioheat import heat, heat_medium
from needle_sim.thermal.lesion import measure
from needle_sim.thermal.medium import cut_medium, homogeneous
from needle_sim.thermal.protocol import Continuous, Protocol


@pytest.mark.long
def test_heat_in_a_patient_on_the_default_grid(layers, cannula):
    calls = []
    history = heat(
        layers,
        [cannula],
        Protocol.preset("continuous_80c_90s"),
        progress=lambda done, total: calls.append((done, total)),
    )
    held = history.time_s > 15.0 + 1e-9
    assert np.abs(history.sensor_c[held] - 80.0).max() < 1.0
    assert np.abs(history.set_c - history.sensor_c).max() < 1.0
    assert calls[-1][0] == calls[-1][1] == len(history.time_s)
    lesion = measure(history)
    assert 10 < lesion.extents["50c"].length_mm < 22
    assert history.energy.relative_error < 1e-6
    assert history.notes == ()


def test_the_sensor_holds_the_set_point(bench, beside_bone):
    for history in (bench, beside_bone):
        held = history.time_s > 15.0 + 1e-9
        assert np.abs(history.sensor_c[held] - 80.0).max() < 0.1


def test_tissue_is_hotter_than_the_sensor(bench):
    """It is heated by the current, the metal by the tissue; 9-19 °C in models of this kind."""
    assert 5.0 < bench.hottest_c.max() - 80.0 < 20.0


def test_bone_turns_the_lesion_away(beside_bone):
    """Bone insulates against current and heats less: compare equal distances either side."""
    reach = [[0.0, y, -5.0] for y in (-4.0, 4.0)]
    bone_c, muscle_c = beside_bone.peak_c(np.array(reach))
    assert bone_c != pytest.approx(muscle_c, abs=0.5)


def test_a_mirrored_patient_has_a_mirrored_lesion(beside_bone):
    """The layers are even in x, the needle lies in x = 0."""
    points = np.random.default_rng(0).uniform([0.5, -6, -14], [6, 6, 4], (200, 3))
    mirrored = beside_bone.peak_c(points * [-1.0, 1.0, 1.0])
    assert mirrored == pytest.approx(beside_bone.peak_c(points), abs=1e-3)


def test_same_bytes_at_one_and_two_threads_and_side_by_side(layers, cannula, coarse):
    medium = cut_medium(layers, cannula, spacing=coarse)
    protocol = Protocol((Continuous(70.0, 6.0, 4.0),))

    def run(threads):
        jit.set_threads(threads)
        return heat_medium(medium, [cannula], protocol).highest_c.tobytes()

    alone = run(1)
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(run, [1, 2, 2])) == {alone}


def test_a_weak_generator_says_that_it_did_not_hold(cannula, layers, coarse):
    medium = cut_medium(layers, cannula, spacing=coarse)
    protocol = Protocol((Continuous(80.0, 20.0, 5.0, limit_w=1.0),))
    history = heat_medium(medium, [cannula], protocol)
    assert history.power_w.max() <= 1.0 + 1e-12
    assert history.sensor_c[-1] < 79.0
    assert "did not hold" in history.notes[0].text


def test_a_load_that_a_generator_refuses_is_noted(cannula, coarse):
    medium = homogeneous("cortical_bone", cannula, spacing=dataclasses.replace(coarse, sectors=1))
    history = heat_medium(medium, [cannula], Protocol((Continuous(60.0, 2.0, 2.0),)))
    assert history.impedance_ohm[0] > 1000
    assert "refuse this load" in str(history.notes[0])


def test_a_cold_start_needs_more_power_and_destroys_less(cannula, layers, coarse, beside_bone):
    medium = cut_medium(layers, cannula, spacing=coarse)
    protocol = Protocol.preset("continuous_80c_90s")
    cold = heat_medium(medium, [cannula], protocol, start_c=22.0)
    assert cold.power_w.max() > beside_bone.power_w.max()
    small, large = (measure(one).extents["50c"].volume_mm3 for one in (cold, beside_bone))
    assert small < large


def test_what_cannot_be_run_is_refused(layers, cannula, coarse):
    protocol = Protocol.preset("continuous_80c_90s")
    with pytest.raises(InputError, match="one electrode, got 2"):
        heat(layers, [cannula, cannula], protocol)
    with pytest.raises(InputError, match="one electrode, got 0"):
        heat(layers, [], protocol)
    medium = cut_medium(layers, cannula, spacing=coarse)
    with pytest.raises(InputError, match="start_c"):
        heat_medium(medium, [cannula], protocol, start_c=80.0)
    with pytest.raises(InputError, match="sensor"):
        heat_medium(medium, [cannula], Protocol(protocol.steps, sensor_mm=12.0))
