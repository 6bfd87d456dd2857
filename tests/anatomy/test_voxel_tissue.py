from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.skin import find_patient
from needle_sim.anatomy.tissue import label
from needle_sim.anatomy.voxel_tissue import tissues_of_ct
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import LABEL_NAMES, load_labels
from needle_sim.volume.volume import Volume, axis_aligned

AT = {  # HU and TotalSegmentator number of blocks of 5 x 5 pixels in the middle of a body
    "fat": (-90, 0),
    "muscle": (55, 0),
    "kidney": (250, 2),  # full of contrast it is not bone
    "aorta": (350, 52),
    "trabecular_bone": (150, 31),
    "cortical_bone": (900, 31),
    "cord": (35, 79),
}

NAMED = {  # TotalSegmentator names, with HU that say nothing else
    "kidney_left": ("kidney", 30),
    "kidney_cyst_right": ("kidney", 5),
    "liver": ("liver", 58),
    "spleen": ("viscera", 45),
    "lung_lower_lobe_right": ("lung", -850),
    "colon": ("bowel", 35),
    "small_bowel": ("bowel", -60),  # of fatty content
    "duodenum": ("bowel", 35),
    "aorta": ("aorta", 40),
    "inferior_vena_cava": ("ivc", 40),
    "iliac_vena_left": ("blood", 40),
    "spinal_cord": ("cord", 35),
    "autochthon_left": ("erector_spinae", 55),
    "iliopsoas_right": ("psoas", 55),
    "gluteus_maximus_left": ("muscle", 55),
    "costal_cartilages": ("costal_cartilage", 100),
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


@pytest.mark.parametrize("name", NAMED)
def test_what_is_labelled_keeps_its_name(name):
    tissue, hu = NAMED[name]
    number = {one: number for number, one in LABEL_NAMES.items()}[name]
    ct, numbers, patient = blocks()
    array, values = numbers.array.copy(), ct.array.copy()
    array[:, 20:24, 20:30], values[:, 20:24, 20:30] = number, hu

    labelled = tissues_of_ct(
        Volume(values, ct.patient_from_voxel), numbers.like(array, "label"), patient
    ).array

    assert (labelled[:, 20:24, 20:30] == label(tissue)).all()


@pytest.mark.parametrize(
    ("name", "tissue"), [("colon", "bowel_gas"), ("liver", "liver"), ("autochthon_left", "viscera")]
)
def test_gas_is_named_in_bowel_alone(name, tissue):
    number = {one: number for number, one in LABEL_NAMES.items()}[name]
    ct, numbers, patient = blocks()
    array, values = numbers.array.copy(), ct.array.copy()
    array[:, 20:24, 20:30], values[:, 20:24, 20:30] = number, -900

    labelled = tissues_of_ct(
        Volume(values, ct.patient_from_voxel), numbers.like(array, "label"), patient
    ).array

    assert (labelled[:, 20:24, 20:30] == label(tissue)).all()


def test_fat_between_the_fibres_of_a_labelled_muscle_is_fat():
    ct, numbers, patient = blocks()
    array, values = numbers.array.copy(), ct.array.copy()
    array[:, 20:24, 20:30], values[:, 20:24, 20:30] = 86, 55  # autochthon_left
    values[:, 22, 25] = -80

    labelled = tissues_of_ct(
        Volume(values, ct.patient_from_voxel), numbers.like(array, "label"), patient
    ).array

    assert labelled[0, 22, 25] == label("fat")
    assert labelled[0, 21, 25] == label("erector_spinae")


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
    hu[:, 12:17, column] = 55
    found = tissues_of_ct(Volume(hu, ct.patient_from_voxel), numbers, patient).array[0]
    assert (found[12:17, column] == label("muscle")).all()
    assert (found[12:17, column + 1] == label("trabecular_bone")).all()


def test_without_labels_bone_comes_from_hu_alone():
    ct, _, patient = blocks()
    found = tissues_of_ct(ct, None, patient).array[0]
    assert found[14, 7 + 7 * list(AT).index("cortical_bone")] == label("cortical_bone")
    assert found[14, 7] == label("fat")


def ring(
    rim_hu: int, core_hu: int, *, pixel_mm: float = 1.0, gap: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Tissue of a ring of 20 x 20 pixels about a core of 16 x 16, without labels, and its core."""
    hu = np.full((1, 40, 40), 55, dtype=np.int16)
    hu[:, 10:30, 10:30] = rim_hu
    hu[:, 12:28, 12:28] = core_hu
    hu[:, 10:12, 18 : 18 + gap] = 90
    patient = np.ones(hu.shape, dtype=bool)
    found = tissues_of_ct(
        Volume(hu, axis_aligned([3.0, pixel_mm, pixel_mm], [0, 0, 0])), None, patient
    )
    return found.array[0], found.array[0, 12:28, 12:28]


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_marrow_in_a_cortex_is_bone_even_if_the_cortex_has_a_gap(gap):
    _, core = ring(700, 80, gap=gap)
    assert (core == label("trabecular_bone")).all()


def test_the_spinal_canal_is_no_marrow():
    _, core = ring(700, 20)
    assert (core == label("muscle")).all()


def test_a_kidney_with_a_bright_cortex_is_not_filled():
    _, core = ring(300, 120)
    assert (core == label("muscle")).all()


def test_a_thin_cortex_in_coarse_pixels_is_bone():
    fine, _ = ring(150, 80)
    coarse, _ = ring(150, 80, pixel_mm=3.0)
    assert (fine[10, 10:30] == label("muscle")).all()
    assert (coarse[10, 10:30] == label("trabecular_bone")).all()


def test_a_labelled_bone_with_dark_marrow_has_no_holes():
    ct, numbers, patient = blocks()
    column = 5 + 7 * list(AT).index("trabecular_bone")
    hu = ct.array.copy()
    hu[:, 12:17, column : column + 5] = 90
    hu[:, 13:16, column + 1 : column + 4] = -20
    found = tissues_of_ct(Volume(hu, ct.patient_from_voxel), numbers, patient).array[0]
    assert (found[12:17, column : column + 5] == label("trabecular_bone")).all()


@pytest.mark.real
def test_a_real_iliac_wing_is_solid_with_labels_and_mostly_without(lumbar):
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    hips = (labels.array == 77) | (labels.array == 78)
    patient, _ = find_patient(ct)
    for known, least in ((labels, 0.95), (None, 0.75)):
        found = tissues_of_ct(ct, known, patient).array
        bone = (found == label("trabecular_bone")) | (found == label("cortical_bone"))
        assert bone[hips].mean() > least
        assert bone[(labels.array == 2) | (labels.array == 3)].mean() < 0.01  # kidneys
