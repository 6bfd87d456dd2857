"""Windows between bones: a gap of known height in a plate of known place."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import rigid
from needle_sim.imaging.ultrasound.probe import PROBE
from needle_sim.imaging.ultrasound.windows import first_met_mm, free_mm, widest_way, widest_window
from tests.imaging.ultrasound.bodies import BACK_OF_PLATE_MM, Box, block

DOWN = np.array([0.0, -1.0, 0.0])
HEIGHTS = np.stack([np.zeros(41), np.full(41, 8.0), np.arange(-20.0, 21.0)], axis=1)


def over(z: float):
    """A probe on the back at a height, its beam straight ventral."""
    axes = np.stack([[1.0, 0.0, 0.0], np.cross(DOWN, [1.0, 0.0, 0.0]), DOWN], axis=1)
    return rigid(axes, [0.0, 61.0, z], source=PROBE)


def test_free_room_is_the_distance_to_exact_bone_at_most_15_mm():
    patient = block(gap_mm=(-4.0, 6.0))
    points = np.array([[0.0, 23.0, 1.0], [0.0, 29.0, -20.0], [0.0, 23.0, -9.0], [0.0, 55.0, 0.0]])
    assert free_mm(patient, points) == pytest.approx([5.0, 3.0, -3.0, 15.0])


def test_bone_of_voxels_alone_is_not_free():
    patient = block()
    labels = patient.labels.array.copy()
    labels[30, 30, 30] = label("cortical_bone")
    seen = block().labels.like(labels, "label")
    bony = type(patient)("block", patient.ct, seen)
    at = seen.patient_from_voxel.apply([[30, 30, 30], [30, 34, 30]])
    assert free_mm(bony, at) == pytest.approx([-1.0, 15.0])


def test_the_way_leads_through_the_middle_of_the_gap():
    way = widest_way(block(gap_mm=(-4.0, 6.0)), HEIGHTS, DOWN[None], [0.0])
    assert way.aim_mm[2] == pytest.approx(1.0)
    assert way.free_mm == pytest.approx(5.0)


def test_a_tilt_is_taken_where_it_gains_width():
    """Aimed at one point above the gap, only a beam from below it comes through."""
    tilts = np.radians([-40.0, -20.0, 0.0, 20.0, 40.0])
    beams = np.stack([0 * tilts, -np.cos(tilts), np.sin(tilts)], axis=1)
    aim = np.array([[0.0, 8.0, 1.0 + 15.0 * np.tan(np.radians(40.0))]])
    way = widest_way(block(gap_mm=(-4.0, 6.0)), aim, beams, np.abs(np.degrees(tilts)))
    assert way.beam == pytest.approx(beams[4])


def test_a_closed_plate_leaves_the_way_with_the_least_bone():
    way = widest_way(block(gap_mm=(0.0, 0.0)), HEIGHTS, DOWN[None], [0.0])
    assert way.aim_mm[2] == pytest.approx(0.0)  # the seam of the two plates
    assert way.free_mm <= 0.0


def test_of_ways_as_free_the_one_with_the_wider_window_is_taken():
    """Two holes as high; the one that lies nearer the middle is 5 mm wide, the other 24 mm."""
    plate = block()
    faces = ((-50.0, -2.5), (2.5, 50.0)), ((-50.0, -12.0), (12.0, 50.0))
    holes = {0.0: faces[0], 20.0: faces[1]}
    bones = {"rest": Box(np.array([-50.0, 20.0, 4.0]), np.array([50.0, 26.0, 16.0]))}
    for z, sides in holes.items():
        for n, (low, high) in enumerate(sides):
            ends = np.array([low, 20.0, z - 4.0]), np.array([high, 26.0, z + 4.0])
            bones[f"{z}-{n}"] = Box(*ends)
    patient = type(plate)("plate", plate.ct, plate.labels, bones=bones)
    aims = np.array([[0.0, 8.0, 0.0], [0.0, 8.0, 20.0]])
    way = widest_window(patient, aims, DOWN[None], [0.0], across=[1.0, 0.0, 0.0])
    assert way.aim_mm[2] == 20.0
    assert way.free_mm > 0.0


def test_a_window_on_the_middle_line_comes_before_a_wide_one_that_is_shut_there():
    patient = block(gap_mm=(-4.0, 6.0))
    aims = np.array([[0.0, 8.0, 1.0], [0.0, 8.0, 20.0]])
    way = widest_window(patient, aims, DOWN[None], [0.0], across=[1.0, 0.0, 0.0])
    assert way.aim_mm[2] == 1.0


def test_what_the_middle_line_meets_first():
    patient = block(gap_mm=(-4.0, 6.0))
    through = first_met_mm(patient, over(1.0), reach_mm=80.0)
    assert through["bone"] is None
    assert through["dura"] == pytest.approx(61.0 - 14.0, abs=0.25)  # sac about y = 8, 6 mm thick
    behind = first_met_mm(patient, over(20.0), reach_mm=80.0)
    assert behind["bone"] == pytest.approx(61.0 - BACK_OF_PLATE_MM, abs=0.25)
    assert behind["dura"] is None  # no sound comes there
