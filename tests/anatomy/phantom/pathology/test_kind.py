"""What all kinds share: their place in words, and vertebrae by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest

from needle_sim.anatomy.phantom.pathology.kind import (
    AtInterspace,
    AtVertebra,
    Grade,
    Pathology,
    neighbours,
    resized,
    unit_of,
    vertebra,
)
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


@dataclass(frozen=True)
class Gap(AtInterspace):
    """Has a grade that is read back, and one that is not."""

    kind: ClassVar[str] = "gap"
    grades: ClassVar[Mapping[str, Grade]] = {
        "wide_mm": Grade(1.0, 5.0, "take a wart", "width"),
        "loss_percent": Grade(0.0, 50.0, "take less"),
    }

    wide_mm: float
    loss_percent: float = 10.0

    def readings(self, anatomy: object) -> Mapping[str, float]:
        """Always 2.5."""
        return {"wide_mm": 2.5}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"wide_mm": 0.9}, "wide_mm must lie from 1 to 5, got 0.9; take a wart"),
        ({"wide_mm": 1.0, "loss_percent": 51.0}, "loss_percent .* got 51; take less"),
        ({"wide_mm": float("nan")}, "wide_mm must lie"),
    ],
)
def test_a_grade_beyond_its_limits_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Gap("L4-L5", **given)


def test_what_is_read_of_a_grade_stands_beside_what_was_asked_for():
    (found,) = Gap("L4-L5", 2.0).measured(None)

    assert (found.quantity, found.unit) == ("width", "mm")
    assert (found.requested, found.measured) == (2.0, 2.5)


@pytest.mark.parametrize(
    ("name", "unit"), [("slip_percent", "%"), ("hu", "HU"), ("sac_mm2", "mm2"), ("cobb_deg", "deg")]
)
def test_units_are_those_of_the_names(name, unit):
    assert unit_of(name) == unit


def test_a_place_that_the_spine_has_not_is_refused_before_anything_changes():
    spine = spine_spec()

    assert (Gap("L4-L5", 2.0).upper, Gap("L4-L5", 2.0).lower) == ("L4", "L5")
    assert Gap("L4-L5", 2.0).changed(spine) is spine
    assert AtVertebra("L4").changed(spine) is spine
    with pytest.raises(InputError, match="two neighbours"):
        Gap("L4-S1", 2.0).changed(spine)
    with pytest.raises(InputError, match="a vertebra of"):
        AtVertebra("S1").changed(spine)


@pytest.mark.parametrize("level", ["L4", "L4-L6", "L5-L4", "L4-", "T12-S1", "lumbar"])
def test_an_interspace_that_no_spine_has_is_refused_when_it_is_made(level):
    with pytest.raises(InputError, match=rf"two neighbours like 'L4-L5', got '{level}'"):
        Gap(level, 2.0)


@pytest.mark.parametrize("level", ["L4-L5", "L", "4", "X1"])
def test_what_is_no_vertebra_is_refused_when_it_is_made(level):
    with pytest.raises(InputError, match="one vertebra like 'L4'"):
        AtVertebra(level)


@pytest.mark.parametrize("level", ["T11-T12", "T11-L1", "T13-L1", "L5-L6", "L6-S1", "L4-S1"])
def test_an_interspace_of_some_spine_can_be_made(level):
    assert Gap(level, 2.0).level == level
