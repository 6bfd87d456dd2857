"""The iliac wings."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.ilium import wing_edges
from needle_sim.anatomy.phantom.posts import SIDES


@pytest.mark.parametrize("side", SIDES)
def test_the_sacroiliac_joint_is_a_narrow_gap(mean, side):
    sacrum, wing = mean.bones["S1"], mean.bones[f"{side} ilium"]
    low = np.maximum(sacrum.box_mm[0], wing.box_mm[0])
    high = np.minimum(sacrum.box_mm[1], wing.box_mm[1])
    points = np.random.default_rng(0).uniform(low, high, (60_000, 3))
    from_both = np.maximum(sacrum.distance_mm(points), wing.distance_mm(points))

    assert from_both.min() > 0.3  # nowhere in both
    assert from_both.min() < 2.0  # and a gap of at most some millimetres


def test_wings_mirror_each_other(mean):
    right, left = mean.bones["right ilium"], mean.bones["left ilium"]
    points = np.random.default_rng(0).uniform(*left.box_mm, (3000, 3))

    assert left.distance_mm(points) == pytest.approx(right.distance_mm(points * [-1, 1, 1]))


def test_the_crests_reach_the_height_of_l4_l5(mean):
    # doi:10.1097/BRS.0b013e318166f58c: from the body of L4 (men) to that of L5 (women)
    top = mean.bones["left ilium"].box_mm[1, 2]
    l4, l5 = (mean.column.bodies[level].matrix[2, 3] for level in ("L4", "L5"))

    assert l5 < top < l4 + 14.0


def test_the_plate_is_thin_under_a_thick_crest(mean):
    """Ebraheim 1997, Spine 22:847: 18.9 +- 2.3 mm at the tubercle; Wang 2020,
    doi:10.17632/n5bkvctf4c.1: under 5 mm between the cortices 20 mm under the crest and on."""
    crest, base = wing_edges(mean.column.vertebrae["S1"], mean.spec.sacrum, "left")
    body, wing = mean.column.bodies["S1"], mean.bones["left ilium"]
    tubercle = body.apply(crest[8])
    out = np.cross(crest[9] - crest[7], base[8] - crest[8])
    out = body.turn(out / np.linalg.norm(out))
    way = np.linspace(-20.0, 20.0, 401)

    def thick(at):
        return 0.1 * (wing.distance_mm(at + way[:, None] * out) < 0).sum()

    assert thick(tubercle) == pytest.approx(18.9, abs=2 * 2.3)
    plate = [thick(body.apply(crest[8] + share * (base[8] - crest[8]))) for share in (0.35, 0.45)]
    assert 3.0 < min(plate) < 5.0 + 2 * 1.2  # with its cortices
