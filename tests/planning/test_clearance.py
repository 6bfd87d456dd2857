"""Distances that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.clearance import Obstacles, clearances_mm, skin_entry_mm
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, root_beside


def test_clearance_is_from_surface_to_surface():
    spine = block(
        structures=[root_beside(10.0, 2.0)], bones={"L5": Slab((-30, -20, -30), (30, -10, 30))}
    )
    needle = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0)
    placed = PlacedNeedle(needle, Trajectory.straight([0, 60, 0], [0, 0, 0]))
    found = clearances_mm(spine, placed)
    assert found["L5 right root"] == pytest.approx(10.0 - 2.0 - 0.635)
    assert found["bone"] == pytest.approx(10.0 - 0.635)


@pytest.mark.parametrize("tilt", [0.0, 30.0, -45.0])
def test_the_skin_is_met_where_the_body_ends(tilt):
    along = np.array([0.0, np.cos(np.radians(tilt)), np.sin(np.radians(tilt))])
    entry = skin_entry_mm(block(), [0.0, 0.0, 0.0], along)
    assert entry[1] == pytest.approx(61.0, abs=0.06)  # the last voxel's centre at 60, half of 2 mm
    assert np.cross(entry, along) == pytest.approx(np.zeros(3), abs=1e-9)


def test_a_line_that_leaves_the_volume_first_has_no_entry():
    assert skin_entry_mm(block(), [0.0, 0.0, 0.0], [0.0, 0.0, -1.0]) is None
    with pytest.raises(InputError, match="outside the body"):
        skin_entry_mm(block(), [0.0, 70.0, 0.0], [0.0, 1.0, 0.0])


def test_bone_known_from_voxels_only_is_a_distance_map():
    plain = block()
    array = plain.labels.array.copy()
    array[:, 60:65, :] = label("cortical_bone")  # y 40 to 48
    spine = Anatomy("voxels", plain.ct, Volume(array, plain.labels.patient_from_voxel, "label"))
    near = Obstacles.around(spine, [0.0, 0.0, 0.0])
    assert near.voxel_bone_mm(np.array([[0.0, 30.0, 0.0]])) == pytest.approx([10.0], abs=0.1)


def test_voxels_of_an_exact_bone_are_not_counted_twice():
    slab = Slab((-30, 40, -30), (30, 48, 30))
    plain = block(bones={"L5": slab})
    array = plain.labels.array.copy()
    axis = -80 + 2.0 * np.arange(81)
    across, behind = np.flatnonzero(np.abs(axis) <= 30), np.flatnonzero((axis >= 40) & (axis <= 48))
    array[np.ix_(across, behind, across)] = label("cortical_bone")
    labels = Volume(array, plain.labels.patient_from_voxel, "label")
    near = Obstacles.around(Anatomy("both", plain.ct, labels, bones={"L5": slab}), [0, 0, 0])
    assert near.voxel_bone is None
