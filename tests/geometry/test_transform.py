"""Laws of coordinate frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from needle_sim.errors import FrameError, InputError
from needle_sim.geometry.transform import (
    CARM,
    NEEDLE,
    PATIENT,
    VOXEL,
    Frame,
    FrameTree,
    Transform,
    angle_deg,
    cross,
    rigid,
    unit,
)


def random_rigid(seed: int, target: Frame, source: Frame) -> Transform:
    rng = np.random.default_rng(seed)
    axes = Rotation.random(random_state=rng).as_matrix()
    return rigid(axes, rng.uniform(-300, 300, 3), target=target, source=source)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_chain_is_the_maps_one_after_the_other_and_its_inverse_leads_back(seed):
    first = random_rigid(seed, PATIENT, CARM)
    second = random_rigid(seed + 1, CARM, NEEDLE)
    points = np.random.default_rng(seed).uniform(-100, 100, (5, 3))

    chained = first @ second

    assert chained.source is NEEDLE
    assert np.allclose(chained.apply(points), first.apply(second.apply(points)), atol=1e-9)
    assert np.allclose(chained.inverse().apply(chained.apply(points)), points, atol=1e-9)
    assert np.allclose(chained.turn(points), chained.apply(points) - chained.apply(np.zeros(3)))


def test_a_wrong_chain_is_refused_and_named():
    with pytest.raises(FrameError, match="carm is not needle"):
        _ = random_rigid(0, PATIENT, CARM) @ random_rigid(1, NEEDLE, VOXEL)


def test_frames_of_two_series_do_not_meet():
    one, other = Frame("patient", "1.2.3"), Frame("patient", "1.2.4")
    assert not one.meets(other)
    assert one.meets(PATIENT)
    with pytest.raises(FrameError, match=r"1\.2\.3"):
        _ = random_rigid(0, CARM, one) @ random_rigid(1, other, VOXEL)


def test_a_tree_finds_the_way_in_both_directions():
    patient_from_carm, needle_from_patient = random_rigid(3, PATIENT, CARM), None
    needle_from_patient = random_rigid(4, NEEDLE, PATIENT)
    tree = FrameTree([patient_from_carm, needle_from_patient])

    found = tree.between(CARM, NEEDLE)

    there = (needle_from_patient @ patient_from_carm).inverse()
    assert np.allclose(found.matrix, there.matrix)
    with pytest.raises(FrameError, match="no chain"):
        tree.between(CARM, VOXEL)


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.eye(3), r"\(4, 4\)"),
        (np.full((4, 4), np.nan), "not finite"),
        (np.diag([1.0, 1.0, 0.0, 1.0]), "not invertible"),
        (np.diag([1.0, 1.0, 1.0, 2.0]), "last row"),
    ],
)
def test_a_matrix_that_is_no_map_is_refused(matrix, said):
    with pytest.raises(InputError, match=said):
        Transform(matrix, target=PATIENT, source=VOXEL)


def test_a_transform_cannot_be_changed_in_place():
    place = random_rigid(0, PATIENT, CARM)
    with pytest.raises(ValueError, match="read-only"):
        place.matrix[0, 0] = 2.0


@pytest.mark.parametrize("angle", [0.0, 1e-6, 30.0, 90.0, 179.9999, 180.0])
def test_angles_are_exact_near_both_ends(angle):
    turned = [np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0.0]
    assert angle_deg([2.0, 0.0, 0.0], turned) == pytest.approx(angle, abs=1e-6)


def test_a_direction_of_length_zero_is_refused():
    with pytest.raises(InputError, match="length 0"):
        unit([0.0, 0.0, 0.0])


def test_a_vector_product_of_two_is_that_of_numpy():
    first, second = np.random.default_rng(3).normal(size=(2, 3))
    np.testing.assert_allclose(cross(first, second), np.cross(first, second), rtol=1e-15)
    np.testing.assert_array_equal(cross((1.0, 0.0, 0.0), [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0])
