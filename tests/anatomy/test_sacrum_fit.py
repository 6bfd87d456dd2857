from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from needle_sim.anatomy.label_joints import label_joints
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.sacrum_fit import (
    FITTED,
    FITTED_SACRAL,
    average_sacrum,
    fit_sacrum,
    start_sacrum,
)
from needle_sim.anatomy.surface import label_surface
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform, angle_deg
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import painted, posed

FACTORS = {"upper_width_mm": 1.05, "facet_spread_mm": 0.95, "facet_setback_mm": 0.9}
SACRAL = {"width_mm": 118.0, "table_deg": 8.0, "wall_below_mm": 19.0, "tail_deg": 25.0}
L5, SACRUM, S1 = (vertebra_label(name) for name in ("L5", "sacrum", "S1"))


@dataclass(frozen=True)
class Case:
    pose: Transform
    start: Transform
    fit: VertebraFit
    true: Mapping[str, NDArray[np.float64]]


def lower_spine(*, cut_mm: float | None = None) -> tuple[Mapping[int, object], Transform, Mapping]:
    """L5 on a sacrum of known sizes, whose S1 leans 38 degrees; what lies below a cut is left."""
    spine, stack = spine_spec(), column(spine_spec())
    spec = stack.vertebrae["S1"].scaled(FACTORS)
    sizes = {**average_sacrum()[1], **SACRAL}
    pose = posed("S1", (1.0, 0.0, 0.0), (38.0, 1.0, 2.0))
    own = sacrum_shape(spec, sizes)
    last = pose @ stack.bodies["S1"].inverse() @ stack.bodies["L5"]
    bones = {L5: vertebra_shape(stack.vertebrae["L5"]).moved(last), SACRUM: own.moved(pose)}
    true = {name: pose.apply(at) for name, at in sacrum_landmarks(spec, sizes, own).items()}
    assert spine.sacrum["width_mm"] != sizes["width_mm"]
    return bones, pose, true


@pytest.fixture(scope="module")
def case() -> Case:
    bones, pose, true = lower_spine()
    ct, labels = painted(bones, step_mm=3.0, shape=(38, 46, 46), first_mm=(-67.5, -45.0, -45.0))
    last, surface = (label_surface(labels, number, ct) for number in (L5, SACRUM))
    start = start_sacrum(surface, last)
    above = label_joints(last, surface, start)
    assert set(above) == {"left", "right"}
    return Case(pose, start, fit_sacrum(surface, start=start, above=above), true)


def landmarks(fit: VertebraFit) -> dict[str, NDArray[np.float64]]:
    own = sacrum_shape(fit.spec, fit.sacrum)
    found = sacrum_landmarks(fit.spec, fit.sacrum, own)
    return {name: fit.patient_from_body.apply(at) for name, at in found.items()}


def test_the_start_is_on_the_endplate_and_within_reach(case):
    assert angle_deg(case.start.turn([0, 0, 1]), case.pose.turn([0, 0, 1])) < 20.0
    assert np.linalg.norm(case.start.matrix[:3, 3] - case.pose.matrix[:3, 3]) < 15.0


def test_the_pose_of_a_known_sacrum_at_3_mm_is_recovered(case):
    off = case.fit.patient_from_body.matrix[:3, 3] - case.pose.matrix[:3, 3]
    assert np.linalg.norm(off) < 2.0
    for axis in np.eye(3):
        turned = case.fit.patient_from_body.turn(axis)
        assert angle_deg(turned, case.pose.turn(axis)) < 4.0


@pytest.mark.parametrize(
    ("name", "most_mm"),
    [
        ("superior_endplate_centre", 1.0),
        ("superior_endplate_posterior", 2.0),
        ("left facet_centre", 2.0),
        ("right facet_centre", 2.0),
        ("left sap_tip", 2.0),
        ("right sap_tip", 2.0),
        ("lamina_upper_edge", 2.0),
        ("lamina_ventral_upper", 2.0),
        ("right ala_notch", 2.0),
    ],
)
def test_landmarks_of_a_known_sacrum_are_recovered(case, name, most_mm):
    assert np.linalg.norm(landmarks(case.fit)[name] - case.true[name]) < most_mm


def test_the_end_of_the_sacrum_follows_its_label_far_below_s1(case):
    """25 degrees more of a curve move the apex of the hiatus by about 10 mm."""
    mean = sacrum_shape(case.fit.spec, {**case.fit.sacrum, "tail_deg": 0.0, "tail_mm": 0.0})
    sizes = {**case.fit.sacrum, "tail_deg": 0.0, "tail_mm": 0.0}
    straight = sacrum_landmarks(case.fit.spec, sizes, mean)["hiatus_apex"]
    off = np.linalg.norm(landmarks(case.fit)["hiatus_apex"] - case.true["hiatus_apex"])
    before = np.linalg.norm(case.fit.patient_from_body.apply(straight) - case.true["hiatus_apex"])
    assert off < 4.0
    assert before > 2.0 * off


def test_the_fitted_surface_of_s1_is_the_true_one(case):
    assert case.fit.rms_mm < 1.0


def test_the_border_of_the_dorsal_wall_comes_closer_to_the_truth_than_the_mean(case):
    mean = average_sacrum()[1]["wall_below_mm"]
    found = case.fit.sacrum["wall_below_mm"]
    assert abs(found - SACRAL["wall_below_mm"]) < 0.5 * abs(mean - SACRAL["wall_below_mm"])


def test_a_label_of_s1_alone_beside_the_sacrum_counts_with_it():
    bones, pose, _ = lower_spine()
    ct, labels = painted(bones, step_mm=3.0, shape=(38, 46, 46), first_mm=(-67.5, -45.0, -45.0))
    points = labels.patient_from_voxel.apply(np.argwhere(labels.array == SACRUM))
    upper = pose.inverse().apply(points)[:, 2] > -15.0
    split = labels.array.copy()
    split[tuple(np.argwhere(labels.array == SACRUM)[upper].T)] = S1
    whole = label_surface(labels, SACRUM, ct)
    both = label_surface(labels.like(split, "label"), (S1, SACRUM), ct)
    np.testing.assert_array_equal(both.points_mm, whole.points_mm)


def test_labels_far_apart_have_no_start(case):
    bones, _, _ = lower_spine()
    ct, labels = painted(bones, step_mm=4.0, shape=(30, 36, 36), first_mm=(-67.5, -45.0, -45.0))
    last, surface = (label_surface(labels, number, ct) for number in (L5, SACRUM))
    last.points_mm[:] += [0.0, 0.0, 60.0]
    with pytest.raises(InputError, match="sacrum and L5 do not face each other within 25 mm"):
        start_sacrum(surface, last)


def test_every_fitted_size_has_a_mean_and_a_positive_spread_in_a_fixed_order():
    spec, sacral, spread = average_sacrum()
    assert tuple(spread) == (*FITTED, *FITTED_SACRAL)
    assert all(sd > 0 for sd in spread.values())
    assert all(hasattr(spec, name) or name in sacral for name in spread)
