"""A rule's texts hold known landmarks and known braces, nothing else."""

from __future__ import annotations

import pytest

from needle_sim.anatomy.rule_text import check_landmark, check_placeholders
from needle_sim.errors import InputError


@pytest.mark.parametrize("text", ["{upper}-{lower} {side} joint", "canal", ""])
def test_the_known_names_may_stand_in_braces(text):
    check_placeholders(text)


@pytest.mark.parametrize(
    "text", ["{side.__class__}", "{side!r}", "{side:>9}", "{0}", "{}", "{above}", "{upper", "}"]
)
def test_anything_else_in_braces_is_refused(text):
    with pytest.raises(InputError, match="braces"):
        check_placeholders(text)


def test_a_landmark_names_its_vertebra_first_and_the_nearest_is_said_in_full():
    check_landmark("{lower} {side} sap_tip")
    check_landmark("{lower} hiatus_apex")
    check_landmark("{lower} {side} s1_foramen_dorsal")
    check_landmark("{upper} {side} costal_facet")
    with pytest.raises(InputError, match="must start with"):
        check_landmark("L4 right sap_tip")
    with pytest.raises(InputError, match=r"did you mean '\{lower\} \{side\} sap_tip'"):
        check_landmark("{lower} {side} sap_top")
