"""A volume knows where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.volume.volume import Note, Volume, axis_aligned


def oblique_ramp(seed: int) -> tuple[Volume, np.ndarray]:
    """A volume on a random affine whose values are linear in patient coordinates."""
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(random_state=rng).as_matrix() * rng.uniform(0.5, 3, 3)
    matrix[:3, 3] = rng.uniform(-100, 100, 3)
    place = Transform(matrix, target=PATIENT, source=VOXEL)
    slope = rng.uniform(-5, 5, 3)
    ijk = np.stack(np.meshgrid(*(np.arange(n) for n in (7, 8, 9)), indexing="ij"), axis=-1)
    return Volume((place.apply(ijk) @ slope).astype(np.float32), place), slope


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_linear_field_is_sampled_exactly_on_any_affine(seed):
    volume, slope = oblique_ramp(seed)
    inside = np.random.default_rng(seed).uniform(0, [6, 7, 8], (20, 3))
    points = volume.patient_from_voxel.apply(inside)
    assert np.allclose(volume.sample(points), points @ slope, rtol=1e-4, atol=2e-2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_crop_says_the_same_of_the_patient(seed):
    volume, slope = oblique_ramp(seed)
    part = volume.crop((2, -5, 3), (6, 5, 99))
    assert part.shape == (4, 5, 6)
    points = part.patient_from_voxel.apply([[1.5, 2.0, 0.5]])
    assert part.sample(points) == pytest.approx(points @ slope, rel=1e-4, abs=2e-2)


def test_resampling_onto_another_grid_keeps_positions():
    volume, slope = oblique_ramp(3)
    coarse = np.zeros((3, 3, 3), dtype=np.int16)
    step = Transform(np.diag([2.0, 2.0, 2.0, 1.0]), target=VOXEL, source=VOXEL)
    grid = Volume(coarse, volume.patient_from_voxel @ step)
    moved = volume.resample(grid)
    points = grid.patient_from_voxel.apply([[1.0, 1.0, 1.0]])
    assert moved.array[1, 1, 1] == pytest.approx((points @ slope)[0], rel=1e-4)


def test_labels_are_never_blended():
    array = np.zeros((2, 2, 2), dtype=np.uint16)
    array[1] = 9
    labels = Volume(array, axis_aligned((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), "label")
    values = labels.sample([[0.3, 0.3, z] for z in np.linspace(0, 1, 11)], outside=0)
    assert set(values) <= {0.0, 9.0}


def test_arrays_are_read_only_and_taken_over_without_a_copy():
    array = np.zeros((2, 3, 4), dtype=np.int16)
    volume = Volume(array, axis_aligned((3.0, 2.0, 1.0), (0.0, 0.0, 0.0)))
    assert np.shares_memory(volume.array, array)
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 1
    assert volume.spacing_mm == pytest.approx([3.0, 2.0, 1.0])
    assert volume.centre_mm == pytest.approx([1.5, 2.0, 1.5])
    assert volume.corners_mm().tolist() == [[0.0, 0.0, 0.0], [3.0, 4.0, 3.0]]


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2), np.int16), np.zeros((0, 2, 2), np.int16), np.zeros((2, 2, 2))]
)
def test_an_array_that_is_no_volume_is_refused(array):
    with pytest.raises(InputError):
        Volume(array, axis_aligned((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))


def test_notes_read_as_text():
    note = Note("a.dcm", "(0028,0120)", "63536", "padding replaced by air")
    volume = Volume(
        np.zeros((1, 1, 1), np.int16), axis_aligned((1.0, 1.0, 1.0), (0, 0, 0)), notes=(note,)
    )
    assert volume.warnings == ("padding replaced by air (a.dcm, (0028,0120), 63536)",)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), quantity=st.sampled_from(["hu", "label"]))
def test_resampling_onto_a_crop_is_the_crop_up_to_its_edge(seed, quantity):
    volume, _ = oblique_ramp(seed)
    values = np.random.default_rng(seed).integers(0, 900, volume.shape)
    kind = np.uint16 if quantity == "label" else np.float32
    volume = Volume(values.astype(kind), volume.patient_from_voxel, quantity)
    part = volume.crop((0, 2, 0), (7, 8, 5))
    again = volume.resample(part, outside=0)
    assert np.allclose(again.array, part.array, atol=1e-3)
