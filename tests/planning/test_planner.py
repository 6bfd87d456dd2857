"""A plan keeps its margins, or says what blocks."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from needle_sim.anatomy.anatomy import Space, Structure
from needle_sim.anatomy.tissue import label
from needle_sim.errors import PlanningError
from needle_sim.geometry.shapes import Implicit, Tube, bar, box
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning import hazards
from needle_sim.planning.candidates import tips_about
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.planner import plan, same_place, window_share
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, root_beside, straight_target

ELECTRODE = Needle.preset("rf_18g_10mm")
TUOHY = Needle.preset("tuohy_18g_90mm")
QUINCKE = Needle.preset("quincke_22g_90mm")


def rotation(turn_deg: float) -> Transform:
    """About the cranial axis."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("z", turn_deg, degrees=True).as_matrix()
    return Transform(matrix, target=PATIENT, source=PATIENT)


def test_with_nothing_in_the_way_the_electrode_lies_along_the_nerve():
    found = plan(block(), straight_target(), ELECTRODE)
    assert found.axis_to_nerve_deg < 1.0
    assert found.target_error_mm < 0.5
    assert found.window_share == 1.0
    assert found.entry_mm[1] == pytest.approx(61.0, abs=0.2)  # half a voxel behind the last centre


def test_whether_two_tips_are_one_place_is_no_matter_of_rounding():
    """Tips lie every 0.5 mm, so that many are 1 mm apart but for the last bits of their places."""
    rng, judged = np.random.default_rng(0), []
    for _ in range(100):
        target = replace(straight_target(), centre_mm=rng.normal(0.0, 60.0, 3))
        tips = tips_about(target, rng.normal(size=3))
        apart = np.linalg.norm(tips - target.centre_mm, axis=1)
        placed = PlacedNeedle(ELECTRODE, Trajectory.straight(tips[0] + 50.0, target.centre_mm), 0.0)
        judged += [
            (same_place(tip, placed), round(d, 6)) for tip, d in zip(tips, apart, strict=True)
        ]
    assert {near for near, away in judged if away == 1.0} == {False}
    assert all(near == (away < 1.0) for near, away in judged)


@pytest.mark.parametrize("x_mm", [6.0, 4.0, 3.0, -3.0])
def test_no_path_comes_nearer_to_a_root_than_its_margin(x_mm):
    spine = block(structures=[root_beside(x_mm, 1.0)])
    found = plan(spine, straight_target(), ELECTRODE, margins_mm={"root": 2.0})
    for placed in found:
        assert clearances_mm(spine, placed)["L5 right root"] >= 2.0 - 0.05


@pytest.mark.parametrize("kind", ["dura", "root", "vessel"])
def test_no_path_comes_nearer_to_any_kind_than_its_margin(kind):
    """The straight way passes 1.4 mm beside it: without its margin that is the best path."""
    tube = replace(root_beside(3.0, 1.0), name=kind, kind=kind)
    spine = block(structures=[tube])
    straight = plan(spine, straight_target(), ELECTRODE, margins_mm={kind: 0.0})
    assert straight.clearance_mm[kind] < 1.9
    for placed in plan(spine, straight_target(), ELECTRODE, margins_mm={kind: 2.0}):
        assert clearances_mm(spine, placed)[kind] >= 2.0 - 0.05


def test_a_root_across_every_path_blocks_and_is_named():
    spine = block(structures=[root_beside(0.0, 25.0)])
    with pytest.raises(PlanningError, match="blocked by L5 right root"):
        plan(spine, straight_target(), ELECTRODE)


def test_bone_across_every_path_blocks_and_is_named():
    spine = block(bones={"L5": Slab((-60.0, 20.0, -60.0), (60.0, 30.0, 60.0))})
    with pytest.raises(PlanningError, match="blocked by bone"):
        plan(spine, straight_target(), ELECTRODE)


def test_a_path_goes_round_a_bone_that_leaves_room():
    spine = block(bones={"L5": Slab((0.9, 20.0, -60.0), (60.0, 30.0, 60.0))})
    found = plan(spine, straight_target(), ELECTRODE)
    line = found.tip_mm - np.linspace(0, 60, 241)[:, None] * found.placed.trajectory.axis
    assert spine.bones["L5"].distance_mm(line).min() >= ELECTRODE.outer_mm / 2


def test_a_tip_never_passes_the_ventral_margin():
    target = straight_target(ventral_mm=np.array([0.0, -4.2, 0.0]))
    found = plan(block(), target, ELECTRODE)
    assert all(placed.trajectory.tip_mm[1] >= -4.2 for placed in found)
    assert found.rejected["tip ventral to the process"] > 0


def test_a_needle_that_does_not_reach_is_said_to_be_too_short():
    short = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=50.0, active_tip_mm=10.0)
    with pytest.raises(PlanningError, match="50 mm too short"):
        plan(block(), straight_target(), short)


def test_paths_that_would_enter_outside_the_volume_are_left_out():
    spine = block(skin_y_mm=90.0)  # the body fills the volume to its edge
    with pytest.raises(PlanningError, match="outside the volume"):
        plan(spine, straight_target(), ELECTRODE)


def test_bone_of_the_voxels_blocks_all_the_way_to_the_skin():
    """A wing of bone 80 mm from the tip, as the ilium of a deep patient."""
    plain = block()
    array = plain.labels.array.copy()
    array[:, 60:65, :] = label("cortical_bone")  # y 40 to 48
    wing = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    deep = straight_target(
        centre_mm=np.array([0.0, -40.0, 0.0]), nerve_mm=None, window_mm=None, ventral_mm=None
    )
    assert plan(plain, deep, ELECTRODE).depth_mm > 95.0
    with pytest.raises(PlanningError, match="blocked by bone seen in voxels"):
        plan(wing, deep, ELECTRODE)


def test_active_tip_in_voxel_bone_is_measured():
    """A film of bone voxels where the electrode lies: no exact bone says so."""
    plain = block()
    array = plain.labels.array.copy()
    array[:, 38:42, 40] = label("trabecular_bone")  # x 0, y -4 to 2
    bony = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    found = plan(plain, straight_target(), ELECTRODE)
    assert found.tip_in_bone_mm(plain) == 0.0
    assert found.tip_in_bone_mm(bony) > 4.0


def test_the_same_question_has_the_same_answer():
    spine = block(structures=[root_beside(4.0)])
    first, second = (plan(spine, straight_target(), ELECTRODE) for _ in range(2))
    assert [one.trajectory.points_mm.tobytes() for one in first] == [
        one.trajectory.points_mm.tobytes() for one in second
    ]
    assert first.rejected == second.rejected


def test_a_shorter_active_tip_covers_its_share_of_the_window():
    """Tip at y -4, window -3 to 3: an active tip of 4 mm lies over -3 to 0, half of it."""
    half = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0, active_tip_mm=4.0)
    found = plan(block(), straight_target(), ELECTRODE)
    placed = type(found.placed)(
        half, type(found.placed.trajectory).straight([0, 61, 0], [0, -4, 0])
    )
    assert window_share(straight_target(), placed) == pytest.approx(0.5, abs=0.02)


def test_at_least_200_000_candidates_are_looked_at():
    found = plan(block(structures=[root_beside(4.0)]), straight_target(), ELECTRODE)
    assert found.tried >= 200_000
    assert sum(found.rejected.values()) < found.tried
    assert found.rejected["L5 right root"] > 0.2 * found.tried


@pytest.mark.parametrize(("margin_mm", "passes"), [(0.0, False), (-1.0, True), (None, True)])
def test_a_negative_or_missing_margin_is_no_wall(margin_mm, passes):
    """A root of 25 mm across every path: 0 is no touch, below that nobody asks."""
    spine = block(structures=[root_beside(0.0, 25.0)])
    margins = {} if margin_mm is None else {"root": margin_mm}
    if passes:
        assert plan(spine, straight_target(), ELECTRODE, margins_mm=margins).needles
    else:
        with pytest.raises(PlanningError, match="blocked by L5 right root"):
            plan(spine, straight_target(), ELECTRODE, margins_mm=margins)


def sheet(y_mm: float) -> Structure:
    """A sac of 30 mm across the way whose dorsal surface is at ``y_mm`` over the target."""
    tube = Tube(np.array([[-60.0, y_mm - 30.0, 0.0], [60.0, y_mm - 30.0, 0.0]]), np.full(2, 30.0))
    return Structure("dura", "dura", (tube,), "constructed")


def test_a_tip_comes_to_lie_in_the_named_space_short_of_the_dura():
    """Two millimetres of fat between flavum (y 2 to 6) and sac (y 0): centre on the dura."""
    spaces = {
        "canal": Space("canal", "canal", Slab((-9, -30, -9), (9, 6, 9)), "constructed"),
        "flavum": Space("flavum", "flavum", Slab((-9, 2, -9), (9, 6, 9)), "constructed"),
    }
    spine = replace(block(structures=[sheet(0.0)]), spaces=spaces)
    target = straight_target(
        centre_mm=np.array([0.0, 0.5, 0.0]), radius_mm=3.0, within=("canal",),
        nerve_mm=None, window_mm=None, ventral_mm=None,
    )  # fmt: skip
    found = plan(spine, target, TUOHY, margins_mm={"dura": 0.0})
    for placed in found:
        tip = placed.trajectory.tip_mm
        assert 0.635 - 0.01 <= tip[1] <= 2.0
        assert clearances_mm(spine, placed)["dura"] >= 0.0
    assert found.rejected["tip outside the canal"] > 0
    assert found.rejected["dura"] > 0


def test_no_room_in_the_named_space_is_said():
    spaces = {"disc": Space("disc", "disc", Slab((20, 20, 20), (30, 30, 30)), "constructed")}
    spine = replace(block(), spaces=spaces)
    with pytest.raises(PlanningError, match=r"blocked by tip outside the disc \((\d+) of \1\)"):
        plan(spine, straight_target(within=("disc",)), ELECTRODE)


@pytest.mark.parametrize("turn_deg", [0.0, 35.0])
def test_a_22_g_needle_slides_into_a_joint_of_a_millimetre_and_a_half(turn_deg):
    """Two faces 1.5 mm apart, 15 mm deep: finer than the maps, so exact surfaces must decide."""
    turn = rotation(turn_deg)
    faces = {
        name: Implicit.of([box((12.0, 7.5, 12.0), centre_mm=centre)]).moved(turn)
        for name, centre in (("L4", (-12.75, 0.0, 0.0)), ("L5", (12.75, 0.0, 0.0)))
    }
    gap = Implicit.of([box((0.75, 7.5, 12.0), round_mm=0.1)]).moved(turn)
    joint = Space("joint", "facet_joint", gap, "constructed")
    spine = replace(block(bones=faces), spaces={"joint": joint})
    target = straight_target(
        centre_mm=turn.apply([0.0, 3.0, 0.0]), radius_mm=3.0, within=("joint",), within_mm=1.0,
        approach=turn.turn([0.0, -1.0, 0.0]), nerve_mm=None, window_mm=None, ventral_mm=None,
    )  # fmt: skip
    found = plan(spine, target, QUINCKE)
    for placed in found:
        assert clearances_mm(spine, placed)["bone"] >= 0.04
        assert gap.distance_mm(placed.trajectory.tip_mm[None])[0] < 0
    assert found.target_error_mm < 0.5
    with pytest.raises(PlanningError, match="blocked by bone of L"):
        plan(spine, target, Needle(gauge=16, outer_mm=1.651, inner_mm=1.194, length_mm=150.0))


def test_a_needle_that_would_do_is_named_with_what_is_lacking():
    """110 mm deep it is out of reach of 90 mm, 5 of them outside, by 25; of 120 mm it is not."""
    deep = straight_target(
        centre_mm=np.array([0.0, -48.6, 0.0]), nerve_mm=None, window_mm=None, ventral_mm=None
    )
    said = (
        r"of 90 mm too short by 25 mm with 5 mm outside .*; a 120 mm one would do: tuohy_18g_120mm"
    )
    with pytest.raises(PlanningError, match=said):
        plan(block(), deep, TUOHY)


def test_a_second_plan_makes_no_maps(monkeypatch):
    spine = block(structures=[root_beside(6.0)])
    first = plan(spine, straight_target(), ELECTRODE)

    def made_again(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(hazards, "_made", made_again)
    moved = straight_target(centre_mm=np.array([1.0, -3.0, 1.0]))
    assert plan(spine, moved, ELECTRODE).tried == first.tried


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_was_seen_on_a_map_alone_is_returned(seed):
    """Roots and a bone at random: each path keeps its margins on the exact surfaces."""
    ends = np.random.default_rng(seed).uniform(-30, 30, (4, 2, 3)) + np.array([0, 25, 0])
    roots = [
        Structure(f"root {n}", "root", (Tube(line, 1.5),), "constructed")
        for n, line in enumerate(ends)
    ]
    horn = Implicit.of([bar((3, 5, -30), (2, 15, 30), (2.0, 5.0))])
    spine = block(structures=roots, bones={"L5": horn})
    found = plan(spine, straight_target(), ELECTRODE, margins_mm={"root": 1.0})
    assert found.rejected["bone of L5"] > 0
    for placed in found:
        away = clearances_mm(spine, placed)
        assert away.pop("bone") >= 0.04
        assert min(away.values()) >= 0.99


def test_two_threads_of_python_plan_at_once():
    spine, answers = block(structures=[root_beside(4.0)]), {}

    def call(name: str) -> None:
        answers[name] = plan(spine, straight_target(), ELECTRODE).placed.trajectory.points_mm

    callers = [threading.Thread(target=call, args=(name,)) for name in "ab"]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert answers["a"].tobytes() == answers["b"].tobytes()
