"""Content items of a DICOM structured report: numbers with units, codes, texts, containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from needle_sim.exports.dicom_head import number

UNITS = {
    "Gy.m2": "Gray square meter", "Gy": "Gray", "m2": "square meter", "mm": "millimeter",
    "deg": "degree", "s": "second", "ms": "millisecond", "kV": "kilovolt", "mA": "milliampere",
    "uA.s": "microampere second", "{pulse}/s": "pulse per second", "1": "no units",
}  # fmt: skip
"""UCUM codes in use, with their meanings."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept."""

    value: str
    scheme: str
    meaning: str

    def items(self) -> Items:
        """As a sequence of one item."""
        one = Dataset()
        one.CodeValue, one.CodingSchemeDesignator = self.value, self.scheme
        one.CodeMeaning = self.meaning
        return Items([one])


def dcm(value: int, meaning: str) -> Code:
    """A concept of DICOM's own scheme (PS3.16 annex D)."""
    return Code(str(value), "DCM", meaning)


def num(concept: Code, value: float, unit: str, relation: str = "CONTAINS") -> Dataset:
    """A number with its UCUM unit."""
    measured = Dataset()
    measured.NumericValue = number(value)
    measured.MeasurementUnitsCodeSequence = Code(unit, "UCUM", UNITS[unit]).items()
    item = _item("NUM", concept, relation)
    item.MeasuredValueSequence = Items([measured])
    return item


def code(concept: Code, value: Code, relation: str) -> Dataset:
    """A coded value."""
    item = _item("CODE", concept, relation)
    item.ConceptCodeSequence = value.items()
    return item


def text(concept: Code, value: str, relation: str) -> Dataset:
    """Words."""
    item = _item("TEXT", concept, relation)
    item.TextValue = value
    return item


def uidref(concept: Code, value: str, relation: str) -> Dataset:
    """A UID."""
    item = _item("UIDREF", concept, relation)
    item.UID = value
    return item


def moment(concept: Code, value: str, relation: str = "CONTAINS") -> Dataset:
    """A date and time, YYYYMMDDHHMMSS.FFFFFF."""
    item = _item("DATETIME", concept, relation)
    item.DateTime = value
    return item


def container(
    concept: Code, items: Iterable[Dataset], relation: str | None, *, template: str | None = None
) -> Dataset:
    """What holds other items; ``template`` is its number in PS3.16."""
    item = _item("CONTAINER", concept, relation)
    item.ContinuityOfContent = "SEPARATE"
    if template is not None:
        used = Dataset()
        used.MappingResource, used.TemplateIdentifier = "DCMR", template
        item.ContentTemplateSequence = Items([used])
    item.ContentSequence = Items(list(items))
    return item


def found(items: Sequence[Dataset], value: str) -> list[Dataset]:
    """Items whose concept has this code value."""
    return [one for one in items if one.ConceptNameCodeSequence[0].CodeValue == value]


def _item(kind: str, concept: Code, relation: str | None) -> Dataset:
    item = Dataset()
    if relation is not None:
        item.RelationshipType = relation
    item.ValueType = kind
    item.ConceptNameCodeSequence = concept.items()
    return item
