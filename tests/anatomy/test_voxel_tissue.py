from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.anatomy.voxel_tissue import tissues_of_ct
from needle_sim.volume.volume import Volume, axis_aligned

AT = {  # HU and TotalSegmentator number of blocks of 5 x 5 pixels in the middle of a body
    "fat": (-90, 0),
    "muscle": (55, 0),
    "viscera": (250, 2),  # a kidney full of contrast is not bone
    "blood": (350, 52),
    "trabecular_bone": (150, 31),
    "cortical_bone": (900, 31),
    "nerve": (35, 79),
}


def blocks() -> tuple[Volume, Volume, np.ndarray]:
    hu = np.full((1, 30, 60), 55, dtype=np.int16)
    numbers = np.zeros(hu.shape, dtype=np.uint16)
    for n, (value, number) in enumerate(AT.values()):
        where = np.s_[:, 12:17, 5 + 7 * n : 10 + 7 * n]
        hu[where], numbers[where] = value, number
    place = axis_aligned([3.0, 1.0, 1.0], [0, 0, 0])
    patient = np.zeros(hu.shape, dtype=bool)
    patient[:, 2:28, 2:58] = True
    return Volume(hu, place), Volume(numbers, place, "label"), patient


@pytest.mark.parametrize("name", AT)
def test_label_and_hu_together_say_which_tissue(name):
    ct, numbers, patient = blocks()
    found = tissues_of_ct(ct, numbers, patient).array
    column = 7 + 7 * list(AT).index(name)
    assert found[0, 14, column] == label(name)


def test_air_is_exactly_what_lies_outside_the_patient():
    ct, numbers, patient = blocks()
    hu = ct.array.copy()
    hu[:, 20:23, 20:30] = -950  # gas in the bowel
    found = tissues_of_ct(Volume(hu, ct.patient_from_voxel), numbers, patient).array
    np.testing.assert_array_equal(found != 0, patient)
    assert (found[:, 20:23, 20:30] == label("viscera")).all()


def test_the_skin_is_three_millimetres_thick_along_every_side():
    ct, numbers, patient = blocks()
    found = tissues_of_ct(ct, numbers, patient).array[0]
    assert (found[2:28, 2:58] == label("skin")).sum() == 26 * 56 - 20 * 50
    assert (found[2:5, 30] == label("skin")).all()
    assert found[5, 30] != label("skin")


def test_soft_rim_of_a_bone_label_is_not_bone():
    ct, numbers, patient = blocks()
    hu = ct.array.copy()
    column = 5 + 7 * list(AT).index("trabecular_bone")
    hu[:, 12:17, column] = 60
    found = tissues_of_ct(Volume(hu, ct.patient_from_voxel), numbers, patient).array[0]
    assert (found[12:17, column] == label("muscle")).all()
    assert (found[12:17, column + 1] == label("trabecular_bone")).all()


def test_without_labels_bone_comes_from_hu_alone():
    ct, _, patient = blocks()
    found = tissues_of_ct(ct, None, patient).array[0]
    assert found[14, 7 + 7 * list(AT).index("cortical_bone")] == label("cortical_bone")
    assert found[14, 7] == label("fat")
