"""Signed distances against closed forms, and the laws that planning leans on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry import _kernels
from needle_sim.geometry.shapes import (
    Implicit,
    Tube,
    bar,
    box,
    distance_to_tubes_mm,
    drum,
    trace_mm,
)
from needle_sim.geometry.transform import PATIENT, Frame, Transform

X, Y, Z = np.eye(3)
FEW = np.array([[0.0, 0, 0], [5, 0, 0], [0, -7, 0], [3, 4, 12], [-9, 2, 1], [0.1, 0.2, 30]])


def grid(reach: float, count: int) -> np.ndarray:
    """Random points in a cube."""
    return np.random.default_rng(0).uniform(-reach, reach, (count, 3))


def turned(angle_deg: float, shift: np.ndarray) -> Transform:
    angle = np.radians(angle_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = shift
    return Transform(matrix, target=PATIENT, source=Frame("body"))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_box_holds_the_shape(seed):
    rng = np.random.default_rng(seed)
    rows = [
        bar(*rng.uniform(-15, 15, (2, 3)), tuple(rng.uniform(1, 6, 2)), across=rng.normal(size=3))
        for _ in range(3)
    ]
    shape = Implicit.of([*rows, drum((20.0, 15.0), (18.0, 16.0), (12.0, 10.0))])
    low, high = shape.box_mm
    points = rng.uniform(-45, 45, (3000, 3))
    out = ((points < low) | (points > high)).any(axis=1)

    assert (shape.distance_mm(points[out]) > 0).all()


def test_blending_only_adds_and_cutting_only_takes():
    first, second = bar([0, 0, 0], [0, 0, 9], (3, 3)), bar([4, 0, 0], [9, 0, 3], (2, 3))
    cut = bar([0, 0, 4], [0, 9, 4], (1.5, 1.5), step="cut")
    points = grid(15, 5000)
    one, two = (Implicit.of([row]).distance_mm(points) for row in (first, second))
    union = Implicit.of([first, second]).distance_mm(points)

    assert (union <= np.minimum(one, two) + 1e-12).all()
    assert (union >= np.minimum(one, two) - 1.5 / 4 - 1e-12).all()
    assert (Implicit.of([first, second, cut]).distance_mm(points) >= union - 1e-12).all()


def test_passing_over_far_rows_changes_nothing():
    rng = np.random.default_rng(3)
    rows = [
        bar(
            *rng.uniform(-40, 40, (2, 3)),
            tuple(rng.uniform(1, 9, 2)),
            squared=n % 2 == 0,
            step="cut" if n % 5 == 4 else "add",
        )
        for n in range(25)
    ]
    shape = Implicit.of(rows)
    apart = grid(60, 10_000)
    together = 3.0 * np.round(apart[:200, None] / 3.0) + grid(2, 64)  # runs, as blocks of voxels
    points = np.concatenate([apart, together.reshape(-1, 3)])
    points.flags.writeable = False
    unculled = shape._frames.copy()
    unculled[:, [15, 17, 18, 19]] = 1e6
    unculled.flags.writeable = False
    out = np.empty(len(points))
    _kernels.implicit_distance(
        points, shape.rows, unculled, np.empty((6, 64)), np.empty(25, np.int64), out
    )

    np.testing.assert_array_equal(shape.distance_mm(points), out)


def test_many_points_in_threads_give_the_bits_of_few():
    shape = Implicit.of([bar([0, 0, 0], [5, 1, 9], (3, 4)), box((4.0, 3.0, 2.0))])
    points = grid(20, 100_000)

    parts = [shape.distance_mm(part) for part in np.split(points, 100)]

    np.testing.assert_array_equal(shape.distance_mm(points), np.concatenate(parts))


def test_a_moved_shape_keeps_its_distances():
    shape = Implicit.of([bar([0, 0, 0], [5, 1, 9], (3, 4)), drum((9, 8), (9, 8), (5, 5))])
    by, points = turned(33.0, np.array([3.0, -4.0, 5.0])), grid(20, 500)

    moved = shape.moved(by).distance_mm(by.apply(points))

    assert moved == pytest.approx(shape.distance_mm(points), abs=1e-9)


def test_tracing_ends_where_it_should_and_says_so_where_it_cannot():
    ball = Implicit.of([bar([0, 0, 0], [0, 0, 0], (4.0, 4.0))])

    assert trace_mm(ball, [30.0, 0, 0], -X, off_mm=0.7) == pytest.approx([4.7, 0, 0], abs=1e-6)
    with pytest.raises(InputError, match="misses the shape"):
        trace_mm(ball, [30.0, 9.0, 0], -X, off_mm=0.0)


def test_the_gradient_of_a_sphere_points_away_from_its_centre():
    ball = Implicit.of([bar([0, 0, 0], [0, 0, 0], (4.0, 4.0))])
    points = grid(9, 200)

    outward = points / np.linalg.norm(points, axis=1, keepdims=True)

    assert ball.gradient(points) == pytest.approx(outward, abs=1e-6)


@pytest.mark.kernel
def test_a_tube_is_a_capsule_with_a_linear_radius():
    tube = Tube(np.array([[0.0, 0, 0], [0, 0, 10]]), np.array([2.0, 4.0]))
    points = np.array([[5.0, 0, 0], [5, 0, 5], [5, 0, 10], [0, 0, 20], [0, 0, -3]])

    assert distance_to_tubes_mm(points, [tube]) == pytest.approx([3.0, 2.0, 1.0, 6.0, 1.0])


def test_no_tube_is_infinitely_far():
    assert np.isinf(distance_to_tubes_mm(FEW, [])).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Implicit.of([box((1, 1, 1), step="cut")]), "nothing to cut"),
        (lambda: Implicit(np.zeros((2, 5))), "needs rows"),
        (lambda: Implicit(np.full((1, 24), np.nan)), "not finite"),
        (lambda: Tube(np.zeros((2, 3)), np.array([1.0, 0.0])), "must be positive"),
        (lambda: Implicit.of([box((1, 1, 1))]).distance_mm(np.zeros(3)), r"\(P, 3\)"),
    ],
)
def test_wrong_shapes_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_shape_cannot_be_mirrored():
    mirror = Transform(np.diag([-1.0, 1, 1, 1]), target=PATIENT, source=Frame("body"))

    with pytest.raises(InputError, match="turned and shifted"):
        Implicit.of([box((1, 2, 3))]).moved(mirror)
