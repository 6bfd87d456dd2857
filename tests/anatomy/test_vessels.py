from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from needle_sim.anatomy.vessels import vessels
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.volume.label_names import LABEL_NAMES
from needle_sim.volume.labels import load_labels
from needle_sim.volume.volume import Volume, axis_aligned

AORTA = 52


def oblique_vessel(radius_mm: float = 9.0, gap: slice | None = None) -> Volume:
    place = axis_aligned([3.0, 1.0, 1.0], [-40.0, -30.0, 100.0])
    at = place.apply(np.moveaxis(np.indices((40, 60, 80)), 0, -1))
    centre_x = -5.0 + 0.1 * (at[..., 2] - 100.0)
    inside = (at[..., 0] - centre_x) ** 2 + at[..., 1] ** 2 < radius_mm**2
    numbers = inside.astype(np.uint16) * AORTA
    if gap is not None:
        numbers[gap] = 0
    return Volume(numbers, place, "label")


def test_a_round_vessel_keeps_its_course_and_radius():
    (found,) = vessels(oblique_vessel(), 110.0, 200.0).values()
    (tube,) = found.tubes
    assert (found.name, found.kind, found.provenance) == ("aorta", "vessel", "measured")
    np.testing.assert_allclose(tube.radius_mm, 9.0, atol=0.2)
    np.testing.assert_allclose(
        tube.points_mm[:, 0], -5.0 + 0.1 * (tube.points_mm[:, 2] - 100), atol=0.2
    )
    assert tube.points_mm[:, 2].min() >= 110.0
    assert tube.points_mm[:, 2].max() <= 200.0


def test_a_gap_in_the_label_is_not_bridged():
    (found,) = vessels(oblique_vessel(gap=np.s_[18:24]), 100.0, 217.0).values()
    middle = np.array([[-5.0 + 0.1 * 60, 0.0, 160.0]])
    assert len(found.tubes) == 2
    assert found.distance_mm(middle)[0] > 3.0


def test_a_flat_vein_reaches_no_farther_forwards_or_backwards_than_its_label():
    """Half axes 14 and 5 mm, turning in the axial plane from slice to slice."""
    empty = oblique_vessel(0.0)
    at = empty.patient_from_voxel.apply(np.moveaxis(np.indices(empty.shape), 0, -1))
    turn = np.radians(0.3 * (at[..., 2] - 160.0))
    along = np.cos(turn) * at[..., 0] + np.sin(turn) * at[..., 1]
    across = -np.sin(turn) * at[..., 0] + np.cos(turn) * at[..., 1]
    label = ((along / 14.0) ** 2 + (across / 5.0) ** 2 < 1.0).astype(np.uint16) * AORTA

    (found,) = vessels(Volume(label, empty.patient_from_voxel, "label"), 130.0, 190.0).values()
    assert len(found.tubes) == 3
    for tube in found.tubes:
        away = np.radians(0.3 * (tube.points_mm[:, 2] - 160.0))
        middle = -np.sin(away) * tube.points_mm[:, 0] + np.cos(away) * tube.points_mm[:, 1]
        assert (np.abs(middle) + tube.radius_mm < 5.4).all()
    tips = np.array([[13.0, 0.0, 160.0], [-13.0, 0.0, 160.0], [0.0, 4.0, 160.0]])
    assert (found.distance_mm(tips) < 0.0).all()


def test_a_vein_round_a_vertebra_is_moved_out_of_it():
    middle = [1.0, 17.0, 160.0]
    ball = Implicit.of([bar(middle, middle, (12.0, 12.0))])
    (plain,) = vessels(oblique_vessel(), 110.0, 200.0).values()
    (moved,) = vessels(oblique_vessel(), 110.0, 200.0, [ball]).values()
    into = [
        (one.tubes[0].radius_mm - ball.distance_mm(one.tubes[0].points_mm)).max()
        for one in (plain, moved)
    ]
    assert into[0] > 3.0
    assert into[1] < 0.5


def test_two_limbs_of_one_label_are_two_courses_that_meet_no_one_between():
    """As ascending and descending aorta: the front one is the wider in the upper slices alone."""
    empty = oblique_vessel(0.0)
    at = empty.patient_from_voxel.apply(np.moveaxis(np.indices(empty.shape), 0, -1))
    height = at[..., 2]
    behind = np.hypot(at[..., 0] + 20.0, at[..., 1] - 12.0) < 8.0
    before = np.hypot(at[..., 0] - 22.0, at[..., 1] + 14.0) < 4.0 + 0.06 * (height - 100.0)
    label = (behind | before).astype(np.uint16) * AORTA

    (found,) = vessels(Volume(label, empty.patient_from_voxel, "label"), 100.0, 217.0).values()
    assert len(found.tubes) == 2
    for tube in found.tubes:
        assert np.ptp(tube.points_mm[:, :2], axis=0).max() < 1.0
    between = np.stack([np.full(20, 1.0), np.full(20, -1.0), np.linspace(105.0, 210.0, 20)], axis=1)
    assert found.distance_mm(between).min() > 10.0


@pytest.mark.real
@pytest.mark.parametrize("name", ["lidc", "lumbar"])
def test_the_axes_of_measured_vessels_stay_in_their_labels(name, request):
    """Between the slices that are looked at too: nowhere farther off than those lie apart."""
    (file,) = request.getfixturevalue(name).glob("labels*.nii.gz")
    labels = load_labels(file)
    heights = labels.corners_mm()[:, 2]
    numbers = {one: number for number, one in LABEL_NAMES.items()}
    found = vessels(labels, float(heights.min()), float(heights.max()))
    assert "aorta" in found
    for vessel in found.values():
        inside = np.argwhere(labels.array == numbers[vessel.name]).astype(float)
        tree = KDTree(labels.patient_from_voxel.apply(inside))
        for tube in vessel.tubes:
            away, _ = tree.query(resample(tube.points_mm, 1.0))
            assert away.max() < 5.0, vessel.name


@pytest.mark.parametrize("heights", [(0.0, 50.0), (300.0, 400.0)])
def test_no_vessel_comes_from_slices_outside_the_wanted_heights(heights):
    assert vessels(oblique_vessel(), *heights) == {}
