"""Acts with the needle: in which order they go, and what each of them writes down."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from tests.rehearsal.driving import EPIDURAL, begun, inserted, planned


def kinds(made) -> list[str]:
    return [one.do for one in made.book.events]


@pytest.mark.parametrize(
    ("done", "then", "said"),
    [
        ([], ("insert", {}), "declare procedure, level and side before the first needle"),
        (["declare"], ("insert", {}), "mark the skin first"),
        (["declare"], ("advance", {"mm": 1.0}), "mark the skin and insert one first"),
        (["declare"], ("withdraw", {"mm": 1.0}), "mark the skin and insert one first"),
        (["declare"], ("rotate", {"deg": 1.0}), "mark the skin and insert one first"),
        (["declare"], ("stylet", {"inside": False}), "mark the skin and insert one first"),
        (["declare"], ("angle", {"orbital_deg": 0.0, "tilt_deg": 0.0}), "insert one first"),
        ([], ("needle_pose", {"matrix": np.eye(4).tolist()}), "declare procedure"),
        ([], ("needle", {"name": "tuohy_18g_9mm"}), "tuohy_18g_90mm"),
        ([], ("mark", {"point_mm": [0.0, 500.0, 0.0]}), "in the air"),
    ],
)
def test_what_comes_too_early_says_what_is_missing(done, then, said):
    made = begun()
    if done:
        made.do("declare", procedure=EPIDURAL, level=made.level, side=made.side)
    with pytest.raises(InputError, match=said):
        made.do(then[0], **then[1])


def test_a_mark_lies_on_the_skin_and_not_on_the_face_where_the_volume_is_cut():
    made = begun()
    labels = made.anatomy.labels
    entry = planned(EPIDURAL)[0].trajectory.entry_mm
    made.do("mark", point_mm=entry.tolist())
    inside = entry - np.array([0.0, 30.0, 0.0])
    with pytest.raises(InputError, match="inside the body"):
        made.do("mark", point_mm=inside.tolist())
    shape = np.array(labels.shape) - 1
    corners = labels.patient_from_voxel.apply(np.array([[0, 0, 0], shape]))
    on_cut = np.array([inside[0], inside[1], corners[:, 2].max() - 0.5])
    assert labels.sample(on_cut[None], outside=0)[0] != 0
    with pytest.raises(InputError, match="inside the body"):
        made.do("mark", point_mm=on_cut.tolist())


def test_the_needle_goes_down_the_ray_to_the_focal_spot():
    made = inserted()
    made.withdraw(50.0)
    made.do("carm", orbital_deg=10.0, tilt_deg=-5.0)
    made.insert()
    way = made.scope.carm.source_mm - np.array(made.mark_mm)
    assert made.hand.axis == pytest.approx(way / np.linalg.norm(way))


def test_a_tube_above_the_skin_points_the_needle_out():
    made = inserted()
    made.withdraw(50.0)
    made.do("carm", orbital_deg=180.0, tilt_deg=0.0)
    with pytest.raises(InputError, match="point out of the body"):
        made.insert()


def test_another_needle_waits_until_the_first_is_out():
    made = inserted()
    with pytest.raises(InputError, match="withdraw it before you take another"):
        made.do("needle", name="quincke_22g_90mm")
    made.withdraw(50.0)
    assert made.do("needle", name="quincke_22g_90mm").needle == "quincke_22g_90mm"


def test_pushes_and_draws_are_written_down_once_each():
    made = inserted()
    for _ in range(4):
        made.advance(3.0)
    for _ in range(3):
        made.withdraw(2.0)
    assert kinds(made) == ["insert", "angle", "advance", "withdraw"]
    assert [one.depth_mm for one in made.book.events[-2:]] == pytest.approx([17.0, 11.0])


def test_the_stylet_is_in_or_out():
    made = inserted()
    with pytest.raises(InputError, match="the stylet is in already"):
        made.do("stylet", inside=True)
    assert not made.do("stylet", inside=False).stylet_in


def test_turning_for_the_next_pass_does_not_move_the_danger_of_this_one():
    made = inserted()
    made.advance(30.0)
    danger = made.book.danger_mm[1]
    made.withdraw(20.0)
    orbital, tilt = made.state.hub_deg
    made.do("angle", orbital_deg=orbital + 25.0, tilt_deg=tilt)
    assert made.book.danger_mm == {1: danger}
    made.advance(8.0)
    assert made.state.needle_pass == 2
    assert made.book.danger_mm[1] == danger
    assert made.book.danger_mm[2] < danger
    redirect = next(one for one in made.book.events if one.do == "redirect")
    assert redirect.depth_mm == pytest.approx(15.0)
    assert not redirect.required


def test_poses_go_the_same_way_as_insert_and_advance():
    """The primitive: tip, axis and bevel as poses give the depth and feel of the sugar."""
    sugar, poses = inserted(), begun()
    path = planned(EPIDURAL)[0].trajectory
    sugar.advance(path.depth_mm - 10.0)
    poses.do("declare", procedure=EPIDURAL, level=poses.level, side=poses.side)
    for depth in (5.0, 20.0, path.depth_mm - 5.0):
        matrix = np.array(path.patient_from_needle.matrix)
        matrix[:3, 3] = path.entry_mm + depth * path.axis
        state = poses.needle_pose(matrix)
    assert state.depth_mm == pytest.approx(sugar.state.depth_mm, abs=0.1)
    assert state.hub_deg == pytest.approx(sugar.state.hub_deg, abs=0.1)
    assert state.felt == sugar.state.felt
    assert state.needle_pass == 1
    assert kinds(poses) == ["insert", "advance"]
    outside = np.array(path.patient_from_needle.matrix)
    outside[:3, 3] = path.entry_mm - 30.0 * path.axis
    assert poses.needle_pose(outside).depth_mm is None
    assert kinds(poses)[-1] == "withdraw"
