"""`Header`: what one DICOM file says about its picture, read without the pixels.

Values are parsed here from the raw elements, so that every refusal can name file, tag and value,
and so that an odd value elsewhere in a file does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from needle_sim.errors import DicomError
from needle_sim.volume.members import Member
from needle_sim.volume.volume import Note

_TEXT = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "SeriesDescription",
    "SeriesNumber",
    "PatientPosition",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "GantryDetectorTilt",
    "NumberOfFrames",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "PhotometricInterpretation",
)
_BINARY = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
CT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image: multi-frame, refused by name
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
)
_NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
DEFLATED = b"1.2.840.10008.1.2.1.99"
_UNSAID = (b"\x08\x00", b"\x02\x00")  # the first group of a file without a preamble


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """The tags of one file that geometry and HU need, and where its pixels lie.

    ``pixel_bytes`` is the length that the file declares for (7FE0,0010), ``None`` where it is
    absent or encapsulated; ``room_bytes`` is what the file has left for it.
    """

    member: Member
    values: Mapping[str, bytes]
    syntax: str
    pixel_bytes: int | None
    room_bytes: int

    @property
    def name(self) -> str:
        """File name below the folder or zip that was given."""
        return self.member.name

    @property
    def encapsulated(self) -> bool:
        """True where the pixels are compressed."""
        return self.syntax not in _NATIVE

    def text(self, keyword: str) -> str:
        """A value as text, ``""`` where it is absent or empty."""
        return _printable(self.values.get(keyword, b""))

    def numbers(self, keyword: str, count: int, most: float = 1e5) -> NDArray[np.float64]:
        """Exactly ``count`` numbers (count,) of size up to ``most``; `DicomError` otherwise."""
        text = self.text(keyword)
        try:
            found = np.array([float(part) for part in text.split("\\")])
        except ValueError:
            self.refuse(keyword, text or "absent", f"{count} numbers are needed")
        if len(found) != count or not (np.abs(found) <= most).all():  # NaN is not <=
            self.refuse(keyword, text, f"{count} numbers up to {most:g} are needed")
        return found

    def word(self, keyword: str) -> int | None:
        """A 16-bit value as written, unsigned; ``None`` where it is absent."""
        raw = self.values.get(keyword, b"")
        if len(raw) < 2:
            return None
        return int.from_bytes(raw[:2], "big" if self.syntax == ExplicitVRBigEndian else "little")

    def refuse(self, keyword: str, value: Any, why: str) -> NoReturn:
        """Raise the `DicomError` that names this file, the tag and the value."""
        raise DicomError(f"{self.name}: {tag_name(keyword)} is {value}: {why}")

    def note(self, keyword: str, value: Any, text: str) -> Note:
        """A `Note` on this file, tag and value."""
        return Note(file=self.name, tag=tag_name(keyword), value=str(value), text=text)


def tag_name(keyword: str) -> str:
    """E.g. ``(0028,0030) PixelSpacing``."""
    tag = tag_for_keyword(keyword) or 0
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}"


def reason(error: Exception) -> str:
    """What an exception of a library says, in one line of at most 200 characters."""
    said = error.strerror if isinstance(error, OSError) else str(error)
    text = " ".join((said or type(error).__name__).split())
    return text if len(text) <= 200 else text[:197] + "..."


def read_header(member: Member) -> Header | None:
    """The header of a file; ``None`` where it is not DICOM, `DicomError` where it is damaged."""
    start = b""
    try:
        with member.open() as stream:
            start = stream.read(1024)
            if not (_has_preamble(start) or start[:2] in _UNSAID):
                return None
            if DEFLATED in start:  # would be unpacked whole, to any size, before it can be checked
                raise DicomError("deflated transfer syntax; export it as Explicit VR Little Endian")
            stream.seek(0)
            dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
            offset = stream.tell()
            element = stream.read(12)
        values = {keyword: _raw(dataset, keyword) for keyword in (*_TEXT, *_BINARY)}
        meta = getattr(dataset, "file_meta", None) or pydicom.Dataset()
        values["SOPClassUID"] = values["SOPClassUID"] or _raw(meta, "MediaStorageSOPClassUID")
        syntax = _syntax(dataset, meta)
    except Exception as error:  # whatever pydicom meets in a damaged file
        if not (_has_preamble(start) or isinstance(error, OSError)):
            return None
        raise DicomError(
            f"{member.name} cannot be read ({reason(error)}); fetch it again or remove it"
        ) from error
    if not (values["SOPClassUID"] or values["Modality"]):
        if not _has_preamble(start):
            return None
        raise DicomError(f"{member.name} is cut off in its header; fetch it again or remove it")
    room = _pixel_room(element, syntax, member.size_bytes - offset)
    header = Header(member, values, syntax, *room)
    if header.text("SOPClassUID") in CT_CLASSES and header.room_bytes <= 0:
        header.refuse("PixelData", "absent", "the file is cut off; fetch it again or remove it")
    return header


def _printable(value: bytes) -> str:
    text = value.decode("utf-8", "replace").strip("\0 ")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _has_preamble(start: bytes) -> bool:
    return start[128:132] == b"DICM"


def _raw(dataset: Any, keyword: str) -> bytes:
    if keyword not in dataset:
        return b""
    value = dataset.get_item(keyword).value
    if isinstance(value, bytes):
        return value
    return b"" if value is None else str(value).encode()


def _syntax(dataset: Any, meta: Any) -> str:
    found = _printable(_raw(meta, "TransferSyntaxUID"))
    if found:
        return found
    implicit, little = dataset.original_encoding
    if not little:
        return str(ExplicitVRBigEndian)
    return str(ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)


def _pixel_room(element: bytes, syntax: str, left: int) -> tuple[int | None, int]:
    order = "big" if syntax == ExplicitVRBigEndian else "little"
    tag = element[:4]
    if tag != (b"\x7f\xe0\x00\x10" if order == "big" else b"\xe0\x7f\x10\x00"):
        return None, 0
    implicit = syntax == ImplicitVRLittleEndian
    length = int.from_bytes(element[4:8] if implicit else element[8:12], order)  # type: ignore[arg-type]
    return (None if length == 0xFFFFFFFF else length), left - (8 if implicit else 12)
