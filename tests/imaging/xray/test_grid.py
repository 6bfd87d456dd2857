from dataclasses import replace

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.imaging.xray.beam import Beam, spectrum
from needle_sim.imaging.xray.detector import Detector

GRID = Detector.preset("mobile_flat_panel").grid


def test_the_strips_cover_their_share_and_the_rest_is_paper():
    """Lead that stops all and paper that stops nothing leave the open share of the area."""
    assert GRID.lets_through(0.0, 0.0, 1e5, 0.0) == pytest.approx(1 - 45e-4 * 60, rel=1e-3)
    height_cm = 10 * (1 / 60 - 45e-4)
    clear = GRID.lets_through(0.0, 0.0, 1e5, 2.0) / (1 - 45e-4 * 60)
    assert clear == pytest.approx(np.exp(-2.0 * height_cm), rel=1e-3)


def test_a_ten_to_one_grid_lets_through_what_was_measured():
    """0.706 of the primary: Altunbas et al. (2016), doi:10.1118/1.4957763, abstract; 125 kV."""
    beam = Beam(125.0, 1.0, 10.0, {"aluminium": 2.5})
    signal = spectrum(beam) * Detector.preset("mobile_flat_panel").kept.mean_kev
    behind = signal * np.exp(-30.0 * 0.19)
    assert behind @ GRID.primary / behind.sum() == pytest.approx(0.706, abs=0.03)


@pytest.mark.parametrize("across", [0.0, 0.013, 0.07, 0.11, 0.4, 1.7])
@pytest.mark.parametrize("along", [0.0, 0.8])
def test_oblique_photons_meet_what_a_ray_through_drawn_strips_meets(across, along):
    """Rays that come in at many places, their way through lead counted step by step."""
    lead, between = 57.0, 0.2
    height, strip, pitch = 0.1 * GRID.height_mm, 0.1 * GRID.strip_mm, 0.1 * GRID.pitch_mm
    enter = (np.arange(2000) + 0.5) / 2000 * pitch
    step = (np.arange(3000) + 0.5) / 3000
    inside = (enter[:, None] + across * height * step) % pitch < strip
    way = height * np.sqrt(1 + across**2 + along**2)
    line = way * (inside.mean(axis=1) * (lead - between) + between)
    expected = np.exp(-line).mean()
    found = GRID.lets_through(across, along, lead, between)
    assert found == pytest.approx(expected, rel=0.01, abs=1e-5)


def test_a_higher_ratio_lets_less_scatter_through():
    slanted = [
        replace(GRID, ratio=ratio).lets_through(0.3, 0.0, 57.0, 0.2) for ratio in (0, 6, 10, 15)
    ]
    assert slanted[0] == 1
    assert (np.diff(slanted) < 0).all()


def test_every_device_has_a_grid():
    for name in presets.names("carms"):
        assert 6 <= Detector.preset(name).grid.ratio <= 16


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ratio": -1.0}, "ratio"),
        ({"strip_um": 200.0}, "pitch of 166.7"),
        ({"between": "papier"}, "papier"),
        ({"between_g_cm3": float("nan")}, "between_g_cm3"),
    ],
)
def test_an_impossible_grid_is_refused(change, says):
    with pytest.raises(InputError, match=says):
        replace(GRID, **change)


def test_a_key_of_the_old_veil_is_refused_by_name():
    table = presets.table("carms", "mobile_flat_panel")["detector"]
    table["scatter_per_g_cm2"] = 0.03
    with pytest.raises(PresetError, match=r"my.toml: detector.scatter_per_g_cm2 is not a known"):
        presets.into(Detector, table, where="my.toml: detector")
