from __future__ import annotations

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from needle_sim.errors import InputError
from needle_sim.volume.label_names import vertebra_label
from needle_sim.volume.segments import CODES, Segment, counted, numbers_of

LEVELS = [
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
]


@pytest.mark.parametrize("level", LEVELS)
def test_codes_of_vertebrae_are_those_of_the_standard(level):
    """PS3.16 CID 7603, as pydicom carries it."""
    code = getattr(codes.SCT, f"{level}Vertebra").value
    assert Segment(1, "", code).number == vertebra_label(level)


@pytest.mark.parametrize(
    ("concept", "name"),
    [
        *(("Sacrum", 25), ("Coccyx", 203), ("Liver", 5), ("Spleen", 1), ("Stomach", 6)),
        *(("Aorta", 52), ("InferiorVenaCava", 63), ("SpinalCord", 79), ("Heart", 51)),
        *(("Colon", 20), ("Pancreas", 7), ("Gallbladder", 4), ("Sternum", 116), ("Skull", 91)),
    ],
)
def test_codes_of_single_structures_are_those_of_pydicom(concept, name):
    assert Segment(1, "", getattr(codes.SCT, concept).value).number == name


@pytest.mark.parametrize(
    ("concept", "left", "right"),
    [("Kidney", 3, 2), ("Femur", 75, 76), ("CommonIliacArtery", 65, 66), ("Scapula", 71, 72)],
)
def test_codes_of_pairs_need_a_side(concept, left, right):
    code = getattr(codes.SCT, concept).value
    assert Segment(1, "", code, codes.SCT.Left.value).number == left
    assert Segment(1, "", code, codes.SCT.Right.value).number == right
    assert Segment(1, "", code).number is None


def test_a_name_that_says_other_than_the_code_is_refused():
    one = Segment(4, "vertebrae_L4", codes.SCT.L5Vertebra.value)
    with pytest.raises(InputError, match=r"segment 4 is called 'vertebrae_L4' but its code 4966"):
        _ = one.number
    assert Segment(4, "my bone", codes.SCT.L5Vertebra.value).number == 27
    assert Segment(4, "L5", "").number == 27


def test_two_segments_of_one_vertebra_are_refused_and_of_an_organ_joined():
    twins = [Segment(1, "L4 vertebra"), Segment(7, "vertebrae_L4")]
    with pytest.raises(InputError, match=r"x: segments 1 \(L4 vertebra\) and 7 .* are both"):
        numbers_of(twins, {1: 5, 7: 5}, "x")
    both, notes = numbers_of([Segment(1, "colon"), Segment(2, "Colon")], {1: 5, 2: 5}, "x")
    assert both == {1: 20, 2: 20}
    assert notes == ()


def test_a_named_vertebra_without_a_voxel_is_told():
    found, (note,) = numbers_of([Segment(1, "L4"), Segment(2, "L5")], {0: 9, 1: 5}, "x")
    assert found == {1: 28}
    assert note.text == "segments without a voxel: vertebrae_L5"
    with pytest.raises(InputError, match=r"no segment that is known.*vertebrae_L5 without a vox"):
        numbers_of([Segment(2, "L5")], {0: 9}, "x")


def test_values_that_no_segment_names_are_told():
    _, (note,) = numbers_of([Segment(1, "L4")], {0: 9, 1: 5, 8: 2}, "x")
    assert note.text == "segments left out, their names are not known: 8"


def test_voxels_are_counted():
    array = np.random.default_rng(0).integers(0, 40, (5, 6, 7)).astype(np.uint16)
    values, counts = np.unique(array, return_counts=True)
    assert counted(array) == dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_every_code_is_a_number():
    assert all(code.isdigit() for code in CODES)
    assert len(CODES) > 70
