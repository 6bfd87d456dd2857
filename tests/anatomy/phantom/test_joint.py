"""The facet joint's space."""

from itertools import pairwise

import numpy as np
import pytest

from needle_sim.anatomy.phantom.joint import (
    between_cartilages,
    joint_ends,
    joint_half_mm,
    joint_rows,
)
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.geometry.shapes import Implicit

LEVELS = spine_spec().levels


@pytest.mark.parametrize("side", SIDES)
def test_the_slab_fills_the_gap_and_hardly_any_bone(drawn, side):
    for upper, lower in pairwise(LEVELS):
        post, body = Posts(drawn.column.vertebrae[upper], side), drawn.column.bodies[upper]
        slab = Implicit.of(list(joint_rows(post))[:1]).moved(body)
        points = np.random.default_rng(0).uniform(*slab.box_mm, (8000, 3))
        inside = points[slab.distance_mm(points) < 0]
        depth = np.minimum(
            drawn.bones[upper].distance_mm(inside), drawn.bones[lower].distance_mm(inside)
        )

        assert np.mean(depth < 0) < 0.4
        coronal = post.spec.iap_angle_deg > 60.0  # narrow, between processes that taper
        assert np.percentile(depth, 5) > (-1.3 if coronal else -1.0)
        centre = body.apply(post.joint_below)[None]
        assert slab.distance_mm(centre)[0] < -0.5


@pytest.mark.parametrize("side", SIDES)
def test_the_joint_opens_backwards_and_outwards(drawn, side):
    for level in LEVELS[:-1]:
        post = Posts(drawn.column.vertebrae[level], side)
        if post.spec.iap_angle_deg > 60.0:  # coronal: it opens sideways
            continue
        dorsal, ventral, low = joint_ends(post)
        shape = Implicit.of(list(joint_rows(post)))

        assert dorsal[1] > ventral[1] + 4.0
        assert abs(dorsal[0]) > abs(ventral[0]) + 2.0
        assert low[2] < post.joint_below[2] - 5.0
        assert shape.distance_mm(np.stack([dorsal, ventral, low])).max() < 0.05


def test_its_face_is_as_large_as_an_articular_surface(mean):
    # about 14 x 12 mm (anatomy texts); in the volume of 1 mL (DTD) with its recesses
    for level in LEVELS[:-1]:
        across, up = joint_half_mm(mean.column.vertebrae[level])
        shape = Implicit.of(list(joint_rows(Posts(mean.column.vertebrae[level], "left"))))
        low, high = shape.box_mm
        points = np.random.default_rng(0).uniform(low, high, (20_000, 3))
        volume_mm3 = np.prod(high - low) * np.mean(shape.distance_mm(points) < 0)

        if level.startswith("T"):  # smaller and rounder than those of lumbar vertebrae
            assert 7.0 < 2 * across < 12.0
            assert 7.0 < 2 * up < 14.0
            continue
        assert 9.0 < 2 * across < 14.0
        assert 12.0 < 2 * up < 15.0
        assert 150.0 < volume_mm3 < 1000.0


@pytest.mark.parametrize("side", SIDES)
def test_cartilage_lies_on_both_faces_of_the_space(mean, side):
    """About 0.6 mm on each face of a gap of 1.7 to 2 mm; the recesses are space alone."""
    for level in LEVELS[:-1]:
        post = Posts(mean.column.vertebrae[level], side)
        gap = post.spec.joint_gap_mm
        whole = Implicit.of(list(joint_rows(post)))
        space = Implicit.of(list(between_cartilages(post)))
        line = post.joint_below + np.linspace(-2.0, 2.0, 4001)[:, None] * post.iap_normal
        thick = [np.sum(one.distance_mm(line) < 0) * 1e-3 for one in (whole, space)]

        assert thick[0] == pytest.approx(gap + 0.4, abs=0.01)
        assert 0.5 * (gap - thick[1]) == pytest.approx(0.35 * gap, abs=0.01)
        for at in (joint_ends(post)[2], joint_ends(post)[0] + 0.8 * post.iap_across):
            assert space.distance_mm(at[None])[0] < 0
            assert whole.distance_mm(at[None])[0] < 0
