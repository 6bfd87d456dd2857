"""Sacrum and iliac wings."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.sacrum import canal_points, wall_points
from needle_sim.geometry.paths import length_mm, resample


def test_the_sacrum_is_as_long_and_as_wide_as_it_should_be(mean):
    sizes = mean.spec.sacrum
    axis = Segments(mean.column.vertebrae["S1"], sizes)
    bone = mean.own["S1"]
    points = np.random.default_rng(0).uniform(*bone.box_mm, (60_000, 3))
    widest = np.abs(points[bone.distance_mm(points) < 0, 0]).max()

    assert length_mm(axis.ends) == pytest.approx(sizes["length_mm"], rel=1e-9)
    assert 2 * widest == pytest.approx(sizes["width_mm"], rel=0.04)


@pytest.mark.parametrize("side", SIDES)
def test_four_pairs_of_foramina_open_the_sacrum(mean, side):
    """From the canal a way free of bone leads forwards on each side of S1 to S4."""
    spec, bone = mean.column.vertebrae["S1"], mean.own["S1"]
    axis = Segments(spec, mean.spec.sacrum)
    line = canal_points(spec, mean.spec.sacrum)
    post = Posts(spec, side)

    for n, lateral in enumerate((20.5, 18.5, 16.0, 13.5)):
        inner = line[n + 1] - 3.0 * axis.directions[n]
        middle = inner + post.at(lateral, 0.0, 0.0)
        front = middle - 40.0 * axis.dorsal(n)
        way = resample(np.stack([inner, middle, front]), 0.5)
        assert bone.distance_mm(way).min() > 1.0


def test_the_dorsal_wall_begins_below_the_endplate(drawn):
    """The upper border lies under the endplate's level and right behind the canal."""
    spec, sizes = drawn.column.vertebrae["S1"], drawn.spec.sacrum
    found = sacrum_landmarks(spec, sizes, drawn.own["S1"])
    edge, canal = found["lamina_upper_edge"], canal_points(spec, sizes)[0]
    top = wall_points(spec, sizes)[0]

    assert 3.0 < 0.5 * spec.height_mm - edge[2] < 13.0
    assert 5.0 < edge[1] - canal[1] < 12.0
    assert edge[2] - top[2] == pytest.approx(6.0, abs=2.0)
