"""Polylines against geometry that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, distance_mm, length_mm, resample

CORNER = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [3.0, 4.0, 0.0]])


def test_length_is_the_sum_of_the_legs():
    assert length_mm(CORNER) == pytest.approx(7.0)


def test_resampling_keeps_both_ends_and_stays_on_the_path():
    fine = resample(CORNER, 0.3)
    assert np.array_equal(fine[0], CORNER[0])
    assert np.allclose(fine[-1], CORNER[-1])
    assert np.linalg.norm(np.diff(fine, axis=0), axis=1).max() <= 0.3 + 1e-12
    assert distance_mm(fine, CORNER).max() < 1e-9


def test_distance_is_to_the_nearest_place_of_the_path():
    points = np.array([[1.0, 2.0, 0.0], [-3.0, 4.0, 0.0], [3.0, 6.0, 0.0]])
    assert distance_mm(points, CORNER) == pytest.approx([2.0, 5.0, 2.0])


@pytest.mark.parametrize("bad", [np.zeros((3, 2)), np.zeros(3), [[0.0, 0.0, np.inf]]])
def test_points_that_are_none_are_refused(bad):
    with pytest.raises(InputError, match="path"):
        as_points(bad, "path")
