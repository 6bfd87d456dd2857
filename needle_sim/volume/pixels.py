"""Stored pixels to HU: bits, sign, padding, rescale; every repair is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRBigEndian

from needle_sim.errors import DicomError
from needle_sim.volume.header import Header, reason
from needle_sim.volume.slices import CODECS, CtSlice
from needle_sim.volume.volume import AIR_HU, Note

TISSUE_HU = (-900.0, 3071.0)
"""A padding value that lands in this range cannot be told from tissue (proposed; 12-bit CT)."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """What one slice needed on its way to HU: counts of voxels, and the lowest HU replaced."""

    padded: int = 0
    below_air: int = 0
    lowest: float = 0.0
    too_large: bool = False


def hounsfield(
    picture: CtSlice, dtype: type[np.int16] | type[np.float32]
) -> tuple[NDArray[Any], Repairs]:
    """HU (R, C) of one slice; padding and values below air become air, and are counted.

    Raises
    ------
    DicomError
        The pixels cannot be decoded, or do not have the size that the header states.
    """
    words = _words(picture)
    stored = _stored(words, picture.header)
    hu: NDArray[Any]
    if picture.integral:
        hu = stored.astype(np.int32) * int(picture.slope) + int(picture.intercept)
    else:
        hu = stored * np.float64(picture.slope) + picture.intercept
    padding = _padding(words, picture)
    padded = 0 if padding is None else int(np.count_nonzero(padding))
    if padded:
        hu[padding] = AIR_HU
    low, high = float(hu.min()), float(hu.max())
    below = int(np.count_nonzero(hu < AIR_HU)) if low < AIR_HU else 0
    if below:
        np.maximum(hu, AIR_HU, out=hu)
    too_large = dtype is np.int16 and high > np.iinfo(np.int16).max
    return hu.astype(dtype), Repairs(padded, below, low if below else 0.0, too_large)


def slice_notes(pictures: Sequence[CtSlice]) -> tuple[Note, ...]:
    """What the headers of a series say that a reader should know."""
    found: dict[str, Note] = {}
    for picture in pictures:
        header = picture.header
        if header.text("PhotometricInterpretation") == "MONOCHROME1":
            text = "MONOCHROME1 only asks for an inverted display; HU are unchanged"
            keyword = "PhotometricInterpretation"
            found.setdefault(keyword, header.note(keyword, "MONOCHROME1", text))
        kind = header.text("RescaleType")
        if kind not in ("", "HU"):
            text = f"the rescale type is {kind}, taken as HU"
            found.setdefault("RescaleType", header.note("RescaleType", kind, text))
        padding_hu = _padding_hu(picture)
        if padding_hu is not None and TISSUE_HU[0] <= padding_hu <= TISSUE_HU[1]:
            text = f"the padding value means {padding_hu:g} HU, as tissue does; left as it is"
            value = header.word("PixelPaddingValue")
            found.setdefault("padding", header.note("PixelPaddingValue", value, text))
    return tuple(found.values())


def _words(picture: CtSlice) -> NDArray[Any]:
    """The picture (R, C) as it was allocated, in native byte order, signed as the header says."""
    header = picture.header
    kind = _allocated(header)
    try:
        with header.member.open() as stream:
            dataset = pydicom.dcmread(stream, force=True)
        if header.encapsulated:
            dataset.file_meta.TransferSyntaxUID = header.syntax
            words = np.asarray(
                pixel_array(dataset, raw=True, decoding_plugin=CODECS[header.syntax])
            )
        else:
            big = header.syntax == ExplicitVRBigEndian
            count = picture.shape[0] * picture.shape[1]
            order = kind.newbyteorder(">" if big else "<")
            words = np.frombuffer(dataset.PixelData, order, count).reshape(picture.shape)
    except Exception as error:  # whatever a codec meets in damaged pixels
        why = f"cannot be decoded ({reason(error)}); fetch the file again"
        raise DicomError(f"{header.name}: (7FE0,0010) PixelData {why}") from error
    if words.shape != picture.shape:
        header.refuse("PixelData", f"of shape {words.shape}", f"{picture.shape} was stated")
    return words.astype(kind, copy=False)


def _stored(words: NDArray[Any], header: Header) -> NDArray[Any]:
    """Only the stored bits, with their sign extended."""
    allocated = header.word("BitsAllocated") or 16
    stored = header.word("BitsStored") or allocated
    high = header.word("HighBit")
    high = stored - 1 if high is None or header.encapsulated else high
    if stored == allocated:
        return words
    return (words << (allocated - 1 - high)) >> (allocated - stored)


def _padding(words: NDArray[Any], picture: CtSlice) -> NDArray[np.bool_] | None:
    """Where (R, C) the picture holds padding (0028,0120), by the bits as they were written.

    The value is often written as unsigned where the pixels are signed, or the other way round.
    """
    padding_hu = _padding_hu(picture)
    if padding_hu is None or TISSUE_HU[0] <= padding_hu <= TISSUE_HU[1]:
        return None
    first, last = _padding_words(picture.header, words.dtype)
    return np.asarray((words >= min(first, last)) & (words <= max(first, last)))


def _padding_words(header: Header, kind: np.dtype[Any]) -> tuple[int, int]:
    mask = (1 << 8 * kind.itemsize) - 1
    low = header.word("PixelPaddingValue") or 0
    limit = header.word("PixelPaddingRangeLimit")
    ends = []
    for word in (low, low if limit is None else limit):
        value = word & mask
        ends.append(value - mask - 1 if kind.kind == "i" and value > mask // 2 else value)
    return ends[0], ends[1]


def _padding_hu(picture: CtSlice) -> float | None:
    header = picture.header
    if header.word("PixelPaddingValue") is None:
        return None
    return picture.slope * _padding_words(header, _allocated(header))[0] + picture.intercept


def _allocated(header: Header) -> np.dtype[Any]:
    signed = header.word("PixelRepresentation") == 1
    return np.dtype(f"{'i' if signed else 'u'}{(header.word('BitsAllocated') or 16) // 8}")
