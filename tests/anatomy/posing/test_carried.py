import numpy as np
import pytest

from needle_sim.anatomy.posing.carried import Rigid, rigidly
from needle_sim.anatomy.posing.chain import chain, shifted
from needle_sim.anatomy.posing.posture import Posture


def moved_of(coarse):
    return chain(coarse, Posture.preset("prone_pillow"))


def test_bones_keep_their_exact_surface(coarse, pillowed):
    moved = moved_of(coarse)
    rng = np.random.default_rng(1)
    for name, bone in coarse.bones.items():
        first = name.split()[0]
        motion = moved.get(first, moved["S1"])
        low, high = bone.box_mm
        points = rng.uniform(low - 5, high + 5, (300, 3))
        np.testing.assert_allclose(
            pillowed.bones[name].distance_mm(motion.apply(points)),
            bone.distance_mm(points),
            atol=1e-9,
        )


def test_landmarks_go_with_their_vertebra(coarse, pillowed):
    moved = moved_of(coarse)
    for name, point in coarse.landmarks_mm.items():
        expected = moved[name.split()[0]].apply(point)
        np.testing.assert_allclose(pillowed.landmarks_mm[name], expected)


def test_no_bone_runs_into_its_neighbour(coarse, pillowed):
    for upper, lower in (("L2", "L3"), ("L3", "L4"), ("L4", "L5"), ("L5", "S1")):
        gaps = []
        for one in (coarse, pillowed):
            boxes = np.stack([one.bones[upper].box_mm, one.bones[lower].box_mm])
            low, high = boxes[:, 0].max(axis=0), boxes[:, 1].min(axis=0)
            points = np.random.default_rng(0).uniform(low, high, (20_000, 3))
            away = [one.bones[name].distance_mm(points) for name in (upper, lower)]
            gaps.append(np.maximum(*away).min())
        assert gaps[1] > 0.5 * gaps[0] > 0


def test_nerves_and_sac_keep_off_bone_as_they_were(coarse, pillowed):
    for name, before in coarse.structures.items():
        if before.kind not in ("dura", "root", "ganglion", "medial_branch"):
            continue
        gaps = []
        for one in (coarse, pillowed):
            tubes = one.structures[name].tubes
            points = np.concatenate([tube.points_mm for tube in tubes])
            radius = np.concatenate([tube.radius_mm for tube in tubes])
            away = np.min([bone.distance_mm(points) for bone in one.bones.values()], axis=0)
            gaps.append((away - radius).min())
        assert gaps[1] > 0.75 * gaps[0] - 0.02, name


def test_the_sac_stays_in_the_canal(coarse, pillowed):
    for one in (coarse, pillowed):
        canal = one.spaces["canal"].shape
        tubes = one.structures["dura"].tubes
        points = np.concatenate([tube.points_mm for tube in tubes])
        radius = np.concatenate([tube.radius_mm for tube in tubes])
        assert (canal.distance_mm(points) + radius).max() < -0.5


def test_spaces_lie_between_their_bones_and_in_their_boxes(coarse, pillowed):
    for name in ("L4-L5 disc", "L4-L5 flavum", "L4-L5 right facet_joint", "L4 left foramen"):
        shape = pillowed.spaces[name].shape
        low, high = shape.box_mm
        points = np.random.default_rng(3).uniform(low - 4, high + 4, (40_000, 3))
        inside = points[shape.distance_mm(points) < 0]
        assert len(inside) > 50
        assert ((inside > low) & (inside < high)).all()
        for bone in ("L4", "L5"):
            was = coarse.spaces[name].shape
            lo, hi = was.box_mm
            before = np.random.default_rng(3).uniform(lo, hi, (40_000, 3))
            before = before[was.distance_mm(before) < 0]
            deepest = coarse.bones[bone].distance_mm(before).min()
            assert pillowed.bones[bone].distance_mm(inside).min() > deepest - 0.6


def test_what_is_no_program_of_rows_is_moved_too(coarse):
    joint = coarse.spaces["left sacroiliac_joint"].shape
    by = np.array([1.0, -2.0, 3.0])

    moved = rigidly(joint, shifted(by))

    assert isinstance(moved, Rigid)
    np.testing.assert_allclose(moved.box_mm, joint.box_mm + by)
    points = np.random.default_rng(0).uniform(*joint.box_mm, (50, 3))
    assert moved.distance_mm(points + by) == pytest.approx(joint.distance_mm(points))
