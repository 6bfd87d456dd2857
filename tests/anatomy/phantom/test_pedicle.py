"""The isthmus of a pedicle and its clock."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pedicle import isthmus, pedicle_landmarks
from needle_sim.anatomy.phantom.posts import SIDES, UP, Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.shapes import Implicit, bar

LEVELS = spine_spec().levels[:-1]
WITH_A_NECK = LEVELS[:-1]  # from the pedicle of L5 its transverse process springs at once


def test_the_isthmus_of_an_hourglass_is_its_neck(mean):
    post = Posts(mean.column.vertebrae["L3"], "left")
    axis, neck = post.pedicle_axis, post.pedicle - 1.3 * post.pedicle_axis
    rows = [
        bar(neck, neck + way * 20.0 * axis, (4.0, 6.0), end_radii_mm=(9.0, 12.0), blend_mm=0.0)
        for way in (1.0, -1.0)
    ]

    found = isthmus(post, Implicit.of(rows))

    assert float((found - neck) @ axis) == pytest.approx(0.0, abs=0.25)


@pytest.mark.parametrize("level", WITH_A_NECK)
def test_at_the_isthmus_the_pedicle_is_as_wide_and_high_as_its_sizes(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    for side in SIDES:
        found = pedicle_landmarks(Posts(spec, side), bone)
        wide = abs(found["pedicle_lateral"] - found["pedicle_medial"])[0]
        slant = np.cos(np.radians(spec.pedicle_transverse_deg))

        assert wide * slant == pytest.approx(spec.pedicle_width_mm, rel=0.16)
        high = (found["pedicle_12_oclock"] - found["pedicle_6_oclock"])[2]
        assert high == pytest.approx(spec.pedicle_height_mm, rel=0.16)


def test_it_runs_smoothly_with_the_sizes(mean):
    """A thousandth more of a size moves no point by more than a few times as much."""
    spec = mean.column.vertebrae["L4"]
    before = pedicle_landmarks(Posts(spec, "left"), mean.own["L4"])
    for name in ("pedicle_width_mm", "canal_width_mm", "tp_height_mm", "pedicle_length_mm"):
        other = spec.scaled({name: 1.001})
        after = pedicle_landmarks(Posts(other, "left"), vertebra_shape(other))
        moved = max(float(np.linalg.norm(after[key] - before[key])) for key in before)
        assert moved < 8.0 * 0.001 * getattr(spec, name), name


def test_the_recess_lies_in_the_canal_beside_the_pedicle(drawn):
    for level in LEVELS:
        spec, bone = drawn.column.vertebrae[level], drawn.own[level]
        for side in SIDES:
            found = pedicle_landmarks(Posts(spec, side), bone)
            at = found["lateral_recess"]

            assert 0.5 < bone.distance_mm(at[None])[0] <= 2.6
            assert abs(at[0]) < 0.5 * spec.canal_width_mm
            assert np.dot(found["pedicle_12_oclock"] - found["pedicle_6_oclock"], UP) > 8.0
