import pytest

from needle_sim.anatomy.numbering import ORDER, USUAL, above, below, can_touch, in_order, rank
from needle_sim.errors import InputError


def test_the_usual_spine_has_seven_twelve_and_five_over_the_sacrum():
    assert [sum(one[0] == part for one in USUAL) for part in "CTLS"] == [7, 12, 5, 1]
    assert set(ORDER) - set(USUAL) == {"T13", "L6"}


def test_any_order_becomes_that_of_the_spine():
    assert in_order({"S1", "T12", "L6", "C3", "L1"}) == ("C3", "T12", "L1", "L6", "S1")


@pytest.mark.parametrize(
    ("level", "levels", "expected"),
    [
        ("L1", (), "T12"),
        ("S1", (), "L5"),
        ("T1", (), "C7"),
        ("L1", ("T12", "T13", "L1"), "T13"),
        ("S1", ("L4", "L5", "L6", "S1"), "L6"),
        ("S1", ("L3", "L4", "S1"), "L4"),
        ("S1", ("S1",), "L5"),
        ("L4", ("L2", "L4"), "L3"),
    ],
)
def test_what_lies_above_follows_the_spine_that_is_known(level, levels, expected):
    assert above(level, levels) == expected


@pytest.mark.parametrize(
    ("level", "levels", "expected"),
    [
        ("L5", (), "S1"),
        ("T12", (), "L1"),
        ("L5", ("L5", "L6", "S1"), "L6"),
        ("L6", ("L5", "L6", "S1"), "S1"),
        ("L4", ("L3", "L4", "S1"), "S1"),
        ("L3", ("L3", "S1"), "L4"),  # more than one is not in the field
        ("L4", ("L4",), "L5"),
    ],
)
def test_what_lies_below_follows_the_spine_that_is_known(level, levels, expected):
    assert below(level, levels) == expected


@pytest.mark.parametrize("pair", ["L5-S1", "L5-L6", "L6-S1", "L4-S1", "T12-L1", "T12-T13", "C7-T1"])
def test_neighbours_in_some_people_can_touch(pair):
    assert can_touch(*pair.split("-"))


@pytest.mark.parametrize("pair", ["L3-S1", "L4-L6", "L5-L4", "L4-L4", "T12-L2", "L4-X", "L4-"])
def test_others_cannot(pair):
    assert not can_touch(*pair.split("-"))


def test_a_name_that_is_none_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'l4'.*L4"):
        rank("l4")
    with pytest.raises(InputError, match="above C1"):
        above("C1")
    with pytest.raises(InputError, match="below S1"):
        below("S1")
