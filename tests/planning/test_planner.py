"""A plan keeps its margins, or says what blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.errors import PlanningError
from needle_sim.instruments.needle import Needle
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.planner import plan, window_share
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, root_beside, straight_target

ELECTRODE = Needle.preset("rf_18g_10mm")


def test_with_nothing_in_the_way_the_electrode_lies_along_the_nerve():
    found = plan(block(), straight_target(), ELECTRODE)
    assert found.axis_to_nerve_deg < 1.0
    assert found.target_error_mm < 0.5
    assert found.window_share == 1.0
    assert found.entry_mm[1] == pytest.approx(61.0, abs=0.2)  # half a voxel behind the last centre


@pytest.mark.parametrize("x_mm", [6.0, 4.0, 3.0, -3.0])
def test_no_path_comes_nearer_to_a_root_than_its_margin(x_mm):
    spine = block(structures=[root_beside(x_mm, 1.0)])
    found = plan(spine, straight_target(), ELECTRODE, margins_mm={"root": 2.0})
    for placed in found:
        assert clearances_mm(spine, placed)["L5 right root"] >= 2.0 - 0.05


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
