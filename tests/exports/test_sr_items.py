"""Content items say their concept, value and unit, and highdicom takes them for its own."""

from highdicom.sr import ContentSequence
from pydicom.dataset import Dataset

from needle_sim.exports.sr_items import (
    UNITS,
    Code,
    code,
    container,
    dcm,
    found,
    moment,
    num,
    text,
    uidref,
)

DOSE = dcm(113738, "Dose (RP)")


def test_each_kind_of_item_is_read_by_highdicom():
    items = [
        num(DOSE, 0.25, "Gy"),
        code(dcm(113764, "Acquisition Plane"), dcm(113622, "Single Plane"), "CONTAINS"),
        text(dcm(121106, "Comment"), "words", "CONTAINS"),
        uidref(dcm(113769, "Irradiation Event UID"), "2.25.1", "CONTAINS"),
        moment(dcm(111526, "DateTime Started"), "20000101000012.500000"),
        container(dcm(113771, "X-Ray Filters"), [num(DOSE, 1.0, "Gy")], "CONTAINS"),
    ]
    root = Dataset()
    root.ContentSequence = items
    read = ContentSequence.from_sequence(root.ContentSequence)
    assert [type(one).__name__ for one in read] == [
        "NumContentItem", "CodeContentItem", "TextContentItem", "UIDRefContentItem",
        "DateTimeContentItem", "ContainerContentItem",
    ]  # fmt: skip
    assert read[0].value == 0.25
    assert (read[0].unit.value, read[0].unit.scheme_designator) == ("Gy", "UCUM")
    assert read[4].value.second == 12


def test_items_are_found_by_their_concept():
    items = [num(DOSE, 1.0, "Gy"), num(dcm(122130, "Dose Area Product"), 2.0, "Gy.m2")]
    assert found(items, "122130") == [items[1]]
    assert found(items, "1") == []


def test_a_template_is_named_and_every_unit_has_a_meaning():
    held = container(dcm(113701, "X-Ray Radiation Dose Report"), [], None, template="10001")
    assert held.ContentTemplateSequence[0].TemplateIdentifier == "10001"
    assert "RelationshipType" not in held
    assert all(meaning for meaning in UNITS.values())
    assert Code("1", "SCT", "one").items()[0].CodingSchemeDesignator == "SCT"
