"""A place on the wall of its space is drawn in; one that lies well inside stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.anatomy.settle import drawn_in


class Ball:
    """A space of radius 6 mm about the origin."""

    box_mm = np.array([[-6.0, -6.0, -6.0], [6.0, 6.0, 6.0]])

    def distance_mm(self, points_mm):
        return np.linalg.norm(points_mm, axis=1) - 6.0


@pytest.fixture(scope="module")
def patient(phantom):
    return replace(phantom, spaces={"ball": Space("ball", "foramen", Ball(), "constructed")})


@pytest.mark.parametrize("start", [5.95, 6.0, 6.4, 6.9])
def test_it_comes_to_lie_half_a_millimetre_inside_along_the_shortest_way(patient, start):
    way = np.array([2.0, -1.0, 2.0]) / 3.0
    found = drawn_in(patient, start * way, ("ball",))
    assert found == pytest.approx((6.0 - 0.5) * way, abs=0.11)
    assert np.linalg.norm(found) <= 5.5 + 1e-9


@pytest.mark.parametrize("start", [0.0, 5.5, 5.89, 8.0])
def test_what_lies_inside_or_far_off_stays(patient, start):
    point = np.array([0.0, start, 0.0])
    assert drawn_in(patient, point, ("ball",)).tolist() == point.tolist()


def test_without_a_space_nothing_moves(patient):
    assert drawn_in(patient, np.ones(3), ()).tolist() == [1.0, 1.0, 1.0]
