from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.posing.chain import STILL, chain, shifted
from needle_sim.anatomy.posing.field import motion_field
from needle_sim.anatomy.posing.posture import DiscTurn, Posture
from needle_sim.anatomy.posing.redrawn import redrawn
from needle_sim.anatomy.tissue import bone_labels
from tests.anatomy.small_patient import small_patient


def about(anatomy, name):
    """Distance of the voxels about a bone from it and from its neighbours; which are bone."""
    low, high = np.sort(anatomy.labels.voxels(anatomy.bones[name].box_mm), axis=0)
    part = anatomy.labels.crop(np.floor(low).astype(int) - 2, np.ceil(high).astype(int) + 3)
    points = part.patient_from_voxel.apply(np.argwhere(np.ones(part.shape, dtype=bool)))
    low, high = part.corners_mm()
    others = [
        bone.distance_mm(points)
        for other, bone in anatomy.bones.items()
        if other != name and (bone.box_mm[0] < high).all() and (bone.box_mm[1] > low).all()
    ]
    bony = np.isin(part.array.reshape(-1), bone_labels())
    return anatomy.bones[name].distance_mm(points), np.min(others, axis=0), bony


@pytest.mark.parametrize("name", ["L2", "L4"])
def test_voxels_and_surfaces_of_bones_stay_together(coarse, pillowed, name):
    voxel = float(coarse.labels.spacing_mm.max())

    away, others, bony = about(pillowed, name)
    was, others_were, bony_was = about(coarse, name)

    # the nearest voxel's label is read: at most half a voxel's diagonal off, the farthest included
    off = np.concatenate([-away[~bony & (away < 0)], away[bony & (away > 0) & (others > away)]])
    assert off.max() < 0.5 * np.sqrt(3.0) * voxel
    assert np.percentile(off, 99) < 0.6 * voxel
    now, then = (bony & (away < others)).sum(), (bony_was & (was < others_were)).sum()
    # the volume of the bone: 5 200 to 6 500 voxels, counted on two grids
    assert now / then == pytest.approx(1.0, abs=0.015)


def test_a_patient_that_does_not_move_keeps_every_voxel():
    patient = small_patient()
    field = motion_field(patient, dict.fromkeys(patient.bodies, STILL))

    ct, labels = redrawn(patient.ct, patient.labels, field)

    np.testing.assert_array_equal(labels.array, patient.labels.array)
    np.testing.assert_array_equal(ct.array, patient.ct.array)


def test_a_shift_by_whole_voxels_shifts_every_voxel():
    patient = small_patient()
    by = shifted(np.array([4.0, 0.0, -2.0]))
    field = motion_field(patient, dict.fromkeys(patient.bodies, by))

    ct, labels = redrawn(patient.ct, patient.labels, field)

    np.testing.assert_array_equal(labels.array[:-1, :, 2:], patient.labels.array[1:, :, :-2])
    apart = ct.array[:-1, :, 2:].astype(int) - patient.ct.array[1:, :, :-2]
    assert np.abs(apart).max() <= 1


def test_a_turned_grid_is_read_where_it_lies():
    patient = small_patient()
    flip = np.eye(4)
    flip[2, 2], flip[2, 3] = -1.0, patient.ct.shape[2] - 1.0  # columns from left to right
    place = patient.ct.patient_from_voxel
    back = replace(place, matrix=place.matrix @ flip)
    mirrored = [
        replace(one, array=np.ascontiguousarray(one.array[:, :, ::-1]), patient_from_voxel=back)
        for one in (patient.ct, patient.labels)
    ]
    moved = chain(patient, Posture("mine", "posterior", discs={"L4-L5": DiscTurn(3.0, 2.0)}))
    field = motion_field(patient, moved)

    _, labels = redrawn(patient.ct, patient.labels, field)
    _, turned = redrawn(*mirrored, field)

    # along a row the displacement is worked out at other voxels
    assert (labels.array == turned.array[:, :, ::-1]).mean() > 0.999


@pytest.mark.long
def test_an_inset_follows():
    patient = small_patient()
    moved = chain(patient, Posture("mine", "posterior", discs={"L4-L5": DiscTurn(6.0)}))
    field = motion_field(patient, moved)

    inset, nothing = redrawn(small_patient(step_mm=1.0).ct, None, field)

    assert nothing is None
    for name, body in patient.bodies.items():
        middle = moved[name].apply(body.matrix[:3, 3])
        around = middle + 12.0 * np.concatenate([np.eye(3), -np.eye(3)])
        np.testing.assert_allclose(inset.sample(around), 400.0)
        beyond = middle + 18.0 * np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0]])
        np.testing.assert_allclose(inset.sample(beyond), 50.0)
