"""Shipped phantoms of several pathologies are read back, with the bounds of the validation."""

from __future__ import annotations

import pytest

from needle_sim.anatomy.finding import Finding
from validation.pathology import holds, table


def test_a_grade_beyond_its_bound_is_seen():
    assert holds(Finding("x", "L4", "size", "mm", 10.0, 10.19))
    assert not holds(Finding("x", "L4", "size", "mm", 10.0, 10.21))
    assert holds(Finding("x", "L4", "Cobb", "deg", 10.0, 10.9))
    assert not holds(Finding("x", "L4", "Cobb", "deg", 10.0, 11.1))


MANY = ("elderly_mixed", "failed_back", "scoliosis_25", "spondylolysis_l5", "transitional")
"""The validation reads all of them; each pathology by itself has its tests beside its module."""


@pytest.mark.long
def test_phantoms_of_several_pathologies_are_sound_and_read_back():
    found = list(table(MANY, runs=False))
    assert len(found) >= len(MANY)
    assert [line for line, good in found if not good] == []
