"""`CtSlice`: one CT picture that was found whole, and its HU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRBigEndian

from needle_sim.errors import DicomError
from needle_sim.volume.header import Header
from needle_sim.volume.members import MOST_FILE_BYTES
from needle_sim.volume.volume import AIR_HU, Note

TISSUE_HU = (-900.0, 3071.0)
"""A padding value that lands in this range cannot be told from tissue (proposed; 12-bit CT)."""
_UNIT_LIMIT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class CtSlice:
    """One CT picture: where it lies and how its stored values become HU.

    Parameters
    ----------
    header : Header
        The file.
    position_mm : (3,) array
        Centre of the first pixel, patient LPS: (0020,0032).
    row_axis, column_axis : (3,) arrays
        Unit directions in which the column index and the row index grow: (0020,0037), first and
        second triple.
    pixel_mm : (2,) array
        Distance between rows and between columns: (0028,0030).
    slope, intercept : float
        HU = slope * stored + intercept: (0028,1053), (0028,1052).
    """

    header: Header
    position_mm: NDArray[np.float64]
    row_axis: NDArray[np.float64]
    column_axis: NDArray[np.float64]
    pixel_mm: NDArray[np.float64]
    shape: tuple[int, int]
    slope: float
    intercept: float

    @property
    def name(self) -> str:
        """File name below what was given."""
        return self.header.name

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit direction across the slice: row axis x column axis."""
        return np.cross(self.row_axis, self.column_axis)

    @property
    def integral(self) -> bool:
        """True where slope and intercept are whole numbers, so that HU are too."""
        return self.slope.is_integer() and self.intercept.is_integer()


@dataclass(frozen=True, slots=True)
class Repairs:
    """What one slice needed on its way to HU: counts of voxels, and the lowest HU replaced."""

    padded: int = 0
    below_air: int = 0
    lowest: float = 0.0
    too_large: bool = False


def ct_slice(header: Header) -> CtSlice:
    """Check one header by the rules of a CT picture; `DicomError` names file, tag and value."""
    if (header.text("NumberOfFrames") or "1") != "1":
        header.refuse(
            "NumberOfFrames",
            header.text("NumberOfFrames"),
            "multi-frame CT is not read; export it as one file a slice",
        )
    if header.text("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        value = header.text("PhotometricInterpretation") or "absent"
        header.refuse("PhotometricInterpretation", value, "a CT slice is MONOCHROME2")
    shape = _shape(header)
    _check_bits(header)
    _check_room(header, shape)
    row_axis, column_axis = _axes(header)
    pixel_mm = header.numbers("PixelSpacing", 2)
    if not (pixel_mm > 0).all():
        header.refuse("PixelSpacing", header.text("PixelSpacing"), "both must be positive")
    slope, intercept = _rescale(header)
    position = header.numbers("ImagePositionPatient", 3)
    return CtSlice(header, position, row_axis, column_axis, pixel_mm, shape, slope, intercept)


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
    hu = stored.astype(np.int32 if picture.integral else np.float64)
    hu = hu * (int(picture.slope) if picture.integral else picture.slope)
    hu += int(picture.intercept) if picture.integral else picture.intercept
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


def slice_notes(pictures: tuple[CtSlice, ...]) -> tuple[Note, ...]:
    """What the headers of a series say that a reader should know."""
    found = {}
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


def _shape(header: Header) -> tuple[int, int]:
    rows, columns = header.word("Rows"), header.word("Columns")
    for keyword, value in (("Rows", rows), ("Columns", columns)):
        if not value:
            header.refuse(keyword, "absent" if value is None else value, "a picture needs it")
    return rows or 0, columns or 0


def _check_bits(header: Header) -> None:
    allocated, stored = header.word("BitsAllocated"), header.word("BitsStored")
    high = header.word("HighBit")
    if header.word("SamplesPerPixel") not in (1, None):
        header.refuse("SamplesPerPixel", header.word("SamplesPerPixel"), "a CT slice has 1")
    if allocated not in (8, 16):
        header.refuse("BitsAllocated", allocated, "8 or 16 are read")
    if stored is None or not 1 <= stored <= allocated:
        header.refuse("BitsStored", stored, f"1 to {allocated} are possible here")
    if high is not None and not stored - 1 <= high < allocated:
        header.refuse("HighBit", high, f"{stored - 1} to {allocated - 1} are possible here")
    if header.word("PixelRepresentation") not in (0, 1):
        header.refuse("PixelRepresentation", header.word("PixelRepresentation"), "0 or 1 is needed")


def _check_room(header: Header, shape: tuple[int, int]) -> None:
    """Sizes before memory: the pixels that the header promises must be in the file."""
    if header.room_bytes <= 0:
        header.refuse("PixelData", "absent", "the picture is missing; fetch the file again")
    if header.member.size_bytes > MOST_FILE_BYTES:
        raise DicomError(
            f"{header.name} has {header.member.size_bytes} bytes; at most {MOST_FILE_BYTES} are "
            "read for one slice"
        )
    needed = shape[0] * shape[1] * (header.word("BitsAllocated") or 16) // 8
    if header.encapsulated:
        return
    declared = min(header.room_bytes, header.pixel_bytes or 0)
    if needed > declared:
        size = f"{declared} bytes long"
        why = f"Rows x Columns need {needed}: the file is truncated, fetch it again"
        header.refuse("PixelData", size, why)


def _axes(header: Header) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    row, column = header.numbers("ImageOrientationPatient", 6).reshape(2, 3)
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    if (abs(lengths - 1) > _UNIT_LIMIT).any() or abs(row @ column) > _UNIT_LIMIT:
        value = header.text("ImageOrientationPatient")
        header.refuse("ImageOrientationPatient", value, "two unit vectors at right angles needed")
    if (abs(lengths - 1) > 1e-9).any() or abs(row @ column) > 1e-9:
        # rounded direction cosines: the nearest pair at right angles
        u, _, vt = np.linalg.svd(np.stack([row, column], axis=1), full_matrices=False)
        row, column = (u @ vt).T
    return row, column


def _rescale(header: Header) -> tuple[float, float]:
    slope = float(header.numbers("RescaleSlope", 1)[0])
    intercept = float(header.numbers("RescaleIntercept", 1)[0])
    if slope == 0:
        header.refuse("RescaleSlope", header.text("RescaleSlope"), "it must not be 0")
    kind = header.text("RescaleType")
    if kind not in ("", "HU", "US", "HU_MOD"):
        header.refuse("RescaleType", kind, "the values are not Hounsfield units")
    return slope, intercept


def _words(picture: CtSlice) -> NDArray[Any]:
    """The picture (R, C) as it was allocated, in native byte order, signed as the header says."""
    header = picture.header
    signed = header.word("PixelRepresentation") == 1
    kind = np.dtype(f"{'i' if signed else 'u'}{(header.word('BitsAllocated') or 16) // 8}")
    try:
        with header.member.open() as stream:
            dataset = pydicom.dcmread(stream, force=True)
        if header.encapsulated:
            dataset.file_meta.TransferSyntaxUID = header.syntax
            words = np.asarray(pixel_array(dataset, raw=True))
        else:
            order = ">" if header.syntax == ExplicitVRBigEndian else "<"
            count = picture.shape[0] * picture.shape[1]
            words = np.frombuffer(dataset.PixelData, kind.newbyteorder(order), count)
            words = words.reshape(picture.shape)
    except Exception as error:  # whatever a codec meets in damaged pixels
        why = f"cannot be decoded ({error}); fetch the file again"
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
    signed = header.word("PixelRepresentation") == 1
    kind = np.dtype(f"{'i' if signed else 'u'}{(header.word('BitsAllocated') or 16) // 8}")
    return picture.slope * _padding_words(header, kind)[0] + picture.intercept
