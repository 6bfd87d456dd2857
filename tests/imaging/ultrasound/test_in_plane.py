"""The probe beside the entry: the needle in its plane and in sight."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.imaging.ultrasound.in_plane import in_plane_pose
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.seating import skin_mm
from needle_sim.imaging.ultrasound.touch import MOST_PRESS_MM, coupling, gaps_mm
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from tests.imaging.ultrasound.bodies import block

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")
LEFT, POSTERIOR, HEAD = np.eye(3)


def needle(patient, tip, axis) -> PlacedNeedle:
    path = Trajectory.straight(skin_mm(patient, tip, -unit(axis)), tip)
    return PlacedNeedle(Needle.preset("rf_18g_10mm"), path)


@pytest.mark.parametrize(
    ("probe", "axis"),
    [
        (CURVED, (0.0, -1.0, 0.0)),
        (CURVED, (0.0, -1.0, 0.7)),
        (CURVED, (-0.5, -1.0, -0.5)),
        (LINEAR, (0.8, -1.0, 0.0)),
        (LINEAR, (-0.7, -1.0, -0.7)),
    ],
)
def test_shaft_and_tip_lie_in_the_plane_and_the_entry_beside_the_face(probe, axis):
    patient = block(side_mm=90)
    placed = needle(patient, [0.0, 30.0, 0.0], axis)
    seat = in_plane_pose(patient, placed, probe=probe)
    shaft = seat.inverse().apply(placed.trajectory.points_mm)
    assert shaft[:, 1] == pytest.approx(0.0, abs=1e-6)
    assert abs(shaft[0, 0]) > probe.footprint_mm / 2
    assert 0.0 < shaft[1, 2] < probe.depth_mm
    face = seat.matrix[:3, 3]
    x, _, z = seat.matrix[:3, :3].T
    assert 61.0 - MOST_PRESS_MM - 0.1 < face[1] < 61.1
    gaps = gaps_mm(patient, face[None], z[None], x[None], probe)
    assert coupling(gaps).mean() > 0.9  # it touches along its length; one end may lift
    marker = seat.matrix[:3, 0]
    head, left = marker @ HEAD, marker @ LEFT
    assert (head if abs(head) >= abs(left) else left) > 0


def test_the_tip_is_in_the_field_and_met_less_slantingly_than_end_on():
    patient = block(side_mm=90)
    placed = needle(patient, [0.0, 30.0, 0.0], (0.0, -1.0, 0.7))
    seat = in_plane_pose(patient, placed, probe=CURVED)
    tip = seat.inverse().apply(placed.trajectory.tip_mm)
    line = unit(tip + np.array([0.0, 0.0, CURVED.radius_mm]))
    assert np.degrees(np.arctan2(abs(line[0]), line[2])) < CURVED.field_deg / 2
    shaft = seat.inverse().turn(placed.trajectory.axis)
    assert np.degrees(np.arccos(abs(line @ shaft))) > 45.0


def test_a_tip_hidden_by_bone_is_looked_at_from_the_open_side():
    """Under the lower plate's edge the tip is seen only along a beam through the gap."""
    patient = block(gap_mm=(-4.0, 30.0), side_mm=90)
    placed = needle(patient, [0.0, 16.0, 4.0], (0.0, -1.0, 0.35))
    seat = in_plane_pose(patient, placed, probe=LINEAR)
    tip = seat.inverse().apply(placed.trajectory.tip_mm)
    above = seat.apply(tip - np.linspace(1.0, tip[2], 60)[:, None] * [0.0, 0.0, 1.0])
    assert all(bone.distance_mm(above).min() > 0 for bone in patient.bones.values())


def test_no_room_beside_the_entry_is_refused():
    patient = block(side_mm=30)
    placed = needle(patient, [0.0, 30.0, 0.0], (0.0, -1.0, 0.0))
    with pytest.raises(InputError, match="no place on the skin beside the entry"):
        in_plane_pose(patient, placed, probe=CURVED)


def test_a_needle_straight_down_beside_a_linear_probe_is_never_under_it():
    patient = block(side_mm=90)
    placed = needle(patient, [0.0, 30.0, 0.0], (0.0, -1.0, 0.0))
    with pytest.raises(InputError, match="in the plane of linear_9mhz"):
        in_plane_pose(patient, placed, probe=LINEAR)
