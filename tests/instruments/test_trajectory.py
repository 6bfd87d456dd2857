"""A path knows its length, axis and frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.instruments.trajectory import Trajectory


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_needle_frame_is_right_handed_and_points_along_the_path(seed):
    entry, tip = np.random.default_rng(seed).uniform(-100, 100, (2, 3))
    path = Trajectory.straight(entry, tip)
    frame = path.patient_from_needle
    axes = frame.matrix[:3, :3]
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert np.allclose(frame.apply([0.0, 0.0, -path.depth_mm]), entry)
    assert path.depth_mm == pytest.approx(np.linalg.norm(tip - entry))


def test_depth_follows_a_bent_path_and_the_axis_its_last_leg():
    path = Trajectory(np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [4.0, 3.0, 0.0]]))
    assert path.depth_mm == pytest.approx(7.0)
    assert path.axis == pytest.approx([1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    "points", [[[0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, np.nan, 0]]]
)
def test_a_path_of_no_length_is_refused(points):
    with pytest.raises(InputError):
        Trajectory(np.array(points, dtype=float))
