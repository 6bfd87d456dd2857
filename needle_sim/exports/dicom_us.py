"""`save_us`: sonograms as a DICOM Ultrasound Multi-frame Image that viewers can measure in.

The picture is DERIVED and says that it is simulated. The same sonograms give the same bytes: UIDs
come from the content, dates stay empty. DICOM has no place for the pose of a 2-D picture in the
patient, so that goes to a JSON file beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from needle_sim import __version__
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

NOT_CLINICAL = "Simulation for rehearsal and research. Not for clinical use."  # as in a run
SCHEMA = "needle_sim.us_pose/1"
SIMULATED = "SIMULATED"
_MOST_BYTES = 2_000_000_000  # what DICOM's 32-bit lengths and readers' memory bear (proposed)
_CM, _TISSUE, _TWO_D, _PROTECTED = 3, 1, 1, 2  # DICOM PS3.3 C.8.5.5


def save_us(
    sonograms: Sequence[Sonogram],
    path: Path,
    *,
    frame_time_ms: float = 50.0,
    patient_name: str = "Simulated^Patient",
    description: str = "Simulated ultrasound of the lumbar spine",
    pose_path: Path | None = None,
    pixel_spacing: bool = False,
) -> Path:
    """Write sonograms of one probe and one geometry as the frames of one DICOM file.

    Parameters
    ----------
    sonograms : sequence of Sonogram
        At least one.
    path : Path
        The DICOM file; ``pose_path`` (``path`` with ``.json`` by default) takes the pose of each
        frame.
    frame_time_ms : float, ms
        From frame to frame.
    patient_name : str
        DICOM PN: family and given name with ``^`` between.
    pixel_spacing : bool
        Write the scale as PixelSpacing too. The standard calibrates ultrasound by its region alone;
        validators warn of this further attribute, but ITK and some viewers read nothing else and
        take a pixel for 1 mm without it.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        No frames, frames of different probes or geometries, or a frame time that is not positive.

    References
    ----------
    DICOM PS3.3 A.7 (Ultrasound Multi-frame Image IOD), C.8.5.5 (US Region Calibration), C.7.6.5
    (Cine).
    """
    frames = _frames(sonograms)
    if not (np.isfinite(frame_time_ms) and frame_time_ms > 0):
        raise InputError(f"frame_time_ms must be positive, got {frame_time_ms}")
    poses = as_text(poses_of(sonograms))
    data = _dataset(sonograms[0], frames, poses)
    data.PatientName = patient_name
    data.StudyDescription = data.SeriesDescription = description[:64]
    if pixel_spacing:
        data.PixelSpacing = [f"{sonograms[0].pixel_mm:.10g}"] * 2
    _cine(data, frame_time_ms, len(frames))
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    path.write_bytes(buffer.getvalue())
    (path.with_suffix(".json") if pose_path is None else pose_path).write_text(
        poses, encoding="utf-8"
    )
    return path


def poses_of(sonograms: Sequence[Sonogram]) -> dict[str, Any]:
    """Pose of each frame as plain data: a (4, 4) ``patient_from_probe``, LPS, and the scale.

    A pixel (row, column) lies at x = (origin column - column) and z = (row - origin row), both
    times ``pixel_mm``, in the probe's frame.
    """
    first = sonograms[0]
    return {
        "schema": SCHEMA,
        "disclaimer": NOT_CLINICAL,
        "coordinate_system": "LPS",
        "probe": first.probe.name,
        "pixel_mm": round(float(first.pixel_mm), 6),
        "origin_px": [round(float(value), 4) for value in first.origin_px],
        "depth_mm": round(float(first.depth_mm), 4),
        "patient_from_probe": [
            np.round(one.patient_from_probe.matrix, 6).tolist() for one in sonograms
        ],
    }


def as_text(content: dict[str, Any]) -> str:
    """Indented JSON that refuses values that are not finite."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _frames(sonograms: Sequence[Sonogram]) -> NDArray[np.uint8]:
    """Grey values (F, R, C), 0 to 255, of sonograms that belong together."""
    if not sonograms:
        raise InputError("a DICOM file needs at least one sonogram, got none")
    first = sonograms[0]
    for number, one in enumerate(sonograms):
        for name in ("probe", "pixel_mm", "origin_px", "depth_mm", "gain_db"):
            ours, theirs = getattr(one, name), getattr(first, name)
            if ours != theirs:
                raise InputError(
                    f"frame {number} has {name} {ours}, frame 0 {theirs}: one file holds one "
                    "probe and geometry; save them as two files"
                )
        if one.array.shape != first.array.shape:
            raise InputError(
                f"frame {number} has {one.array.shape} pixels, frame 0 {first.array.shape}: save "
                "them as two files"
            )
    if len(sonograms) * first.array.size > _MOST_BYTES:
        most = _MOST_BYTES // first.array.size
        raise InputError(f"{len(sonograms)} frames are too many for one file: at most {most}")
    return np.stack([np.rint(255.0 * one.array).astype(np.uint8) for one in sonograms])


def _dataset(first: Sonogram, frames: NDArray[np.uint8], poses: str) -> FileDataset:
    """Everything but names and time; UIDs from a digest of what is seen and where."""
    digest = hashlib.sha256(frames.tobytes() + poses.encode()).digest()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(digest, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid(b"", "needle_sim")
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = _uid(digest, "study")
    data.SeriesInstanceUID = _uid(digest, "series")
    for name in _EMPTY:
        setattr(data, name, None)
    data.PatientID = data.StudyID = SIMULATED
    data.Modality = "US"
    data.SeriesNumber = data.InstanceNumber = 1
    data.BodyPartExamined = "LSPINE"
    data.Manufacturer = data.ManufacturerModelName = "needle_sim"
    data.SoftwareVersions = __version__
    data.ImageComments = data.PatientComments = f"Simulated picture. {NOT_CLINICAL}"
    _pixels(data, frames)
    _transducer(data, first)
    data.SequenceOfUltrasoundRegions = Items([_region(first)])
    return data


_EMPTY = (
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientOrientation",
)  # DICOM's type 2: there, and not known


def _pixels(data: Dataset, frames: NDArray[np.uint8]) -> None:
    data.ImageType = ["DERIVED", "PRIMARY", "MUSCULOSKELETAL", "0001"]  # C.8.5.6.1.1; 2-D imaging
    data.DerivationDescription = "Simulated from a CT or a phantom by needle_sim"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit = 7
    data.PixelRepresentation = 0
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "NO"
    data.PresentationLUTShape = "IDENTITY"
    data.WindowCenter, data.WindowWidth = "127.5", "256"
    raw = frames.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)


def _transducer(data: Dataset, first: Sonogram) -> None:
    probe = first.probe
    data.TransducerType = {"curved": "CURVED LINEAR", "linear": "LINEAR"}[probe.kind]
    data.TransducerData = [probe.name[:64]]
    data.DepthOfScanField = round(first.depth_mm)
    data.FocusDepth = float(probe.focus_mm)


def _region(first: Sonogram) -> Dataset:
    """The sector: 2-D tissue, in cm, counted from the middle of the probe's face."""
    rows, columns = first.array.shape
    row, column = first.origin_px
    step_cm = first.pixel_mm / 10.0
    item = Dataset()
    item.RegionSpatialFormat = _TWO_D
    item.RegionDataType = _TISSUE
    item.RegionFlags = _PROTECTED
    item.RegionLocationMinX0 = item.RegionLocationMinY0 = 0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = columns - 1, rows - 1
    item.ReferencePixelX0, item.ReferencePixelY0 = round(column), round(row)
    item.ReferencePixelPhysicalValueX = (round(column) - float(column)) * step_cm
    item.ReferencePixelPhysicalValueY = (round(row) - float(row)) * step_cm
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = _CM
    item.PhysicalDeltaX = item.PhysicalDeltaY = step_cm
    item.TransducerFrequency = round(first.probe.frequency_mhz * 1000.0)  # kHz
    return item


def _cine(data: Dataset, frame_time_ms: float, frames: int) -> None:
    data.FrameIncrementPointer = 0x00181063  # FrameTime
    data.FrameTime = f"{frame_time_ms:.10g}"
    rate = max(1, round(1000.0 / frame_time_ms))
    data.CineRate = data.RecommendedDisplayFrameRate = rate
    data.StartTrim, data.StopTrim = 1, frames


def _uid(digest: bytes, purpose: str) -> UID:
    """A UID under 2.25 (DICOM PS3.5 B.2) from a digest: the same content, the same UID."""
    whole = hashlib.sha256(digest + purpose.encode()).digest()[:16]
    return UID(f"2.25.{int.from_bytes(whole, 'big')}")
