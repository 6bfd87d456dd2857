"""`save_xa`: radiographs and runs as a DICOM X-Ray Angiographic Image, and the C-arm read back.

The standard names this object for C-arms outside of cardiology too (PS3.3 C.8.7.5). It has no place
for where the isocentre lies in the patient: that goes to a private element, so that the same
projection is had again from the file alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import XRayAngiographicImageStorage

from needle_sim.errors import DicomError, InputError
from needle_sim.exports.dicom_head import STATEMENT, headed, number, save_new, study_key
from needle_sim.exports.xa_acquisition import say_acquisition, say_collimator
from needle_sim.exports.xa_pixels import say_pixels
from needle_sim.imaging.xray.angles import positioner_angles, with_positioner
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.stand import checked_position

if TYPE_CHECKING:
    from needle_sim.imaging.xray.cine import Cine
    from needle_sim.imaging.xray.exposure import Radiograph
    from needle_sim.imaging.xray.sequence import ContrastRun

Relationship = Literal["LOG", "LIN"]

_GROUP, _CREATOR, _ISOCENTRE = 0x0019, "needle_sim", 0x01
_MOST_BYTES = 2_000_000_000  # what DICOM's 32-bit lengths and readers' memory bear (proposed)
_SAME = ("isocentre_mm", "source_isocentre_mm", "source_detector_mm", "pixel_mm", "shape")
_FACES = (("L", "R"), ("P", "A"), ("H", "F"))  # towards +x, +y, +z of LPS and away
_LEAST_PART = 0.1  # of a direction, from which its letter is written


def save_xa(
    pictures: Radiograph | Sequence[Radiograph] | Cine | ContrastRun,
    path: Path,
    *,
    relationship: Relationship = "LOG",
    position: str = "prone",
    frame_ms: float = 1000.0,
    study: str | None = None,
    series: int = 1,
    description: str = "Simulated fluoroscopy",
    statement: bool = True,
) -> Path:
    """Write a picture, or the pictures of a run as frames, into a new DICOM file.

    Parameters
    ----------
    pictures : Radiograph, sequence of Radiograph, Cine or ContrastRun
        Of one isocentre and distance; angles may change from frame to frame. Of a `ContrastRun` the
        mask is the first frame.
    path : Path
        A file that is not there yet.
    relationship : "LOG" or "LIN"
        Grey goes with the logarithm of the signal (12 bits, with the table back) or with the signal
        itself (16 bits).
    position : "prone" or "supine"
    frame_ms : float, ms
        From frame to frame of a plain sequence; a run knows its own times.
    study : str or None
        What study this belongs to: the same word, the same study, patient and frame of reference.
    series : int
    statement : bool
        Draw "SIMULATION - NOT FOR CLINICAL USE" into a corner of each frame.

    Returns
    -------
    Path
        ``path``. The same pictures give the same bytes.

    Raises
    ------
    InputError
        The file is there already, or the pictures do not belong together.

    References
    ----------
    DICOM PS3.3 A.14 (X-Ray Angiographic Image IOD), C.8.7.1 to C.8.7.5.
    """
    if relationship not in get_args(Relationship):
        raise InputError(f"relationship must be LOG or LIN, got {relationship!r}")
    lying = checked_position(position)
    shots, steps_ms = _frames(pictures, frame_ms)
    array = np.stack([shot.array for shot in shots])
    poses = "".join(repr(shot.carm) + repr(shot.beam.mas) for shot in shots)
    told = f"{relationship}{position}{steps_ms}{statement}{description}{poses}".encode()
    content = hashlib.sha256(array.tobytes() + told).digest()
    key = study_key(study, content)
    data = headed(
        XRayAngiographicImageStorage, content=content, study=key, modality="XA", series=series
    )
    data.SeriesDescription = description[:64]
    data.PatientPosition = {"prone": "HFP", "supine": "HFS"}[lying]
    data.BodyPartExamined, data.ImageComments = "LSPINE", STATEMENT
    data.ImageType = ["DERIVED", "PRIMARY", "SINGLE PLANE"]
    data.DerivationDescription = "Simulated from a CT or a phantom by needle_sim"
    say_pixels(data, array, relationship, statement=STATEMENT if statement else "")
    _say_times(data, steps_ms)
    say_acquisition(data, shots, steps_ms)
    say_collimator(data, shots[0])
    _say_positioner(data, [shot.carm for shot in shots])
    return save_new(data, path)


def carm_from_xa(path: Path, *, frame: int = 0) -> CArm:
    """The C-arm of a frame of an X-Ray Angiographic file.

    Of a file of another maker's the isocentre is not known: it is taken as the patient's origin,
    and `carm.aimed` moves it.
    """
    try:
        data = dcmread(path, stop_before_pixels=True)
    except (OSError, InvalidDicomError) as error:
        raise DicomError(f"{path.name} cannot be read as DICOM: {error}") from error
    frames = int(data.get("NumberOfFrames", None) or 1)
    if not 0 <= frame < frames:
        raise InputError(f"{path.name} has {frames} frames, 0 to {frames - 1}; got frame {frame}")
    spacing = _asked(data, path, "ImagerPixelSpacing")
    if spacing[0] != spacing[1]:
        raise DicomError(f"{path.name}: ImagerPixelSpacing is {spacing}: pixels are not square")
    carm = CArm(
        _isocentre(data),
        source_isocentre_mm=float(_asked(data, path, "DistanceSourceToPatient")),
        source_detector_mm=float(_asked(data, path, "DistanceSourceToDetector")),
        pixel_mm=float(spacing[0]),
        shape=(int(data.Rows), int(data.Columns)),
    )
    angles = []
    for name in ("PositionerPrimaryAngle", "PositionerSecondaryAngle"):
        more = np.atleast_1d(np.asarray(data.get(f"{name}Increment", None) or 0.0, dtype=float))
        turned = float(more[frame]) if more.size == frames else float(more[0]) * frame
        angles.append(float(_asked(data, path, name)) + turned)
    primary = (angles[0] + 180.0) % 360.0 - 180.0
    return with_positioner(carm, primary, angles[1])


def _asked(data: Dataset, path: Path, name: str) -> Any:
    value = data.get(name, None)
    if value in (None, ""):
        raise DicomError(f"{path.name} has no {name}: where its rays run is not known")
    return value


def _isocentre(data: Dataset) -> tuple[float, float, float]:
    try:
        x, y, z = data.private_block(_GROUP, _CREATOR)[_ISOCENTRE].value
    except KeyError:
        return 0.0, 0.0, 0.0
    return float(x), float(y), float(z)


def _frames(
    pictures: Radiograph | Sequence[Radiograph] | Cine | ContrastRun, frame_ms: float
) -> tuple[list[Radiograph], list[float]]:
    """Pictures that belong together, and the time from each to the next, ms."""
    from needle_sim.imaging.xray.cine import Cine
    from needle_sim.imaging.xray.exposure import Radiograph
    from needle_sim.imaging.xray.sequence import ContrastRun

    if isinstance(pictures, Radiograph):
        shots, steps = [pictures], []
    elif isinstance(pictures, Cine):
        shots = list(pictures.frames)
        steps = [1000.0 / pictures.run.pulses_s] * (len(shots) - 1)
    elif isinstance(pictures, ContrastRun):
        shots = [pictures.mask, *pictures.frames]
        steps = [1e3 * float(step) for step in np.diff((0.0, *pictures.times_s))]
    else:
        shots = list(pictures)
        steps = [frame_ms] * (len(shots) - 1)
    if not shots:
        raise InputError("a DICOM file needs at least one picture, got none")
    if not all(np.isfinite(step) and step > 0 for step in steps):
        raise InputError(f"frame_ms must be positive, got {steps}")
    _check_alike(shots)
    return shots, steps


def _check_alike(shots: Sequence[Radiograph]) -> None:
    first = shots[0].carm
    for index, shot in enumerate(shots):
        for name in _SAME:
            ours, theirs = getattr(shot.carm, name), getattr(first, name)
            if ours != theirs:
                raise InputError(
                    f"frame {index} has {name} {ours}, frame 0 {theirs}: one file holds one "
                    "isocentre, distance and detector; save them as two files"
                )
    if 2 * len(shots) * first.shape[0] * first.shape[1] > _MOST_BYTES:
        most = _MOST_BYTES // (2 * first.shape[0] * first.shape[1])
        raise InputError(f"{len(shots)} frames are too many for one file: at most {most}")


def _say_times(data: Dataset, steps_ms: list[float]) -> None:
    """Of several frames, in even steps or each with its own."""
    if not steps_ms:
        return
    if np.ptp(steps_ms) < 1e-6:
        data.FrameIncrementPointer = 0x00181063
        data.FrameTime = number(steps_ms[0])
    else:
        data.FrameIncrementPointer = 0x00181065
        data.FrameTimeVector = ["0", *map(number, steps_ms)]
    rate = max(1, round(1000.0 / float(np.mean(steps_ms))))
    data.CineRate = data.RecommendedDisplayFrameRate = rate
    data.StartTrim, data.StopTrim = 1, len(steps_ms) + 1


def _say_positioner(data: Dataset, carms: Sequence[CArm]) -> None:
    """Angles, distances and pixels, as in DICOM PS3.3 C.8.7.5, and directions in the patient."""
    first = carms[0]
    angles = np.array([positioner_angles(carm) for carm in carms])
    moved = len(carms) > 1 and bool(np.ptp(angles, axis=0).any())
    data.PositionerMotion = "DYNAMIC" if moved else "STATIC"
    data.PositionerPrimaryAngle, data.PositionerSecondaryAngle = map(number, angles[0])
    if moved:
        more = angles - angles[0]
        more[:, 0] = (more[:, 0] + 180.0) % 360.0 - 180.0
        data.PositionerPrimaryAngleIncrement = [number(one) for one in more[:, 0]]
        data.PositionerSecondaryAngleIncrement = [number(one) for one in more[:, 1]]
    data.DistanceSourceToPatient = number(first.source_isocentre_mm)
    data.DistanceSourceToDetector = number(first.source_detector_mm)
    data.EstimatedRadiographicMagnificationFactor = number(first.magnification)
    data.ImagerPixelSpacing = [number(first.pixel_mm)] * 2
    data.PatientOrientation = [_faces(first.column_direction), _faces(first.row_direction)]
    data.TableMotion = "STATIC"
    block = data.private_block(_GROUP, _CREATOR, create=True)
    block.add_new(_ISOCENTRE, "FD", [float(value) for value in first.isocentre_mm])


def _faces(direction: NDArray[np.float64]) -> str:
    """Letters of a direction in the patient, the foremost first (PS3.3 C.7.6.1.1.1)."""
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(
        _FACES[axis][0 if direction[axis] > 0 else 1]
        for axis in order
        if abs(direction[axis]) >= _LEAST_PART
    )
