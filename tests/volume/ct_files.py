"""Writes small CT series as DICOM files, right ones and wrong ones, for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class CtFiles:
    """A series to be written: HU (I, R, C) and how it is stored."""

    hu: NDArray[Any]
    spacing_mm: tuple[float, float, float] = (2.5, 0.8, 0.6)  # slice, row, column
    axes: NDArray[np.float64] = field(default_factory=lambda: AXIAL)  # row axis, column axis
    origin_mm: tuple[float, float, float] = (-30.0, -200.0, -40.0)
    lean_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # added from slice to slice
    slope: float = 1.0
    intercept: float = -1024.0
    bits: int = 16
    signed: bool = False
    uid: str = "1.2.3.4"
    syntax: str = ExplicitVRLittleEndian
    tags: dict[str, Any] = field(default_factory=dict)

    def with_tags(self, **tags: Any) -> CtFiles:
        return replace(self, tags={**self.tags, **tags})

    @property
    def positions_mm(self) -> NDArray[np.float64]:
        row, column = self.axes
        step = np.cross(row, column) * self.spacing_mm[0] + np.array(self.lean_mm)
        return np.array(self.origin_mm) + np.arange(len(self.hu))[:, None] * step

    @property
    def patient_from_voxel(self) -> NDArray[np.float64]:
        """What the standard says, DICOM PS3.3 C.7.6.2.1.1, written out anew."""
        row, column = self.axes
        matrix = np.eye(4)
        matrix[:3, 0] = self.positions_mm[-1] - self.positions_mm[-2]
        matrix[:3, 1] = column * self.spacing_mm[1]
        matrix[:3, 2] = row * self.spacing_mm[2]
        matrix[:3, 3] = self.positions_mm[0]
        return matrix

    def dataset(self, index: int) -> pydicom.Dataset:
        stored = np.rint((self.hu[index] - self.intercept) / self.slope)
        stored = stored.astype(np.int16 if self.signed else np.uint16)
        made = pydicom.Dataset()
        made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, f"{self.uid}.{index + 1}"
        made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", self.uid
        made.FrameOfReferenceUID, made.Modality = "1.2.9", "CT"
        made.ImageType, made.PatientPosition = ["ORIGINAL", "PRIMARY", "AXIAL"], "HFS"
        made.InstanceNumber = 77 - index  # says nothing
        made.SliceThickness = 9.0  # says nothing either
        made.ImagePositionPatient = [round(x, 6) for x in self.positions_mm[index].tolist()]
        made.ImageOrientationPatient = [round(x, 9) for x in self.axes.ravel().tolist()]
        made.PixelSpacing = [self.spacing_mm[1], self.spacing_mm[2]]
        made.Rows, made.Columns = stored.shape
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit = 16, self.bits, self.bits - 1
        made.PixelRepresentation = int(self.signed)
        made.RescaleSlope, made.RescaleIntercept = self.slope, self.intercept
        made.PixelData = stored.tobytes()
        for keyword, value in self.tags.items():
            if value is None:
                delattr(made, keyword)
            else:
                setattr(made, keyword, value)
        return made

    def write(self, folder: Path, *, order: list[int] | None = None) -> list[Path]:
        """One file a slice, named by ``order``; returned in slice order."""
        order = list(range(len(self.hu))) if order is None else order
        return [
            save(self.dataset(index), folder / f"IM{place:03d}", self.syntax)
            for index, place in enumerate(order)
        ]


def save(dataset: pydicom.Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a dataset as a DICOM file with its preamble."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    if syntax != ExplicitVRLittleEndian:
        recode(dataset, syntax)
    dataset.save_as(path, enforce_file_format=True)
    return path


def recode(dataset: pydicom.Dataset, syntax: str) -> None:
    """Bring the pixels of a dataset into another transfer syntax."""
    from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

    if syntax == ImplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = syntax
    elif syntax == ExplicitVRBigEndian:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    else:
        dataset.compress(syntax, generate_instance_uid=False)


def rewrite(path: Path, **tags: Any) -> Path:
    """Change tags of a written file; ``None`` removes one."""
    dataset = pydicom.dcmread(path)
    for keyword, value in tags.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def ramp(shape: tuple[int, int, int] = (6, 10, 14)) -> NDArray[np.int16]:
    """HU that differ in every voxel, from -1000 upwards, without symmetry."""
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) * 3 % 2897 - 1000).astype(np.int16)


def new_uid(text: str) -> str:
    """A UID that depends on the text alone."""
    return str(generate_uid(entropy_srcs=[text]))
