"""Grey values of an X-Ray Angiographic Image: logarithm or signal, window, burned-in words."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from needle_sim.exports.dicom_head import number

_LOG_BITS, _LINEAR_BITS = 12, 16
_DARKEST = 1e-4  # of the brightest signal: four decades hold what a detector tells
_SHOWN = (0.5, 97.0)  # percentiles of the middle of the picture at the ends of the window
_RIM = 8  # of a side is left out for it
_MARGIN_PX = 3


def say_pixels(
    data: Dataset,
    array: NDArray[np.float32],
    relationship: Literal["LOG", "LIN"],
    *,
    statement: str,
) -> None:
    """Write frames (F, R, C), keV a pixel, as MONOCHROME2: more X-ray is brighter, bone dark.

    Of LOG the modality table leads back to values that are linear in the signal.
    """
    bits = _LOG_BITS if relationship == "LOG" else _LINEAR_BITS
    white = 2**bits - 1
    brightest = max(float(array.max()), 1e-9)
    share = np.clip(array.astype(np.float64) / brightest, 0.0, 1.0)
    if relationship == "LOG":
        share = 1.0 - np.log(np.maximum(share, _DARKEST)) / np.log(_DARKEST)
        _say_table(data, white)
    grey = np.rint(share * white).astype("<u2")
    _say_window(data, grey if relationship == "LIN" else _looked_up(white)[grey])
    if statement:
        _draw(grey, statement, white)
    frames, data.Rows, data.Columns = grey.shape
    if frames > 1:
        data.NumberOfFrames = frames
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, bits, bits - 1
    data.PixelRepresentation = 0
    data.PixelIntensityRelationship = relationship
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "NO"  # nobody can be told by what is drawn
    data.PixelData = grey.tobytes()


def _looked_up(white: int) -> NDArray[np.uint16]:
    """What each grey of the logarithm stands for, 0 to 65535, linear in the signal."""
    rank = np.arange(white + 1) / white
    return np.rint(_DARKEST ** (1.0 - rank) * 65535).astype("<u2")


def _say_table(data: Dataset, white: int) -> None:
    table = Dataset()
    table.add(DataElement(0x00283002, "US", [white + 1, 0, 16]))  # LUT Descriptor
    table.LUTExplanation = "Linear in the beam's intensity"
    table.ModalityLUTType = "US"
    table.add(DataElement(0x00283006, "OW", _looked_up(white).tobytes()))  # LUT Data
    data.ModalityLUTSequence = Items([table])


def _say_window(data: Dataset, values: NDArray[np.uint16]) -> None:
    """From the middle of all frames."""
    rows, columns = (side // _RIM for side in values.shape[1:])
    middle = values[:, rows : values.shape[1] - rows, columns : values.shape[2] - columns]
    low, high = np.percentile(middle, _SHOWN)
    data.WindowCenter = number(round(0.5 * (low + high), 1))
    data.WindowWidth = number(max(1.0, round(high - low, 1)))


def _draw(grey: NDArray[np.uint16], statement: str, white: int) -> None:
    """White words on black in the lower left corner of each frame."""
    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = font.getbbox(statement)
    wide, high = int(right - left) + 2 * _MARGIN_PX, int(bottom - top) + 2 * _MARGIN_PX
    strip = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(strip).text((_MARGIN_PX - left, _MARGIN_PX - top), statement, 255, font)
    words = (np.asarray(strip) > 127).astype("<u2") * np.uint16(white)
    rows, columns = min(high, grey.shape[1]), min(wide, grey.shape[2])
    grey[:, grey.shape[1] - rows :, :columns] = words[:rows, :columns]
