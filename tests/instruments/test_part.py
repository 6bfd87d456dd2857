"""Parts hold something, or are hollow, or cut."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.solids import capsule
from needle_sim.instruments.part import CUT, VOID, Part, density_g_cm3, part

BODY = capsule([0, 0, 0], [0, 0, 5], 1.0)


def test_a_part_of_one_material_is_as_dense_as_it():
    assert part(BODY, "platinum_iridium").g_cm3 == {"platinum_iridium": 21.55}
    assert density_g_cm3("steel") == 8.0


@pytest.mark.parametrize("kind", [VOID, CUT])
def test_what_is_hollow_or_cut_holds_nothing(kind):
    assert (part(BODY, kind).kind, dict(part(BODY, kind).g_cm3)) == (kind, {})


@pytest.mark.parametrize(
    ("contents", "kind", "says"),
    [
        ({}, "solid", "holds something"),
        ({"steel": 8.0}, VOID, "does not"),
        ({"stell": 8.0}, "solid", "did you mean 'steel'"),
        ({"steel": -1.0}, "solid", "over 0"),
        ({"steel": 8.0}, "gas", "solid"),
    ],
)
def test_parts_that_cannot_be_are_refused(contents, kind, says):
    with pytest.raises(InputError, match=says):
        Part(BODY, contents, kind)
