"""DICOM segmentations (SEG): binary, fractional and label map, checked before memory is taken.

References
----------
DICOM PS3.3 A.51 Segmentation IOD, C.8.20; PS3.5 8.1.1 (bits of a frame are packed from the lowest
bit on, frames one after the other without padding).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import iter_pixels
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from needle_sim.errors import DicomError, NeedleSimError
from needle_sim.volume.frames import Frames
from needle_sim.volume.header import DEFLATED, reason, tag_name
from needle_sim.volume.members import MOST_FILE_BYTES
from needle_sim.volume.nifti import MOST_VOXELS, Nifti
from needle_sim.volume.segments import CODES, Segment
from needle_sim.volume.slices import CODECS
from needle_sim.volume.volume import Note

SEG_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
)
_BITS = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}
_MOST_FRAMES = 1_000_000
_MOST_SEGMENTS = 65_535
HALF = 0.5
"""Of a fractional segment, what is at least half full is taken."""


def is_dicom(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as DICOM files do (PS3.10)."""
    try:
        with Path(path).open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read_seg(path: str | os.PathLike[str]) -> tuple[Nifti, tuple[Segment, ...], tuple[Note, ...]]:
    """The label map of a segmentation, (slice, row, column), its segments, and notes.

    Values are segment numbers. Where segments overlap, the later one counts, with a note.

    Raises
    ------
    DicomError
        No segmentation, one that is too large, damaged or lies on no regular grid; names the tag.
    """
    place = Path(path)
    data, kind, segments, frames = _header(place)
    shape = (frames.slices, int(data.Rows), int(data.Columns))
    if np.prod(shape, dtype=np.float64) > MOST_VOXELS:
        raise DicomError(f"{place.name} spans {shape} voxels; at most {MOST_VOXELS} are read")
    array = np.zeros(shape, dtype=np.uint16)
    least = HALF * float(data.get("MaximumFractionalValue", 255) or 255)
    over = 0
    for at, value, picture in zip(
        frames.index, frames.segment, _pictures(data, place.name, frames.count), strict=True
    ):
        if kind == "LABELMAP":
            array[at] = picture
            continue
        there = picture > 0 if kind == "BINARY" else picture >= least
        over += int(np.count_nonzero(array[at][there]))
        array[at][there] = value
    notes: tuple[Note, ...] = ()
    if over:
        text = "segments overlap: the one with the higher place in the file counts"
        notes = (Note(place.name, "", f"{over} voxels", text),)
    return Nifti(place.name, array, frames.patient_from_index, frames.uid), segments, notes


def _header(place: Path) -> tuple[Any, str, tuple[Segment, ...], Frames]:
    """The data set, its kind, its segments and its frames, all checked."""
    with warnings.catch_warnings():  # pydicom warns of values that are refused or not used here
        warnings.simplefilter("ignore")
        try:
            data = _dataset(place)
            kind = _checked_kind(data, place.name)
            segments = _segments(data, place.name)
            return data, kind, segments, Frames.of(data, place.name, by_segment=kind != "LABELMAP")
        except NeedleSimError:
            raise
        except Exception as error:  # whatever pydicom meets in a damaged value
            raise DicomError(
                f"{place.name} cannot be read ({reason(error)}); fetch it again"
            ) from error


def _dataset(place: Path) -> Any:
    size = place.stat().st_size
    if size > MOST_FILE_BYTES:
        raise DicomError(f"{place.name} has {size} bytes; at most {MOST_FILE_BYTES} are read")
    with place.open("rb") as file:
        if DEFLATED in file.read(1024):  # would be unpacked whole, to any size
            raise DicomError(
                f"{place.name} has a deflated transfer syntax; write it in Explicit VR Little "
                "Endian"
            )
    data = pydicom.dcmread(place)
    said = str(data.get("SOPClassUID", "")), str(data.get("Modality", ""))
    if said[0] not in SEG_CLASSES:
        raise DicomError(
            f"{place.name}: {tag_name('SOPClassUID')} is {said[0] or 'absent'} "
            f"({said[1] or 'no modality'}): give a DICOM segmentation (SEG), NIfTI or .seg.nrrd"
        )
    return data


def _checked_kind(data: Any, name: str) -> str:
    """BINARY, FRACTIONAL or LABELMAP, with the bits that go with it."""
    kind = str(data.get("SegmentationType", "")).upper()
    if kind not in _BITS:
        raise _refusal(name, "SegmentationType", kind or "absent", f"{', '.join(_BITS)} are read")
    bits = data.get("BitsAllocated")
    if bits not in _BITS[kind]:
        raise _refusal(name, "BitsAllocated", bits, f"{kind} has {_BITS[kind]}")
    for keyword in ("Rows", "Columns"):
        if not isinstance(data.get(keyword), int) or data.get(keyword) < 1:
            raise _refusal(name, keyword, data.get(keyword), "at least 1 is needed")
    if data.get("SamplesPerPixel", 1) != 1:
        raise _refusal(name, "SamplesPerPixel", data.SamplesPerPixel, "1 is needed")
    count = int(data.get("NumberOfFrames", 1) or 1)
    if not 1 <= count <= _MOST_FRAMES:
        raise _refusal(name, "NumberOfFrames", count, f"1 to {_MOST_FRAMES} are read")
    if "PixelData" not in data:
        raise _refusal(name, "PixelData", "absent", "the file is cut off; fetch it again")
    return kind


def _segments(data: Any, name: str) -> tuple[Segment, ...]:
    listed = data.get("SegmentSequence") or []
    if not 1 <= len(listed) <= _MOST_SEGMENTS:
        raise _refusal(name, "SegmentSequence", len(listed), f"1 to {_MOST_SEGMENTS} are read")
    found = []
    for one in listed:
        number = one.get("SegmentNumber")
        if not isinstance(number, int) or not 0 <= number <= _MOST_SEGMENTS:
            raise _refusal(name, "SegmentNumber", number, f"0 to {_MOST_SEGMENTS} are possible")
        if number == 0:  # the background of a label map
            continue
        found.append(Segment(number, str(one.get("SegmentLabel", ""))[:200], *_coded(one)))
    if len({one.value for one in found}) != len(found):
        raise _refusal(name, "SegmentNumber", "given twice", "each segment needs its own")
    return tuple(found)


def _coded(segment: Any) -> tuple[str, str]:
    """Code of what it is and of its side; of the region where the type is only "vertebra"."""
    kind, side = _code(
        segment, "SegmentedPropertyTypeCodeSequence", "SegmentedPropertyTypeModifierCodeSequence"
    )
    region = _code(segment, "AnatomicRegionSequence", "AnatomicRegionModifierSequence")
    return region if kind in ("", _VERTEBRA) and region[0] else (kind, side or region[1])


_VERTEBRA = "51282000"


def _code(segment: Any, of: str, modified_by: str) -> tuple[str, str]:
    item = next(iter(segment.get(of) or []), None)
    if item is None or str(item.get("CodingSchemeDesignator", "")) not in ("SCT", "SRT"):
        return "", ""
    modifiers = [*(segment.get(modified_by) or []), *(item.get(modified_by) or [])]
    side = _sct(modifiers[0]) if modifiers else ""
    return _sct(item), side


def _sct(item: Any) -> str:
    """SNOMED CT code; the older SRT codes are translated."""
    value = str(item.get("CodeValue", ""))
    if str(item.get("CodingSchemeDesignator", "")) != "SRT":
        return value
    old = Code(value, "SRT", "")
    return next((code for code in CODES if old == Code(code, "SCT", "")), "")


def _pictures(data: Any, name: str, count: int) -> Iterator[NDArray[Any]]:
    """The frames (R, C) one by one, as stored."""
    rows, columns, bits = int(data.Rows), int(data.Columns), int(data.BitsAllocated)
    syntax = data.file_meta.TransferSyntaxUID
    size = rows * columns
    if syntax not in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        yield from _decoded(data, name, count)
        return
    raw = memoryview(data.PixelData)
    needed = -(-count * size * bits // 8)
    if len(raw) < needed:
        raise _refusal(
            name, "PixelData", f"{len(raw)} bytes", f"{needed} are needed; fetch it again"
        )
    for n in range(count):
        if bits == 1:
            low, high = n * size, (n + 1) * size
            packed = np.frombuffer(raw[low // 8 : -(-high // 8)], dtype=np.uint8)
            flat = np.unpackbits(packed, bitorder="little")[low % 8 : low % 8 + size]
        else:
            width = bits // 8
            flat = np.frombuffer(raw, f"<u{width}", size, n * size * width)
        yield flat.reshape(rows, columns)


def _decoded(data: Any, name: str, count: int) -> Iterator[NDArray[Any]]:
    """Compressed frames, by the codecs of this package only."""
    syntax = data.file_meta.TransferSyntaxUID
    if syntax not in CODECS:
        raise _refusal(name, "TransferSyntaxUID", syntax, "write it as Explicit VR Little Endian")
    done = 0
    try:
        for picture in iter_pixels(data, raw=True, decoding_plugin=CODECS[syntax]):
            yield np.asarray(picture)
            done += 1
    except Exception as error:  # whatever a codec meets in damaged pixels
        raise DicomError(f"{name}: PixelData cannot be decoded ({reason(error)})") from error
    if done != count:
        raise _refusal(name, "NumberOfFrames", count, f"{done} are there")


def _refusal(name: str, keyword: str, value: Any, why: str) -> DicomError:
    return DicomError(f"{name}: {tag_name(keyword)} is {value}: {why}")
