"""Every shipped phantom is read back, with the bounds of the validation."""

from __future__ import annotations

import pytest

from needle_sim.anatomy.finding import Finding
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from validation.pathology import holds, table


def test_a_grade_beyond_its_bound_is_seen():
    assert holds(Finding("x", "L4", "size", "mm", 10.0, 10.19))
    assert not holds(Finding("x", "L4", "size", "mm", 10.0, 10.21))
    assert holds(Finding("x", "L4", "Cobb", "deg", 10.0, 10.9))
    assert not holds(Finding("x", "L4", "Cobb", "deg", 10.0, 11.1))


@pytest.mark.long
def test_every_shipped_phantom_is_sound_and_read_back():
    assert [line for line, good in table(phantom_names(), runs=False) if not good] == []
