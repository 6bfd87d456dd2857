"""What all simulated DICOM objects of a C-arm share: names, UIDs, numbers, a file that is new."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from needle_sim import __version__
from needle_sim.errors import InputError

SIMULATED = "SIMULATED"
STATEMENT = "SIMULATION - NOT FOR CLINICAL USE"
DAY, HOUR = "20000101", "000000"  # fixed: the same pictures give the same bytes
_MOST_DS = 16  # characters of a decimal string, PS3.5 6.2


def uid(key: bytes, what: str) -> UID:
    """A UID that only a key and the purpose decide (DICOM PS3.5 B.2, under 2.25)."""
    whole = hashlib.sha256(key + what.encode()).digest()[:16]
    return UID(f"2.25.{int.from_bytes(whole, 'big')}")


def study_key(study: str | None, content: bytes) -> bytes:
    """What the UIDs of a study and its patient rest on: its name, or without one the content."""
    return hashlib.sha256(content if study is None else study.encode()).digest()


def number(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2, DS), as exact as fits."""
    for digits in range(15, 2, -1):
        text = f"{float(value) + 0.0:.{digits}g}"
        if len(text) <= _MOST_DS:
            return text
    raise InputError(f"{value} cannot be written as a decimal string")


def headed(sop_class: UID, *, content: bytes, study: bytes, modality: str, series: int) -> Dataset:
    """A data set of a simulated patient with all that every object says; nothing of a real one.

    ``content`` decides the instance, ``study`` the study, the patient and the frame of reference.
    """
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
    data.SOPInstanceUID = uid(content, "instance")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.ImplementationClassUID = uid(b"", "needle_sim")
    data.SpecificCharacterSet = "ISO_IR 192"
    data.StudyDate = data.SeriesDate = data.ContentDate = data.AcquisitionDate = DAY
    data.StudyTime = data.SeriesTime = data.ContentTime = data.AcquisitionTime = HOUR
    data.AccessionNumber = data.ReferringPhysicianName = ""
    data.StudyID, data.Modality = SIMULATED, modality
    data.Manufacturer = data.ManufacturerModelName = "needle_sim"
    data.DeviceSerialNumber, data.SoftwareVersions = SIMULATED, __version__
    data.PatientName, data.PatientID = "Simulated^Patient", f"SIM-{study.hex()[:12]}"
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", "simulated, never a patient"
    data.PatientComments = STATEMENT
    data.StudyDescription = STATEMENT
    data.StudyInstanceUID = uid(study, "study")
    data.SeriesInstanceUID = uid(study, f"{modality} {series}")
    data.SeriesNumber, data.InstanceNumber = series, 1
    return data


def save_new(data: Dataset, path: Path) -> Path:
    """Write a data set into a file that was not there before; a file that is there is kept."""
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    try:
        with path.open("xb") as file:
            file.write(buffer.getvalue())
    except FileExistsError as error:
        raise InputError(f"{path.name} is there already and is kept: give another name") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    return path
