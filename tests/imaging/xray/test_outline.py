import numpy as np
import pytest

from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.imaging.xray.outline import POWER, side_reach
from needle_sim.imaging.xray.skin_mask import body_of

SIDES = np.array([4.0, 2.0, 2.0])


def trunk(power, *, half_width_mm=180.0, half_depth_mm=110.0, slices=12):
    """HU of a trunk whose section is a superellipse."""
    y, x = np.mgrid[-130:131:2.0, -200:201:2.0]
    inside = np.abs(x / half_width_mm) ** power + np.abs(y / half_depth_mm) ** power < 1
    return np.repeat(np.where(inside, 40, -1000)[None], slices, axis=0).astype(np.int16)


def cut(hu, side_mm, voxel_mm=2.0):
    """Columns that are left, and the body (2, I, J) that is gone, mm."""
    body = np.stack([body_of(part) for part in hu])
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    gone = int(side_mm / voxel_mm)
    low, high = columns[0] + gone, columns[-1] + 1 - gone
    missing = [part.sum(axis=2) * voxel_mm for part in (body[:, :, :low], body[:, :, high:])]
    return hu[:, :, low:high], np.stack(missing)


@pytest.mark.parametrize("side_mm", [20, 40, 60])
def test_a_trunk_of_the_assumed_section_gets_its_chords_back(side_mm):
    left, missing = cut(trunk(POWER), side_mm)
    found = side_reach(left, SIDES)
    assert np.abs(found - missing)[missing > 0].mean() < 4.0


def test_a_body_that_is_seen_whole_gets_nothing():
    assert not side_reach(trunk(2.0), SIDES).any()


def test_only_the_side_that_is_cut_is_closed():
    left, _ = cut(trunk(2.0), 40)
    whole = np.concatenate([np.full_like(left[:, :, :24], -1000), left], axis=2)
    found = side_reach(whole, SIDES)
    assert not found[0].any()
    assert found[1].max() > 0


@pytest.mark.long
@pytest.mark.parametrize("name", ["elderly_mixed", "spondylolisthesis_l4"])
def test_phantoms_that_set_no_number_here_get_their_chords_back_within_7_mm(name):
    # what is missing is 20 mm a chord on the mean, and up to 40
    left, missing = cut(build_phantom(name, voxel_mm=4.0).ct.array, 40, 4.0)
    found = side_reach(left, np.full(3, 4.0))
    assert np.abs(found - missing)[missing > 0].mean() < 7.0
