"""`SeriesInfo`: what is in a series, and whether it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.shown import Shown
from needle_sim.volume.header import Header
from needle_sim.volume.volume import Note, Volume


@dataclass(frozen=True, slots=True)
class SeriesInfo(Shown):
    """What is in a series, and whether `needle_sim.volume.dicom.load_series` reads it.

    Parameters
    ----------
    key : str
        What ``series=`` takes.
    series_uid, modality, description, patient_position : str
        (0020,000E), (0008,0060), (0008,103E), (0018,5100); empty where absent.
    files : int
        Files of the series; ``slices`` is less where copies were left out.
    slices, rows, columns : int or None
        The grid.
    spacing_mm : (3,) floats or None
        Between slices, rows and columns.
    orientation : str or None
        The plane of the slices.
    hu_range : (2,) ints or None
        Least and largest HU.
    notes : tuple of Note
        What was found and done.
    refusal : str or None
        Why it is not read.
    """

    key: str
    series_uid: str
    modality: str
    description: str
    patient_position: str
    files: int
    slices: int | None = None
    rows: int | None = None
    columns: int | None = None
    spacing_mm: tuple[float, float, float] | None = None
    orientation: str | None = None
    hu_range: tuple[int, int] | None = None
    notes: tuple[Note, ...] = ()
    refusal: str | None = None

    @property
    def loadable(self) -> bool:
        """True where a volume can be made of it."""
        return self.refusal is None

    def to_row(self) -> dict[str, Any]:
        """Flat values with their units in the names; unknown is ``None``."""
        slice_step, row_step, column_step = self.spacing_mm or (None, None, None)
        low, high = self.hu_range or (None, None)
        return {
            "key": self.key,
            "series_uid": self.series_uid,
            "modality": self.modality,
            "description": self.description,
            "patient_position": self.patient_position,
            "files": self.files,
            "slices": self.slices,
            "rows": self.rows,
            "columns": self.columns,
            "slice_step_mm": slice_step,
            "row_step_mm": row_step,
            "column_step_mm": column_step,
            "orientation": self.orientation,
            "hu_low": low,
            "hu_high": high,
            "loadable": self.loadable,
            "refusal": self.refusal,
            "notes": "; ".join(str(note) for note in self.notes) or None,
        }

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {name: str(value) for name, value in self.to_row().items() if value is not None}


def read_info(key: str, headers: tuple[Header, ...], volume: Volume) -> SeriesInfo:
    """A series that was read."""
    first = headers[0]
    slices, rows, columns = volume.shape
    step, row, column = (float(value) for value in volume.spacing_mm)
    return SeriesInfo(
        *_named(key, "CT", first),
        files=len(headers),
        slices=slices,
        rows=rows,
        columns=columns,
        spacing_mm=(step, row, column),
        orientation=_orientation(volume.patient_from_voxel.matrix[:3, 0]),
        hu_range=(int(volume.array.min()), int(volume.array.max())),
        notes=volume.notes,
    )


def refused_info(key: str, kind: str, headers: tuple[Header, ...], refusal: str) -> SeriesInfo:
    """A series that is not read, and why."""
    first = headers[0]
    return SeriesInfo(
        *_named(key, kind, first),
        files=len(headers),
        rows=first.word("Rows"),
        columns=first.word("Columns"),
        refusal=refusal,
    )


def _named(key: str, kind: str, first: Header) -> tuple[str, str, str, str, str]:
    uid, described = first.text("SeriesInstanceUID"), first.text("SeriesDescription")
    return key, uid, kind, described, first.text("PatientPosition")


def _orientation(step: NDArray[np.float64]) -> str:
    """The plane of slices that are ``step`` (3,) apart, and how far off it they lie."""
    share = np.abs(step) / np.linalg.norm(step)
    axis = int(np.argmax(share))
    off_deg = float(np.degrees(np.arccos(min(1.0, share[axis]))))
    plane = ("sagittal", "coronal", "axial")[axis]
    return plane if off_deg < 0.5 else f"{plane}, {off_deg:.0f} degrees oblique"
