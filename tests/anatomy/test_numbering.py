import pytest

from needle_sim.anatomy.numbering import ORDER, USUAL, above, in_order, rank
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


def test_a_name_that_is_none_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'l4'.*L4"):
        rank("l4")
    with pytest.raises(InputError, match="above C1"):
        above("C1")
