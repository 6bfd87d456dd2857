"""What all kinds share: their place in words, and vertebrae by name."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from needle_sim.anatomy.phantom.pathology.kind import Pathology, neighbours, resized, vertebra
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError


@dataclass(frozen=True)
class Wart(Pathology):
    """Does nothing."""

    kind: ClassVar[str] = "wart_of_bone"

    level: str = "L4"
    side: str = "left"
    size_mm: float = 2.5


def test_a_kind_that_does_nothing_changes_nothing():
    spine = spine_spec()

    assert Wart().changed(spine) is spine
    assert Wart().measured(None) == ()


def test_it_says_where_it_is_and_how_much():
    found = Wart().found("size", "mm", 2.5, 2.6)

    assert Wart().where == "L4 left"
    assert str(Wart()) == "wart of bone: size_mm 2.5"
    assert (found.kind, found.where) == ("wart_of_bone", "L4 left")


def test_neighbours_and_vertebrae_are_those_of_the_spine():
    spine = spine_spec()

    assert neighbours(spine, "L5-S1") == ("L5", "S1")
    assert vertebra(spine, "L5") == "L5"
    with pytest.raises(InputError, match=r"got 'L4-L6'; did you mean 'L4-L5'"):
        neighbours(spine, "L4-L6")
    with pytest.raises(InputError, match="got 'S1'"):
        vertebra(spine, "S1")


def test_sizes_of_one_vertebra_change_alone():
    spine = spine_spec()

    other = resized(spine, "L4", flavum_mm=6.0)

    assert other.vertebrae["L4"].flavum_mm == 6.0
    assert all(other.vertebrae[one] == spine.vertebrae[one] for one in spine.levels if one != "L4")
