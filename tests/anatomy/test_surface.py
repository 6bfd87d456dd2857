from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.surface import label_surface
from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume, axis_aligned

RADIUS_MM = 15.3
CENTRE_MM = np.array([31.2, 28.9, 33.4])


def ball(step_mm: tuple[float, float, float], grown_mm: float = 0.0) -> tuple[Volume, Volume]:
    """A ball of 400 HU in muscle with soft edges, and a label ``grown_mm`` too large."""
    shape = [int(66 / step) for step in step_mm]
    place = axis_aligned(step_mm, [0, 0, 0])
    at = place.apply(np.moveaxis(np.indices(shape), 0, -1))
    away = np.linalg.norm(at - CENTRE_MM, axis=-1) - RADIUS_MM
    share = np.clip(0.5 - away / max(step_mm), 0, 1)  # partial volume
    ct = Volume((50 + 350 * share).astype(np.float32), place)
    return ct, Volume((away < grown_mm).astype(np.uint16) * 31, place, "label")


@pytest.mark.parametrize("step_mm", [(3.0, 3.0, 3.0), (2.5, 0.7, 0.7)])
def test_points_of_a_ball_lie_on_it_to_a_sixth_of_a_voxel(step_mm):
    ct, labels = ball(step_mm)
    found = label_surface(labels, 31, ct)
    away = np.linalg.norm(found.points_mm - CENTRE_MM, axis=1) - RADIUS_MM
    assert np.sqrt(np.mean(away**2)) < max(step_mm) / 6
    outward = (found.points_mm - CENTRE_MM) / np.linalg.norm(
        found.points_mm - CENTRE_MM, axis=1, keepdims=True
    )
    assert np.quantile((outward * found.normals).sum(axis=1), 0.05) > 0.95


def test_a_label_that_is_too_large_is_measured_and_corrected():
    ct, labels = ball((1.5, 1.5, 1.5), grown_mm=1.0)
    found = label_surface(labels, 31, ct)
    assert found.label_from_edge_mm == pytest.approx(1.0, abs=0.25)
    away = np.linalg.norm(found.points_mm - CENTRE_MM, axis=1) - RADIUS_MM
    assert abs(np.median(away)) < 0.15


def test_the_distance_is_signed_and_in_millimetres():
    ct, labels = ball((3.0, 3.0, 3.0))
    found = label_surface(labels, 31, ct)
    direction = np.array([0.6, -0.48, 0.64])
    reach = np.array([-9.0, -4.0, -1.0, 0.0, 1.0, 4.0, 9.0])
    at = CENTRE_MM + (RADIUS_MM + reach)[:, None] * direction
    np.testing.assert_allclose(found.distance_mm(at), reach, atol=0.5)


def test_the_core_is_the_middle_of_the_thickest_part():
    ct, labels = ball((3.0, 3.0, 3.0))
    handle = labels.array.copy()
    handle[10:12, 12:20, 10:12] = 31  # a process
    found = label_surface(Volume(handle, labels.patient_from_voxel, "label"), 31, ct)
    np.testing.assert_allclose(found.core_mm(), CENTRE_MM, atol=1.5)


def test_a_label_that_is_not_there_is_refused():
    ct, labels = ball((3.0, 3.0, 3.0))
    with pytest.raises(InputError, match="label 28 is not in the label map"):
        label_surface(labels, 28, ct)
