from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from needle_sim.anatomy.dural_sac import CLEAR_MM, SAC_MM
from needle_sim.anatomy.inferred import _freed, landmarks_of, structures_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.paths import distance_mm
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import Transform

LEVELS = ("L3", "L4", "L5")


def fits(**factors: float) -> dict[str, VertebraFit]:
    """The mean column as if it had been fitted, with some sizes times factors."""
    stack = column(spine_spec())
    found = {}
    for level in LEVELS:
        spec, pose = stack.vertebrae[level].scaled(factors), stack.bodies[level]
        found[level] = VertebraFit(spec, pose, vertebra_shape(spec).moved(pose), 0.0)
    return found


@pytest.fixture(scope="module")
def mean() -> Mapping[str, VertebraFit]:
    return fits()


def depth_mm(fitted: Mapping[str, VertebraFit], name: str) -> float:
    """How far a structure reaches into fitted bone (negative: the least gap)."""
    worst = -np.inf
    for tube in structures_of(fitted)[name].tubes:
        for fit in fitted.values():
            gap = fit.shape.distance_mm(tube.points_mm) - tube.radius_mm
            worst = max(worst, -float(gap.min()))
    return worst


def test_every_level_carries_its_nerves_and_all_are_inferred(mean):
    found = structures_of(mean)
    for side in ("left", "right"):
        for level in LEVELS:
            assert found[f"{level} {side} root"].kind == "root"
        for level in ("L2", "L3", "L4"):  # the branch lies on the vertebra below
            assert found[f"{level} {side} medial branch"].kind == "medial_branch"
    assert found["dura"].kind == "dura"
    assert {one.provenance for one in found.values()} == {"inferred"}
    assert len(found) == 1 + 6 + 6


def test_landmarks_move_with_their_vertebra(mean):
    found = landmarks_of(mean)
    for level in LEVELS:
        upper = found[f"{level} superior_endplate_anterior"]
        back = mean[level].patient_from_body.inverse().apply(upper)
        assert back[0] == pytest.approx(0.0, abs=1e-9)
        rim = -0.5 * mean[level].spec.upper_depth_mm
        assert rim < back[1] < rim + 1.5  # a rim is rounded


@pytest.mark.parametrize("name", ["L4 left root", "L5 right root", "dura"])
def test_sac_and_roots_keep_off_the_bones(mean, name):
    assert depth_mm(mean, name) < -CLEAR_MM + 0.2


def test_in_a_narrow_canal_the_sac_gives_way():
    narrow = fits(canal_depth_mm=0.7, canal_width_mm=0.8)
    assert depth_mm(narrow, "dura") < 0.0


def test_in_a_wide_canal_the_sac_has_its_usual_size():
    wide = fits(canal_depth_mm=1.6, canal_width_mm=1.3)
    tubes = structures_of(wide)["dura"].tubes
    middle = len(tubes[0].points_mm) // 2
    across = np.linalg.norm(tubes[0].points_mm[middle] - tubes[-1].points_mm[middle])
    width = across + tubes[0].radius_mm[middle] + tubes[-1].radius_mm[middle]
    assert width == pytest.approx(SAC_MM[0], rel=0.02)
    assert 2 * tubes[2].radius_mm[middle] == pytest.approx(SAC_MM[1], rel=0.02)


def test_the_sac_runs_beyond_the_outermost_bodies(mean):
    heights = structures_of(mean)["dura"].tubes[2].points_mm[:, 2]
    assert heights.min() < mean["L5"].patient_from_body.matrix[2, 3] - 20.0
    assert heights.max() > mean["L3"].patient_from_body.matrix[2, 3] + 20.0


def test_a_branch_begins_at_its_root_and_hugs_the_bone_below(mean):
    found = structures_of(mean)
    path = found["L3 right medial branch"].tubes[0].points_mm
    root = found["L3 right root"].tubes[0]
    assert distance_mm(path[:1], root.points_mm)[0] < 3.0
    neck = landmarks_of(mean)["L4 right sap_neck_ventral"]
    assert distance_mm(neck[None], path)[0] < 1.2
    assert mean["L4"].shape.distance_mm(path).min() > 0.3


def test_one_vertebra_alone_still_has_a_sac_and_branches():
    alone = {"L4": fits()["L4"]}
    found = structures_of(alone)
    assert set(found) == {
        "dura",
        *(f"L4 {side} root" for side in ("left", "right")),
        *(f"L3 {side} medial branch" for side in ("left", "right")),
    }


@pytest.mark.parametrize("slip_mm", [-5.0, 0.0, 5.0])
def test_places_in_a_foramen_stay_free_when_a_vertebra_has_slipped(slip_mm):
    stack = column(spine_spec())
    found = {}
    for level in LEVELS:
        spec, pose = stack.vertebrae[level], stack.bodies[level]
        if level == "L4":
            matrix = pose.matrix.copy()
            matrix[:3, 3] += slip_mm * matrix[:3, 1]
            pose = Transform(matrix, target=pose.target, source=pose.source)
        found[level] = VertebraFit(spec, pose, vertebra_shape(spec).moved(pose), 0.0)
    landmarks = landmarks_of(found)
    for side in ("left", "right"):
        for name in (f"L4 {side} foramen_upper_dorsal", f"L5 {side} kambin", f"L4 {side} kambin"):
            at = landmarks[name][None]
            assert min(fit.shape.distance_mm(at)[0] for fit in found.values()) > 0.75, name


@pytest.mark.parametrize(("room_mm", "moved"), [(0.95, False), (0.2, True)])
def test_a_place_that_lacks_a_hair_of_room_does_not_jump_to_the_next_gap(room_mm, moved):
    back = np.array([0.0, 1.0, 0.0])
    middles = [sign * (2.0 + room_mm) * back for sign in (-1.0, 1.0)]
    walls = [Implicit.of([bar(at, at, (2.0, 2.0))]) for at in middles]

    found = _freed(np.zeros(3), back, walls, (), 1.0)

    assert (abs(found[1]) > 4.0) == moved
    assert moved or np.abs(found).max() < 0.1
