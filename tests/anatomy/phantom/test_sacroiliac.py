"""The sacroiliac joint as the gap between two bones."""

import numpy as np
import pytest

from needle_sim.anatomy.compartment import compartment
from needle_sim.anatomy.phantom.sacroiliac import Between
from needle_sim.geometry.shapes import Implicit, box


def plates(gap_mm: float) -> tuple[Implicit, Implicit]:
    half = 5.0, 20.0, 20.0
    away = half[0] + 0.5 * gap_mm
    return tuple(
        Implicit.of([box(half, centre_mm=[sign * away, 0.0, 0.0])]) for sign in (-1.0, 1.0)
    )


@pytest.mark.parametrize("gap_mm", [1.0, 2.0])
def test_between_plates_the_distance_is_that_to_the_nearer_face(gap_mm):
    joint = Between(*plates(gap_mm))
    x = np.linspace(-0.5 * gap_mm - 2.0, 0.5 * gap_mm + 2.0, 81)
    points = np.stack([x, 0 * x, 0 * x], axis=1)

    inside = np.abs(x) < 0.5 * gap_mm
    exact = np.abs(x) - 0.5 * gap_mm
    found = joint.distance_mm(points)
    np.testing.assert_array_equal(found < 0, inside)
    np.testing.assert_allclose(found[~inside], exact[~inside], atol=1e-6)


def test_a_gap_that_is_too_wide_is_no_joint():
    joint = Between(*plates(4.0))
    points = np.random.default_rng(0).uniform(-30, 30, (5000, 3))

    assert (joint.distance_mm(points) > 0).all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_phantoms_joint_lies_between_ala_and_wing(phantom, side):
    joint = phantom.spaces[f"{side} sacroiliac_joint"].shape
    low, high = joint.box_mm
    points = np.random.default_rng(0).uniform(low, high, (60_000, 3))
    inside = points[joint.distance_mm(points) < 0]

    assert len(inside) > 100
    assert (np.sign(inside[:, 0]) == (1.0 if side == "left" else -1.0)).all()
    for bone in ("S1", f"{side} ilium"):
        away = phantom.bones[bone].distance_mm(inside)
        assert (away > 0).all()
        assert away.max() < 2.6
    volume_ml = len(inside) / len(points) * np.prod(high - low) * 1e-3
    assert 0.5 < volume_ml < 6.0
    assert {compartment(phantom, point).kind for point in inside[:20]} == {"intra_articular"}
