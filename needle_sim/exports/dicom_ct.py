"""CT volumes as a DICOM series that other software reads: phantoms as if they came from a scanner.

References
----------
DICOM PS3.3 A.3 CT Image IOD, C.8.2.1 CT Image Module.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume

NOT_CLINICAL = "SIMULATION - NOT FOR CLINICAL USE"
_UID_ROOT = "2.25."  # UIDs derived from a number, PS3.5 B.2
_DAY = "20000101"  # a fixed day: the same volume gives the same bytes


def save_ct(volume: Volume, folder: Path, *, name: str = "needle_sim phantom") -> list[Path]:
    """Write a volume as one DICOM file a slice, ``slice_0001.dcm`` and on; same bytes each time.

    Parameters
    ----------
    volume : Volume
        In HU, whole numbers from -32768 to 32767; rows and columns at right angles.
    folder : path
        That exists.
    name : str
        Series description.

    Raises
    ------
    InputError
        It is no CT, or its rows and columns lean on one another.
    """
    if volume.quantity != "hu":
        raise InputError(f"a CT is in HU, this is a volume of {volume.quantity!r}")
    matrix = volume.patient_from_voxel.matrix
    steps = volume.spacing_mm
    down, across = matrix[:3, 1] / steps[1], matrix[:3, 2] / steps[2]
    if abs(float(down @ across)) > 1e-4:
        raise InputError("rows and columns of this volume are not at right angles: resample it")
    key = hashlib.sha256(np.ascontiguousarray(volume.array).tobytes() + matrix.tobytes()).digest()
    made = []
    for index, picture in enumerate(volume.array):
        data = _slice(picture, key, index)
        data.SeriesDescription = name[:64]
        data.ImagePositionPatient = [_number(v) for v in matrix[:3, 3] + index * matrix[:3, 0]]
        data.ImageOrientationPatient = [_number(v) for v in (*across, *down)]
        data.PixelSpacing = [_number(steps[1]), _number(steps[2])]
        data.SliceThickness = _number(steps[0])
        path = folder / f"slice_{index + 1:04d}.dcm"
        data.save_as(path, enforce_file_format=True)
        made.append(path)
    return made


def _slice(picture: NDArray[np.generic], key: bytes, index: int) -> Dataset:
    """One slice without its place."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    uid = _uid(key, f"slice {index}")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uid
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    data.StudyDate = data.SeriesDate = data.ContentDate = _DAY
    data.StudyTime = data.SeriesTime = data.ContentTime = "000000"
    data.AccessionNumber = data.ReferringPhysicianName = data.StudyID = ""
    data.Modality, data.Manufacturer, data.BodyPartExamined = "CT", "needle_sim", "SPINE"
    data.StudyDescription = NOT_CLINICAL
    data.PatientName, data.PatientID = "Phantom^Simulated", f"SIM-{key.hex()[:12]}"
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", "simulated, never a patient"
    data.PatientPosition, data.PositionReferenceIndicator = "HFS", ""
    data.StudyInstanceUID = _uid(key, "study")
    data.SeriesInstanceUID = _uid(key, "series")
    data.FrameOfReferenceUID = _uid(key, "frame")
    data.SeriesNumber, data.AcquisitionNumber, data.InstanceNumber = 1, 1, index + 1
    data.ImageComments = NOT_CLINICAL
    data.KVP = "120"
    hu = np.rint(picture.astype(np.float64))
    info = np.iinfo(np.int16)
    if hu.min() < info.min or hu.max() > info.max:
        raise InputError(f"HU {hu.min():g} to {hu.max():g} do not fit 16 bits")
    data.Rows, data.Columns = picture.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", "0", "HU"
    data.WindowCenter, data.WindowWidth = "50", "400"
    data.PixelData = hu.astype("<i2").tobytes()
    return data


def _uid(key: bytes, what: str) -> str:
    """A UID that only the volume and the purpose decide (PS3.5 B.2)."""
    return _UID_ROOT + str(int.from_bytes(hashlib.sha256(key + what.encode()).digest()[:16], "big"))


def _number(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2, DS)."""
    for digits in range(12, 2, -1):
        text = f"{float(value) + 0.0:.{digits}g}"
        if len(text) <= 16:
            return text
    raise InputError(f"{value} cannot be written as a decimal string")
