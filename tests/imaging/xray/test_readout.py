from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.readout import as_seen, mask_seen, open_seen, read_out
from needle_sim.imaging.xray.receptor.intensifier import seen_at

PANEL = Detector.preset("mobile_flat_panel")
ROUND = Detector.preset("image_intensifier")
CARM = CArm((0, 0, 0), shape=(128, 128), pixel_mm=1.8)
FLAT = np.full(CARM.shape, 1e6, np.float32)
QUANTUM = np.full(CARM.shape, 50.0, np.float32)


def test_without_noise_a_panel_gives_back_what_it_gathers_as_a_copy():
    seen, notes = read_out(FLAT, QUANTUM, CARM, PANEL, None)
    assert np.array_equal(seen, FLAT)
    assert not np.shares_memory(seen, FLAT)
    assert notes == ()


def test_an_intensifier_is_round_and_noise_lies_over_its_picture_unbent():
    clean, _ = read_out(FLAT, QUANTUM, CARM, ROUND, None)
    assert clean[0, 0] == 0 < clean[64, 64]
    noisy, _ = read_out(FLAT, QUANTUM, CARM, ROUND, np.random.default_rng(0))
    apart = (noisy - clean).astype(float)
    assert apart[40:88, 40:88].std() > 2 * apart[:20, :20].std() > 0


def test_a_note_gives_the_number_of_quanta_where_electronics_drown_them():
    few = np.full(CARM.shape, 200.0, np.float32)  # 4 quanta of 50 keV
    _, (note,) = read_out(few, QUANTUM, CARM, PANEL, None)
    assert "100 % of the middle of the field, 4 quanta a pixel" in str(note)
    silent = replace(PANEL, electronic_kev=0.0)
    assert read_out(few, QUANTUM, CARM, silent, None)[1] == ()


def test_places_and_masks_are_bent_only_by_an_intensifier():
    place, mask = np.array([[20.0, 30.0]]), np.eye(128, dtype=bool)
    assert as_seen(place, CARM, PANEL) is place
    assert mask_seen(mask, CARM, PANEL) is mask
    assert ROUND.intensifier is not None
    assert as_seen(place, CARM, ROUND) == pytest.approx(seen_at(ROUND.intensifier, CARM, place))
    assert not mask_seen(mask, CARM, ROUND)[0, 0]


def test_the_open_field_of_an_intensifier_is_round_and_blades_are_seen_in_it():
    assert open_seen(None, CARM, PANEL) is None
    blades = np.ones(CARM.shape, np.float32)
    blades[:, :40] = 0.0
    assert open_seen(blades, CARM, PANEL) is blades
    whole, shut = open_seen(None, CARM, ROUND), open_seen(blades, CARM, ROUND)
    assert whole is not None
    assert shut is not None
    across = ROUND.intensifier.field_mm * (1 + ROUND.intensifier.pincushion)
    assert whole.sum() * 1.8**2 == pytest.approx(np.pi / 4 * across**2, rel=2e-3)
    assert (shut <= whole).all()
    assert shut[64, 38] == 0 < shut[64, 42]
    assert (whole[64] - shut[64])[:38] == pytest.approx(whole[64, :38])
