"""Bars, drums and boxes against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry.parts import half_sizes, half_sizes_of
from needle_sim.geometry.shapes import (
    Implicit,
    bar,
    box,
    drum,
    trace_mm,
)

X, Y, Z = np.eye(3)
FEW = np.array([[0.0, 0, 0], [5, 0, 0], [0, -7, 0], [3, 4, 12], [-9, 2, 1], [0.1, 0.2, 30]])


@pytest.mark.kernel
def test_a_bar_of_one_point_is_a_sphere():
    ball = Implicit.of([bar([1, 2, 3], [1, 2, 3], (4.0, 4.0))])

    expected = np.linalg.norm(FEW - [1, 2, 3], axis=1) - 4.0

    assert ball.distance_mm(FEW) == pytest.approx(expected, abs=1e-12)


@pytest.mark.kernel
def test_a_round_bar_is_a_capsule():
    capsule = Implicit.of([bar([0, 0, -5], [0, 0, 8], (3.0, 3.0))])

    nearest = np.zeros_like(FEW)
    nearest[:, 2] = np.clip(FEW[:, 2], -5, 8)

    expected = np.linalg.norm(FEW - nearest, axis=1) - 3.0
    assert capsule.distance_mm(FEW) == pytest.approx(expected, abs=1e-12)


@pytest.mark.kernel
def test_a_rounded_box_is_exact():
    rounded = Implicit.of([box((4.0, 3.0, 2.0), round_mm=1.0)])

    q = np.abs(FEW) - [3.0, 2.0, 1.0]
    expected = np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0) - 1.0

    assert rounded.distance_mm(FEW) == pytest.approx(expected, abs=1e-12)


def test_a_drum_has_the_sizes_it_was_given():
    body = Implicit.of(
        [drum((48.0, 35.0), (50.0, 34.0), (28.0, 25.0), waist_mm=3.0, dish_mm=1.5, round_mm=1.0)]
    )

    def reach(at, towards):
        return trace_mm(body, np.array(at) + 60.0 * towards, -towards, off_mm=0.0) @ towards

    assert reach([0, 0, 12.0], X) == pytest.approx(24.0, abs=0.6)  # just under the rounded rim
    assert reach([0, 0, -12.0], X) == pytest.approx(25.0, abs=0.6)
    assert reach([0, 0, 0.0], X) == pytest.approx(24.5 - 3.0, abs=1e-6)
    assert reach([0, 0, 12.0], Y) == pytest.approx(17.4, abs=0.4)
    assert reach([0, -16.0, 0], Z) == pytest.approx(14.0, abs=0.3)
    assert reach([0, 16.0, 0], Z) == pytest.approx(12.5, abs=0.3)
    assert reach([0, 0.0, 0], Z) == pytest.approx(0.25 * (28 + 25) - 1.5, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), squared=st.booleans())
def test_a_bar_never_claims_more_than_the_true_distance(seed, squared):
    rng = np.random.default_rng(seed)
    start, end = rng.uniform(-10, 10, (2, 3))
    radii, last = rng.uniform(2, 7, 2), rng.uniform(2, 7, 2)
    shape = Implicit.of([bar(start, end, tuple(radii), end_radii_mm=tuple(last), squared=squared)])
    inside = rng.uniform(*shape.box_mm, (4000, 3))
    inside = inside[shape.distance_mm(inside) < 0]
    outside = rng.uniform(-40, 40, (50, 3))
    outside = outside[shape.distance_mm(outside) > 0]

    true = np.linalg.norm(outside[:, None] - inside[None], axis=2).min(axis=1)

    assert (shape.distance_mm(outside) <= true * 1.12 + 1e-9).all()  # a taper gives up to 12 %


@pytest.mark.parametrize(
    "make",
    [
        lambda: bar([0, 0, 0], [0, 0, 1], (0.0, 1.0)),
        lambda: drum((9.0, 8.0), (9.0, -8.0), (5.0, 5.0)),
        lambda: box((1.0, 1.0, 1.0), blend_mm=-1.0),
    ],
)
def test_sizes_that_are_not_positive_are_refused(make):
    with pytest.raises(InputError, match="must be positive"):
        make()


def test_half_sizes_of_many_rows_are_those_of_each():
    rows = [
        bar((0, 0, 0), (1, 2, 9), (3, 4), end_radii_mm=(5, 2), cap_mm=1.5),
        drum((40, 30), (44, 28), (25, 27)),
        box((3, 4, 5)),
    ]
    half, run = half_sizes_of(np.stack(rows))
    for n, row in enumerate(rows):
        one, length = half_sizes(row)
        np.testing.assert_array_equal(half[n], one)
        assert run[n] == length
