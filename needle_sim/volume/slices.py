"""`CtSlice`: one CT picture whose header was found right: where it lies, how it becomes HU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from needle_sim.errors import DicomError
from needle_sim.volume.header import Header
from needle_sim.volume.members import MOST_FILE_BYTES

CODECS = {
    **dict.fromkeys((JPEG2000Lossless, JPEG2000), "pylibjpeg"),
    **dict.fromkeys((HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K), "pylibjpeg"),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), "pyjpegls"),
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), "gdcm"),
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit), "gdcm"),
    RLELossless: "pydicom",
}
"""Who decodes a transfer syntax; one each, since GDCM can end the process on damaged JPEG 2000."""
_UNIT_LIMIT = 1e-3
_LEAST_PIXEL_MM, _MOST_PIXEL_MM = 1e-3, 100.0
_MOST_SLOPE = 1000.0
"""Bounds far outside any CT, so that a damaged number is named and not computed with."""


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
    pixel_mm = header.numbers("PixelSpacing", 2, _MOST_PIXEL_MM)
    if not (pixel_mm >= _LEAST_PIXEL_MM).all():
        why = f"both must be at least {_LEAST_PIXEL_MM} mm"
        header.refuse("PixelSpacing", header.text("PixelSpacing"), why)
    slope, intercept = _rescale(header)
    position = header.numbers("ImagePositionPatient", 3)
    return CtSlice(header, position, row_axis, column_axis, pixel_mm, shape, slope, intercept)


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
    if header.encapsulated and header.syntax not in CODECS:
        header.refuse("TransferSyntaxUID", header.syntax, "it is not read; export the CT anew")
    if header.room_bytes <= 0:
        header.refuse("PixelData", "absent", "the file is cut off; fetch it again or remove it")
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
    row, column = header.numbers("ImageOrientationPatient", 6, 2.0).reshape(2, 3)
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
    slope = float(header.numbers("RescaleSlope", 1, _MOST_SLOPE)[0])
    intercept = float(header.numbers("RescaleIntercept", 1)[0])
    if slope == 0:
        header.refuse("RescaleSlope", header.text("RescaleSlope"), "it must not be 0")
    kind = header.text("RescaleType")
    if kind not in ("", "HU", "US", "HU_MOD"):
        header.refuse("RescaleType", kind, "the values are not Hounsfield units")
    return slope, intercept
