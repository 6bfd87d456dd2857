from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.receptor.intensifier import (
    Intensifier,
    bent,
    flat_at,
    nearest,
    opening,
    seen_at,
    veiled,
)

CARM = CArm((0, 0, 0), shape=(192, 160), pixel_mm=1.2)
BENT = Intensifier(180.0, pincushion=0.07, twist_deg=3.0, glare_share=0.22, glare_mm=30.0)


def test_there_and_back_is_the_same_place():
    places = np.random.default_rng(0).uniform(-40, 240, (200, 2))
    assert flat_at(BENT, CARM, seen_at(BENT, CARM, places)) == pytest.approx(places, abs=1e-9)
    straight = Intensifier(180.0)
    assert seen_at(straight, CARM, places) == pytest.approx(places, abs=1e-12)


def test_the_edge_of_the_field_is_seen_further_out_and_turned():
    middle = np.array([95.5, 79.5])
    edge = middle + np.array([0.0, 75.0])  # 90 mm along a row
    away = seen_at(BENT, CARM, edge) - middle
    assert np.hypot(*away) == pytest.approx(75 * 1.07)
    assert np.degrees(np.arctan2(-away[0], away[1])) == pytest.approx(3.0)
    assert seen_at(BENT, CARM, middle) == pytest.approx(middle)


def test_a_dot_is_drawn_where_its_place_is_seen():
    rows, columns = np.indices(CARM.shape)
    for at in ([60.0, 50.0], [140.0, 110.0], [95.0, 80.0]):
        dot = np.exp(-((rows - at[0]) ** 2 + (columns - at[1]) ** 2) / 8.0).astype(np.float32)
        seen = bent(dot, CARM, replace(BENT, glare_share=0.0)).astype(float)
        found = np.array([(seen * rows).sum(), (seen * columns).sum()]) / seen.sum()
        assert found == pytest.approx(seen_at(BENT, CARM, at), abs=0.05)
        # what a dot holds is neither lost nor made
        assert seen.sum() == pytest.approx(dot.sum(), rel=0.01)


def test_the_field_is_round_and_its_edge_darker_by_the_area_it_shows():
    flat = np.ones(CARM.shape, np.float32)
    seen = bent(flat, CARM, BENT)
    assert seen[95, 79] == pytest.approx(1.0, abs=1e-3)
    assert seen[0, 0] == 0
    rows, columns = np.indices(CARM.shape)
    radius = np.hypot(rows - 95.5, columns - 79.5)
    edge = 75 * 1.07
    assert not seen[radius > edge + 1].any()
    rim = seen[(radius > edge - 2) & (radius < edge - 1)].mean()
    assert rim == pytest.approx(1 / (1.07 * 1.21), rel=0.02)


def test_without_a_bend_the_picture_stays():
    image = np.random.default_rng(0).random(CARM.shape).astype(np.float32)
    seen = bent(image, CARM, Intensifier(180.0))
    inside = opening(CARM, Intensifier(180.0)) == 1
    assert seen[inside] == pytest.approx(image[inside], abs=1e-6)


def test_glare_darkens_bright_light_and_fills_a_lead_disc():
    rows, columns = np.indices(CARM.shape)
    radius = np.hypot(rows - 95.5, columns - 79.5) * 1.2
    lead = np.where(radius < 10, 0.0, 1.0).astype(np.float32)
    seen = veiled(lead, CARM, BENT)
    # exp(-r / k) / r over the ring from the disc to the field's edge
    expected = 0.22 * (np.exp(-10 / 30) - np.exp(-90 / 30))
    assert seen[95, 79] == pytest.approx(expected, rel=0.06)
    ratio = seen[(radius > 11) & (radius < 13)].mean() / seen[95, 79]
    assert 4 < ratio < 10


def test_glare_is_a_share_and_no_more():
    """A wide field far from its edge keeps its level; a small one loses what strays out of it."""
    carm = CArm((0, 0, 0), shape=(256, 256), pixel_mm=2.0)
    wide = Intensifier(500.0, glare_share=0.22, glare_mm=10.0)
    flat = np.ones(carm.shape, np.float32)
    assert veiled(flat, carm, wide)[128, 128] == pytest.approx(1.0, abs=0.01)
    assert veiled(flat, carm, replace(wide, glare_share=0.0)) is flat
    small = replace(wide, glare_mm=400.0)
    assert 0.78 < veiled(flat, carm, small)[128, 128] < 0.92


def test_masks_follow_the_picture():
    mask = np.zeros(CARM.shape, bool)
    mask[100:120, 100:120] = True
    seen = nearest(mask, CARM, BENT)
    middle = np.argwhere(seen).mean(axis=0)
    assert middle == pytest.approx(seen_at(BENT, CARM, [109.5, 109.5]), abs=0.6)


@pytest.mark.kernel
def test_small_pictures_are_bent_too():
    carm = CArm((0, 0, 0), shape=(10, 10), pixel_mm=1.0)
    seen = bent(np.ones((10, 10), np.float32), carm, Intensifier(8.0, pincushion=0.1))
    assert seen[4:6, 4:6] == pytest.approx(np.ones((2, 2)), abs=0.02)
    assert seen[0, 0] == 0


def test_an_impossible_intensifier_is_refused():
    for change in (
        {"field_mm": 0.0}, {"pincushion": -0.1}, {"twist_deg": 90.0}, {"glare_share": 1.0},
        {"glare_mm": float("nan")},
    ):  # fmt: skip
        with pytest.raises(InputError):
            replace(BENT, **change)
    with pytest.raises(InputError, match="finite"):
        seen_at(BENT, CARM, [np.nan, 0.0])
