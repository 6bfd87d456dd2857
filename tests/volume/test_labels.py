"""Label maps come onto the CT's grid by their place in the patient, or are refused."""

from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import LABEL_NAMES, load_labels, vertebra_label
from needle_sim.volume.schemes import VERSE
from needle_sim.volume.volume import Volume, axis_aligned
from tests.volume.seg_files import L4, described, slices_of, write_seg

RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (5, 6, 7)
GRID = Volume(np.zeros(SHAPE, np.int16), axis_aligned((3.0, 0.8, 0.7), (-20.0, -30.0, 100.0)))
MAP = (np.arange(np.prod(SHAPE)) % 118).reshape(SHAPE).astype(np.uint16)
TS = "totalsegmentator"


def save(path, array, lps, **header):
    """Write an array (A, B, C) whose indices ``lps`` (4, 4) maps to the patient."""
    image = nibabel.Nifti1Image(array, RAS @ lps)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def turned(order, signs):
    """MAP and its affine with axes permuted and reversed: the same labels at the same places."""
    lps = GRID.patient_from_voxel.matrix
    back = np.zeros((4, 4))
    back[3, 3] = 1
    for new, old in enumerate(order):
        back[old, new] = signs[new]
        back[old, 3] = 0 if signs[new] > 0 else SHAPE[old] - 1
    array = MAP.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    return array, lps @ back


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_any_axis_order_is_the_same_map(tmp_path, order, signs):
    array, lps = turned(order, signs)
    path = save(tmp_path / "labels.nii.gz", array, lps)

    labels = load_labels(path, grid=GRID, scheme=TS)
    own = load_labels(path, scheme=TS)

    assert np.array_equal(labels.array, MAP)
    assert labels.notes == ()
    assert labels.patient_from_voxel is GRID.patient_from_voxel
    assert np.array_equal(own.array, MAP)
    assert np.allclose(own.patient_from_voxel.matrix, GRID.patient_from_voxel.matrix, atol=1e-4)


def test_the_place_is_that_of_nibabel(tmp_path):
    path = save(tmp_path / "labels.nii", *turned((2, 0, 1), (-1, 1, -1)))
    image = nibabel.load(path)
    labels = load_labels(path, scheme=TS)
    for index in ((0, 0, 0), (6, 2, 4), (1, 4, 5)):
        here = (RAS @ image.affine @ [*index, 1])[:3]
        value = int(np.asarray(image.dataobj)[index])
        assert labels.sample(here) == value


@settings(max_examples=20)
@given(shift=st.tuples(*[st.floats(-1.5, 1.5)] * 3), fine=st.floats(0.8, 1.5))
def test_another_grid_gives_the_nearest_label_with_a_note(tmp_path_factory, shift, fine):
    folder = tmp_path_factory.mktemp("labels")
    lps = axis_aligned((2.1 * fine, fine, 0.9 * fine), np.array([-22.0, -31.0, 98.0]) + shift)
    theirs = np.random.default_rng(0).integers(1, 9, (10, 12, 11)).astype(np.uint8)
    path = save(folder / "labels.nii", theirs.transpose(2, 1, 0), lps.matrix[:, [2, 1, 0, 3]])

    labels = load_labels(path, grid=GRID, scheme=TS)

    source = Volume(theirs.astype(np.uint16), lps, "label")
    ijk = np.indices(SHAPE).reshape(3, -1).T
    there = source.voxels(GRID.patient_from_voxel.apply(ijk))
    clear = (np.abs(there % 1 - 0.5) > 1e-3).all(axis=1)  # not halfway between two voxels
    inside = ((there > -0.5) & (there < np.array(theirs.shape) - 0.5)).all(axis=1) & clear
    deep = ((there >= 0) & (there <= np.array(theirs.shape) - 1)).all(axis=1) & clear
    nearest = np.rint(there[deep]).astype(int)
    assert np.array_equal(labels.array.reshape(-1)[deep], theirs[tuple(nearest.T)])
    assert (labels.array.reshape(-1)[~inside & clear] == 0).all()
    assert "by the nearest voxel" in labels.warnings[0]


def test_the_share_that_lies_outside_is_told(tmp_path):
    ones = np.ones(SHAPE, np.uint8)
    half = GRID.crop((0, 0, 0), (5, 3, 7))
    lps = GRID.patient_from_voxel.matrix
    path = save(tmp_path / "labels.nii", ones, lps)
    found = load_labels(path, grid=half, scheme=TS)
    assert "about 50 % of the labelled volume lies outside" in found.warnings[0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full(SHAPE, 1.5, np.float32), "holds 1.5; labels must be whole"),
        (np.full(SHAPE, np.nan, np.float32), "holds nan; labels must be whole"),
        (np.full(SHAPE, -3, np.int16), "holds labels -3 to -3; 0 to 65535"),
        (np.full(SHAPE, 70000, np.int32), "holds labels 70000 to 70000"),
        (np.zeros(SHAPE, np.uint8), "holds no label but 0"),
    ],
)
def test_values_that_are_no_labels_are_refused(tmp_path, array, words):
    path = save(tmp_path / "labels.nii", array, GRID.patient_from_voxel.matrix)
    with pytest.raises(InputError, match=words):
        load_labels(path)


def test_whole_numbers_stored_as_float_are_labels(tmp_path):
    path = save(tmp_path / "labels.nii", MAP.astype(np.float64), GRID.patient_from_voxel.matrix)
    assert np.array_equal(load_labels(path, grid=GRID, scheme=TS).array, MAP)


def test_labels_of_another_patient_are_refused(tmp_path):
    lps = axis_aligned((3.0, 0.8, 0.7), (900.0, 0.0, 0.0)).matrix
    path = save(tmp_path / "labels.nii", np.full(SHAPE, 27, np.uint8), lps)
    with pytest.raises(InputError, match=r"no label of labels.nii lies in the CT.*at 90\d"):
        load_labels(path, grid=GRID)


def test_a_sheared_ct_gets_its_labels_too(tmp_path):
    lean = GRID.patient_from_voxel.matrix.copy()
    lean[1, 0] = 0.9
    sheared = Volume(GRID.array, Transform(lean, target=PATIENT, source=VOXEL))
    path = save(tmp_path / "labels.nii", MAP, lean)
    assert np.array_equal(load_labels(path, grid=sheared, scheme=TS).array, MAP)


def test_vertebrae_have_the_numbers_of_totalsegmentator():
    """Version 2, task total, ``totalsegmentator/map_to_binary.py``."""
    names = ["sacrum", "S1", "L5", "L1", "T12", "T1", "C7", "C1"]
    assert [vertebra_label(name) for name in names] == [25, 26, 27, 31, 32, 43, 44, 50]
    others = {52: "aorta", 63: "inferior_vena_cava", 79: "spinal_cord", 87: "autochthon_right"}
    ends = {1: "spleen", 92: "rib_left_1", 115: "rib_right_12", 117: "costal_cartilages"}
    assert {**others, **ends}.items() <= LABEL_NAMES.items()
    own = {201: "vertebrae_L6", 202: "vertebrae_T13", 203: "coccyx"}
    assert {n: name for n, name in LABEL_NAMES.items() if n > 117} == own
    assert sorted(LABEL_NAMES)[:117] == list(range(1, 118))
    with pytest.raises(InputError, match=r"no vertebra is called 'L7'\. Known: C1, .*L5"):
        vertebra_label("L7")


def check_spine(ct, labels, whole):
    """Vertebrae are bone, in one column, and each lies below the one with the smaller number."""
    assert labels.array.shape == ct.shape
    centres = []
    for name in whole:
        inside = labels.array == vertebra_label(name)
        assert ct.array[inside].mean() > 120
        centres.append(labels.patient_from_voxel.apply(np.argwhere(inside).mean(axis=0)))
    steps = np.diff(centres, axis=0)
    assert (steps[:, 2] < -20).all()
    assert (np.abs(steps[:, 0]) < 6).all()


@pytest.mark.real
def test_lidc_labels_lie_on_its_vertebrae(lidc):
    ct = load_series(lidc / "dicom")
    labels = load_labels(lidc / "labels_totalsegmentator.nii.gz", grid=ct)
    (note,) = labels.notes
    assert (note.value, "does not know" in note.text) == ("118", True)
    check_spine(ct, labels, ("T10", "T11", "T12", "L1", "L2"))


@pytest.mark.real
def test_lumbar_labels_lie_on_its_vertebrae(lumbar):
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    assert labels.notes == ()
    check_spine(ct, labels, ("L1", "L2", "L3", "L4", "L5", "sacrum"))


@pytest.mark.real
def test_a_real_spine_in_verse_numbers_is_the_same_spine(lumbar, tmp_path):
    wanted = load_labels(lumbar / "labels.nii.gz")
    theirs = np.zeros(wanted.shape, np.uint8)
    for value, number in VERSE.numbers.items():
        theirs[wanted.array == number] = value
    lps = wanted.patient_from_voxel.matrix
    found = load_labels(save(tmp_path / "verse.nii.gz", theirs, lps))
    assert np.array_equal(found.array, np.where(theirs > 0, wanted.array, 0))
    assert found.notes[0].value == "T11, T12, L1, L2, L3, L4, L5, sacrum"


@pytest.mark.real
@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_seg_of_a_real_series_is_the_map_it_was_made_from(lumbar, tmp_path, kind):
    ct = load_series(lumbar / "dicom")
    wanted = load_labels(lumbar / "labels.nii.gz", grid=ct)
    numbers = [int(n) for n in np.unique(wanted.array) if 25 <= n <= 33]
    array = np.zeros(wanted.shape, np.uint8)
    for segment, number in enumerate(numbers, start=1):
        array[wanted.array == number] = segment
    codes = [described(n, LABEL_NAMES[number], L4) for n, number in enumerate(numbers, start=1)]
    for one in codes:
        one.SegmentedPropertyTypeCodeSequence[0].CodeValue = "51282000"  # "vertebra"
    path = write_seg(tmp_path / "seg.dcm", slices_of(lumbar / "dicom"), array, codes, kind)
    found = load_labels(path, grid=ct)
    assert np.array_equal(found.array, np.where(array > 0, wanted.array, 0))
    assert found.notes == ()
