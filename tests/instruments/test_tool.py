"""Tools are tables; those that are shipped can be placed."""

from __future__ import annotations

import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.instruments.tool import Stretch, Tool

CONTACTS = {"span_mm": (2.0, 5.0), "diameter_mm": (1.3, 1.3), "material": "platinum_iridium"}


@pytest.mark.parametrize("name", presets.names("tools"))
def test_every_shipped_tool_is_read_with_its_sources(name):
    tool = Tool.preset(name)
    assert tool.stretches
    assert presets.table("tools", name)["summary"]


def test_a_lead_has_eight_contacts_of_3_mm_on_a_body():
    lead = Tool.preset("scs_lead_8")
    (contacts,) = (one for one in lead.stretches if one.material == "platinum_iridium")
    assert contacts.repeat == 8
    assert contacts.span_mm[1] - contacts.span_mm[0] == pytest.approx(3.0)
    assert contacts.pitch_mm - 3.0 == pytest.approx(4.0)


def test_a_stretch_says_what_it_holds():
    assert Stretch(**CONTACTS).g_cm3 == {"platinum_iridium": 21.55}
    mixed = Stretch((0.0, 1.0), (2.0, 2.0), contents={"iodine": 0.15, "water": 1.03})
    assert (mixed.kind, dict(mixed.g_cm3)) == ("solid", {"iodine": 0.15, "water": 1.03})
    hollow = Stretch((0.0, 1.0), (2.0, 2.0), "void")
    assert (hollow.kind, dict(hollow.g_cm3)) == ("void", {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"span_mm": (5.0, 5.0)}, "must rise"),
        ({"diameter_mm": (0.0, 0.0)}, "diameter_mm"),
        ({"diameter_mm": (1.0, 300.0)}, "diameter_mm"),
        ({"repeat": 8}, "pitch_mm"),
        ({"material": ""}, "either"),
        ({"contents": {"steel": 8.0}}, "either"),
        ({"material": "adamant"}, "no preset 'adamant'"),
    ],
)
def test_a_stretch_that_cannot_be_is_refused(change, says):
    with pytest.raises(InputError, match=says):
        Stretch(**(CONTACTS | change))


def test_a_tool_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="400 parts"):
        Tool(())
    with pytest.raises(InputError, match="length_mm"):
        Tool((Stretch(**CONTACTS),), -1.0)
    with pytest.raises(PresetError, match="did you mean 'scs_lead_8'"):
        Tool.preset("scs_lead")
