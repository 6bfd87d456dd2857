import numpy as np
import pytest

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.observer import evidence, judged, shadows

CARM = CArm((0.0, 0.0, 0.0), shape=(160, 160), pixel_mm=1.0)  # 0.6 mm at the isocentre
ROW, COLUMN = np.mgrid[0:160, 0:160]
BEFORE = np.full((160, 160), 1000.0, np.float32)
SETTING = {"threshold": 5.0, "clutter": 0.0}


def noisy(seed, shadow=0.0, before=BEFORE, noise=0.05):
    """A picture with a shadow (natural logarithm) and white noise of a share."""
    draw = np.random.default_rng(seed).standard_normal((160, 160))
    return (before * np.exp(-np.asarray(shadow)) * (1 + noise * draw)).astype(np.float32)


def line(depth, first=30, last=130, half=2):
    return depth * ((np.abs(COLUMN - 80) <= half) & (first <= ROW) & (last >= ROW))


def patch(depth, radius=22):
    return depth * (np.hypot(ROW - 80, COLUMN - 80) < radius)


def judge(*frames, **setting):
    found = evidence(noisy(99), frames, CARM, **{**SETTING, **setting})
    return judged(found), found


def test_subtraction_gives_the_depth_of_the_shadow():
    (one,) = shadows(BEFORE, [noisy(0, patch(0.3), noise=0.0)])
    assert one[80, 80] == pytest.approx(0.3, abs=1e-5)
    assert one[5, 5] == 0


def test_noise_alone_shows_nothing():
    for seed in range(20):
        word, found = judge(*(noisy(10 * seed + n) for n in range(6)))
        assert word is None
        assert found.footprint_mm2 == 0


def test_a_patch_that_stays_is_contrast():
    word, found = judge(*(noisy(n, patch(0.3)) for n in range(4)))
    assert word == "contrast"
    assert found.footprint_mm2 == pytest.approx(np.pi * (22 * 0.6) ** 2, rel=0.15)
    assert found.density == pytest.approx(0.3, rel=0.1)
    assert found.cleared_mm2 == 0


def test_a_shadow_that_clears_is_vascular():
    word, found = judge(noisy(0, line(0.3)), noisy(1, line(0.3, first=60)), noisy(2))
    assert word == "vascular"
    assert found.cleared_mm == pytest.approx(100 * 0.6, rel=0.15)


def test_a_shadow_that_thins_evenly_has_not_cleared():
    # a column in the sac spreads and thins, by less than a half
    assert judge(noisy(0, patch(0.4)), noisy(1, patch(0.26)))[0] == "contrast"


def test_a_vessel_beside_a_patch_that_stays_is_still_vascular():
    together = patch(0.35) + line(0.3, first=5, last=50)
    assert judge(noisy(0, together), noisy(1, patch(0.35)))[0] == "vascular"
    assert judge(noisy(1, patch(0.35)))[0] == "contrast"  # and too late it is missed


def test_one_picture_of_a_long_thin_line_is_vascular():
    # 1.8 mm wide, as a vein is, alone or out of a patch; 5 mm wide it is none
    vein = line(0.3, half=1)
    assert judge(noisy(0, vein))[0] == "vascular"
    assert judge(noisy(0, patch(0.3) + line(0.3, first=8, last=60, half=1)))[0] == "vascular"
    assert judge(noisy(0, line(0.3, half=4)))[0] == "contrast"


def test_a_weak_shadow_drowns_in_noise_and_in_anatomy():
    weak = line(0.02, first=20, last=140)
    assert judge(noisy(0, weak, noise=0.1), noisy(1, noise=0.1))[0] is None
    bony = BEFORE * np.exp(0.3 * np.sin(COLUMN / 2.0)) * np.exp(0.3 * np.sin(ROW / 2.3))
    bony = bony.astype(np.float32)
    frames = [noisy(0, line(0.12), bony, 0.01), noisy(1, 0.0, bony, 0.01)]
    clear = evidence(noisy(9, 0.0, bony, 0.01), frames, CARM, threshold=5.0, clutter=0.0)
    hidden = evidence(noisy(9, 0.0, bony, 0.01), frames, CARM, threshold=5.0, clutter=1.0)
    assert judged(clear) == "vascular"
    assert judged(hidden) is None


def test_a_long_even_column_is_intrathecal_and_a_patchy_one_is_not():
    column = 0.25 * ((np.abs(COLUMN - 80) < 13) & (ROW > 25) & (ROW < 140))
    assert judge(noisy(0, column))[0] == "intrathecal"
    patchy = column * (1 + 0.5 * np.sin(ROW / 1.6) * np.sin(COLUMN / 1.6))
    assert judge(noisy(0, patchy))[0] == "contrast"
    short = column * ((ROW > 60) & (ROW < 110))
    assert judge(noisy(0, short))[0] == "contrast"


def test_a_row_is_flat():
    row = judge(noisy(0, patch(0.3)))[1].to_row()
    assert all(isinstance(value, float) for value in row.values())
    assert "seen_contrast_to_noise" in row


def judge_quietly(*frames):
    found = evidence(noisy(99, noise=0.002), frames, CARM, **SETTING)
    return judged(found), found


def test_a_faint_vessel_is_seen_beside_a_dense_shadow():
    # a twentieth as deep as the patch that it leaves
    vein = patch(0.6) + line(0.03, first=5, last=57, half=1)
    assert (
        judge_quietly(noisy(0, vein, noise=0.002), noisy(1, patch(0.6), noise=0.002))[0]
        == "vascular"
    )
    assert judge_quietly(*(noisy(n, patch(0.6), noise=0.002) for n in (0, 1)))[0] == "contrast"


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_noise_of_places_that_few_photons_pass_is_not_taken_for_contrast(seed):
    # a 30th of the signal over a quarter of the picture: five times the noise there
    dark = np.where((ROW < 80) & (COLUMN < 80), 0.03, 1.0).astype(np.float32)
    rng = np.random.default_rng(seed)

    def shot(before=BEFORE):
        quantum = 0.02 / np.sqrt(dark)
        return (before * dark * np.exp(quantum * rng.standard_normal(dark.shape))).astype("f4")

    mask, frames = shot(), [shot() for _ in range(4)]
    found = evidence(mask, frames, CARM, **SETTING)
    assert judged(found) is None
    assert found.footprint_mm2 < 12.0
    seen = evidence(mask, [shot(BEFORE * np.exp(-patch(0.3)))], CARM, **SETTING)
    assert judged(seen) == "contrast"


def test_a_shadow_must_hang_together_over_twelve_square_millimetres():
    # discs of 2.5 and 20 mm2, over the noise
    small, large = (patch(0.3, radius=np.sqrt(area / np.pi) / 0.6) for area in (2.5, 20.0))
    word, found = judge(noisy(0, small))
    assert word is None
    assert found.footprint_mm2 > 0
    word, found = judge(noisy(0, large))
    assert word == "contrast"
    assert found.largest_mm2 >= 12.0
