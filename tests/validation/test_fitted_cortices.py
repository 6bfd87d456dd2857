"""The CT's own edges beside fitted surfaces: analytic profiles, a planted shift, both real CTs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from needle_sim.geometry.shapes import Implicit, box
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import painted, posed
from validation.fitted_cortices import (
    _PROFILE_MM,
    COARSE_MM,
    coarse,
    half_fall_mm,
    offset,
    on_surface,
    tables,
)

POSE = posed("L3", (0.4, -1.1, 0.7), (10.0, 6.0, -8.0))


def profile(edge_mm: float, beyond_hu: float = 40.0) -> np.ndarray:
    """Bone of 400 HU up to an edge, blurred as by voxels of 3 mm."""
    share = 0.5 * (1.0 - erf((_PROFILE_MM - edge_mm) / (1.3 * np.sqrt(2.0))))
    return np.asarray(beyond_hu + share * (400.0 - beyond_hu))


@pytest.mark.parametrize("edge_mm", [0.0, 0.77, 2.5])
def test_a_blurred_step_has_its_edge_where_it_was(edge_mm):
    assert half_fall_mm(profile(edge_mm)[None])[0] == pytest.approx(edge_mm, abs=0.1)


def test_what_lies_behind_the_edge_does_not_move_it():
    """Lung counts as fat, and bone behind soft tissue is another one."""
    lung = profile(0.0, -100.0)
    lung[_PROFILE_MM > 3.5] = -800.0
    bone = np.where(_PROFILE_MM > 4.5, 500.0, profile(0.0))
    assert half_fall_mm(np.stack([lung, bone])) == pytest.approx([0.0, 0.0], abs=0.2)
    assert np.isnan(half_fall_mm(np.full((1, len(_PROFILE_MM)), 300.0))[0])


@pytest.fixture(scope="module")
def block():
    """A block of bone, voxels of 3 mm."""
    bone = Implicit.of([box((16.0, 13.0, 11.0), round_mm=4.0)]).moved(POSE)
    bones = {vertebra_label("L3"): bone}
    scan = painted(bones, step_mm=3.0, shape=(22, 24, 26), first_mm=(-38.0, -35.0, -32.0))
    return bone, scan


def test_a_true_surface_is_finer_than_voxels_and_one_2_mm_outside_is_not(block):
    bone, (ct, labels) = block
    found = offset("L3", bone, ct, labels)
    assert found.seen > 0.9
    assert found.median_mm < 0.5
    assert found.finer_than(COARSE_MM)

    larger = Implicit.of([box((18.0, 15.0, 13.0), round_mm=4.0)]).moved(POSE)
    assert not offset("L3", larger, ct, labels).finer_than(COARSE_MM)


def test_a_surface_with_another_bone_before_it_is_left_out(block):
    bone, (ct, labels) = block
    other = labels.array.copy()
    other[:, :, 13:] = vertebra_label("L4")
    alone = offset("L3", bone, ct, labels.like(other, "label"))
    assert 0.2 < alone.seen < 0.7


def test_points_on_a_surface_lie_on_it_on_all_sides(block):
    bone, _ = block
    points = on_surface(bone)
    assert np.abs(bone.distance_mm(points)).max() < 0.05
    low, high = bone.box_mm
    assert np.abs(points.min(axis=0) - low).max() < 2.0
    assert np.abs(points.max(axis=0) - high).max() < 2.0


def test_a_coarse_ct_lies_where_the_fine_one_did(block):
    _, (ct, labels) = block
    thick, low = coarse(ct, labels)
    assert thick.spacing_mm == pytest.approx([COARSE_MM] * 3)
    before, after = (
        one.patient_from_voxel.apply(np.argwhere(one.array > 0)).mean(axis=0)
        for one in (labels, low)
    )
    assert after == pytest.approx(before, abs=1.6)  # half a voxel


@pytest.mark.long
@pytest.mark.real
def test_cortices_fitted_to_voxels_of_3_mm_are_finer_than_these(lumbar, lidc):
    """The lumbar CT by its own edges; the chest CT, fitted at 3 mm, by those of its own voxels."""
    found = tables(lumbar, lidc)
    assert [len(one) for one in found.values()] == [6, 5]
    for title, every in found.items():
        for one in every:
            assert one.finer_than(COARSE_MM), (title, one.vertebra, one.median_mm)
