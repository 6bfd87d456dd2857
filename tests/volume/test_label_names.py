from __future__ import annotations

import pytest

from needle_sim.volume.label_names import BONES, COLUMN, COLUMN_NUMBERS, LABEL_NAMES, number_of


@pytest.mark.parametrize(
    "name",
    [
        "vertebrae_L4",
        "L4",
        "l4",
        "L4 vertebra",
        "Vertebra L4",
        "Fourth lumbar vertebra",
        "lumbar 4",
    ],
)
def test_one_vertebra_has_many_names(name):
    assert number_of(name) == 28


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("Left Kidney", 3), ("kidney_left", 3), ("Right Rib 12", 115), ("rib_left_1", 92)),
        *(("T13", 202), ("L6 vertebra", 201), ("Coccyx", 203), ("Sacrum", 25), ("S1", 26)),
        *(("hip_left", 77), ("Left iliac vein", 67), ("urinary bladder", 21), ("bladder", 21)),
    ],
)
def test_structures_are_known_by_their_words(name, number):
    assert number_of(name) == number


@pytest.mark.parametrize(
    "name", ["", "bone", "L7", "L4 vertebral body", "L4-L5", "L4 right root", "kidney", "tumour"]
)
def test_what_is_not_a_whole_structure_is_not_known(name):
    assert number_of(name) is None


def test_every_name_is_its_own():
    assert {number_of(name): name for name in LABEL_NAMES.values()} == dict(LABEL_NAMES)


def test_the_column_runs_from_the_head_to_the_coccyx():
    assert COLUMN[:2] == ("C1", "C2")
    assert COLUMN[-3:] == ("S1", "sacrum", "coccyx")
    assert len(COLUMN) == 7 + 13 + 6 + 3
    assert COLUMN_NUMBERS["L6"] == 201


def test_bones_are_those_that_the_table_names():
    """Numbers 25-50, 69-78, 91 and 92-116, and our own three; costal cartilages are none."""
    ours = {201, 202, 203}
    assert set(BONES) == {*range(25, 51), *range(69, 79), 91, *range(92, 117)} | ours
