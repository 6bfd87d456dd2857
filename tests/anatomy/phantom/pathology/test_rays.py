"""Rays against shapes whose chords are known."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.rays import chords_mm, inside_mm, surface_normal
from needle_sim.geometry.shapes import Implicit, bar, box

BALL = Implicit.of([bar([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], (5.0, 5.0))])


@pytest.mark.parametrize("aside_mm", [0.0, 2.0, 4.0])
def test_a_chord_through_a_ball_is_the_analytic_one(aside_mm):
    half = np.sqrt(25.0 - aside_mm**2)

    ((enters, leaves),) = inside_mm(BALL, [aside_mm, -20.0, 0.0], [0.0, 1.0, 0.0])

    assert enters == pytest.approx(20.0 - half, abs=0.01)
    assert leaves == pytest.approx(20.0 + half, abs=0.01)


def test_a_ray_that_begins_inside_begins_at_nought():
    assert inside_mm(BALL, [0.0, 0.0, 0.0], [1.0, 0.0, 0.0])[0] == pytest.approx(
        (0.0, 5.0), abs=0.01
    )


def test_a_slanted_ray_reads_a_sheet_square_to_its_face():
    sheet = Implicit.of([box((20.0, 1.75, 20.0))])

    assert chords_mm(sheet, [0.0, -10.0, 0.0], [0.3, 1.0, 0.2]) == pytest.approx([3.5], abs=0.01)


def test_a_ray_that_misses_reads_nothing():
    assert inside_mm(BALL, [9.0, -20.0, 0.0], [0.0, 1.0, 0.0]) == []
    assert chords_mm(BALL, [9.0, -20.0, 0.0], [0.0, 1.0, 0.0]) == []


def test_a_normal_points_out_of_the_shape():
    at = np.array([3.0, 0.0, 4.0])

    assert surface_normal(BALL, at) == pytest.approx(at / 5.0, abs=1e-4)
