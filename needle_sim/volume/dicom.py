"""`load_series`: a folder, a list of files or a zip -> a sorted, checked `Volume` in HU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import fspath
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import DicomError, InputError
from needle_sim.progress import Progress, silent
from needle_sim.shown import Shown
from needle_sim.volume.header import Header, read_header
from needle_sim.volume.members import Member, PathLike, members
from needle_sim.volume.series import Series, Stack, group, mixed, stack
from needle_sim.volume.slices import Repairs, hounsfield
from needle_sim.volume.volume import AIR_HU, Note, Volume

_log = logging.getLogger(__name__)
_WORKERS = 4
_CT_CLASSES = (
    "",
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image: multi-frame, refused by name
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
)
_DIRECTORY = "1.2.840.10008.1.3.10"
_One, _Out = TypeVar("_One"), TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class SeriesInfo(Shown):
    """What is in a series, and whether `load_series` reads it.

    ``key`` is what ``series=`` takes; ``refusal`` is the reason why it cannot be read, or ``None``.
    """

    key: str
    series_uid: str
    modality: str
    description: str
    patient_position: str
    files: int
    slices: int
    rows: int | None
    columns: int | None
    spacing_mm: tuple[float, float, float] | None = None
    orientation: str | None = None
    hu_range: tuple[int, int] | None = None
    notes: tuple[Note, ...] = ()
    refusal: str | None = None

    @property
    def loadable(self) -> bool:
        """True where `load_series` returns a volume."""
        return self.refusal is None

    def to_row(self) -> dict[str, Any]:
        """Flat values with their units in the names; unknown is ``None``."""
        step, row, column = self.spacing_mm or (None, None, None)
        low, high = self.hu_range or (None, None)
        flat = ("key", "series_uid", "modality", "description", "patient_position", "files")
        flat += ("slices", "rows", "columns", "orientation")
        return {name: getattr(self, name) for name in flat} | {
            "slice_step_mm": step,
            "row_step_mm": row,
            "column_step_mm": column,
            "hu_low": low,
            "hu_high": high,
            "loadable": self.loadable,
            "refusal": self.refusal,
            "notes": "; ".join(str(note) for note in self.notes) or None,
        }

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {name: str(value) for name, value in self.to_row().items() if value is not None}


@dataclass(frozen=True, slots=True, eq=False)
class _Survey:
    """What the headers of all files say."""

    place: str
    files: int
    series: tuple[Series, ...]  # CT
    others: tuple[Header, ...]  # DICOM that is no CT slice
    strangers: tuple[str, ...]  # not DICOM
    damaged: tuple[DicomError, ...]


def load_series(
    path: PathLike | Sequence[PathLike], *, series: str | None = None, progress: Progress = silent
) -> Volume:
    """Read one CT series as a volume in HU.

    Parameters
    ----------
    path : path or sequence of paths
        A folder (nested, any file names, other files among them), a zip, or a list of files.
    series : str, optional
        Which one, where there are several: a Series Instance UID or its end, or a key that
        `describe` gives.
    progress : Progress
        Called with slices done and slices there are.

    Returns
    -------
    Volume
        int16 HU where slope and intercept are integral and the range fits, else float32. ``i``
        grows along the normal of the slices. What was left out or repaired is in its notes.

    Raises
    ------
    InputError
        There is no such path, or no DICOM in it.
    DicomError
        No CT, several, or one that makes no right volume; names file, tag and value.
    """
    with members(path) as files:
        survey = _survey(files, _place(path))
        if survey.damaged:
            raise survey.damaged[0]
        return _volume(stack(_chosen(survey, series)), _left_out(survey), progress)


def describe(path: PathLike | Sequence[PathLike]) -> tuple[SeriesInfo, ...]:
    """What is in a folder, list or zip: each series, its geometry, HU range and whether it loads.

    Every CT series is read in full, so that *loadable* is a fact and not a guess.
    """
    found: list[SeriesInfo] = []
    with members(path) as files:
        survey = _survey(files, _place(path))
        damaged = str(survey.damaged[0]) if survey.damaged else None
        for series in survey.series:
            parts = [one for one in survey.series if one.uid == series.uid]
            found.append(_ct_info(series, parts, damaged))
        kinds: dict[tuple[str, str], list[Header]] = {}
        for header in survey.others:
            kinds.setdefault((header.text("SeriesInstanceUID"), _kind(header)), []).append(header)
        found += [_other_info(kind, headers) for (_, kind), headers in kinds.items()]
    if not found:
        raise survey.damaged[0] if survey.damaged else _no_dicom(survey)
    return tuple(found)


def _place(path: PathLike | Sequence[PathLike]) -> str:
    import os

    return fspath(path) if isinstance(path, (str, os.PathLike)) else "the list of files"


def _survey(files: Sequence[Member], place: str) -> _Survey:
    slices, others, strangers, damaged = [], [], [], []
    for file, header in zip(files, _pooled(_header_or_error, files), strict=True):
        if header is None:
            strangers.append(file.name)
        elif isinstance(header, DicomError):
            damaged.append(header)
        elif _kind(header) == "CT":
            slices.append(header)
        elif header.text("SOPClassUID") != _DIRECTORY:
            others.append(header)
    return _Survey(
        place, len(files), group(slices), tuple(others), tuple(strangers), tuple(damaged)
    )


def _header_or_error(file: Member) -> Header | DicomError | None:
    try:
        return read_header(file)
    except DicomError as error:
        return error


def _pooled(work: Callable[[_One], _Out], items: Iterable[_One]) -> list[_Out]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(work, items))


def _kind(header: Header) -> str:
    """``"CT"`` for a slice that may belong to a volume, else what it is."""
    modality = header.text("Modality")
    if modality != "CT":
        return modality or "no modality"
    if header.text("SOPClassUID") not in _CT_CLASSES or header.word("SamplesPerPixel") == 3:
        return "CT capture"
    return "CT localizer" if "LOCALIZER" in header.text("ImageType").upper() else "CT"


def _chosen(survey: _Survey, wanted: str | None) -> Series:
    if not survey.series:
        raise _no_ct(survey)
    known = survey.series
    found = known
    if wanted is not None:
        found = tuple(one for one in known if wanted == one.key)
        found = found or tuple(one for one in known if wanted and one.uid.endswith(wanted))
        if not found:
            listed = "; ".join(str(one) for one in known)
            raise InputError(
                f"no CT series in {survey.place} is called {wanted!r}. Known: {listed}"
            )
    if len(found) == 1:
        return found[0]
    if len({one.uid for one in found}) == 1:
        raise mixed(found)
    listed = "; ".join(str(one) for one in found)
    raise DicomError(
        f"{survey.place} holds {len(found)} CT series; choose one with series=: {listed}"
    )


def _no_ct(survey: _Survey) -> Exception:
    if not survey.others:
        return _no_dicom(survey)
    first = survey.others[0]
    kinds = sorted({_kind(one) for one in survey.others})
    keyword = "ImageType" if _kind(first) == "CT localizer" else "Modality"
    keyword = "SOPClassUID" if _kind(first) == "CT capture" else keyword
    try:
        first.refuse(
            keyword,
            first.text(keyword) or "absent",
            f"{survey.place} holds no CT slices, only {', '.join(kinds)}; give a CT series",
        )
    except DicomError as error:
        return error


def _no_dicom(survey: _Survey) -> InputError:
    if not survey.files:
        return InputError(f"{survey.place} is empty; give a folder, a zip or files of a CT series")
    return InputError(
        f"{survey.place} holds no DICOM among {survey.files} files (first: {survey.strangers[0]}); "
        "give a folder, a zip or files of a CT series"
    )


def _left_out(survey: _Survey) -> list[Note]:
    notes = []
    for kind in sorted({_kind(one) for one in survey.others}):
        group_of = [one for one in survey.others if _kind(one) == kind]
        first = group_of[0]
        notes.append(first.note("Modality", kind, f"left out: {len(group_of)} of another kind"))
    if survey.strangers:
        text = f"left out: {len(survey.strangers)} files that are not DICOM"
        notes.append(Note(survey.strangers[0], "", "", text))
    return notes


def _volume(found: Stack, notes: list[Note], progress: Progress) -> Volume:
    integral = all(picture.integral for picture in found.pictures)
    array, repairs = _fill(found, np.int16 if integral else np.float32, progress)
    if any(one.too_large for one in repairs):
        array, repairs = _fill(found, np.float32, progress)
    notes += [*found.notes, *_repair_notes(found, repairs)]
    for note in notes:
        _log.info("%s", note)
    return Volume(array, found.patient_from_voxel, "hu", notes=tuple(notes))


def _fill(
    found: Stack, dtype: type[np.int16] | type[np.float32], progress: Progress
) -> tuple[NDArray[Any], list[Repairs]]:
    array: NDArray[Any] = np.empty(found.shape, dtype)

    def read(index: int) -> Repairs:
        array[index], repairs = hounsfield(found.pictures[index], dtype)
        return repairs

    done = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for repairs in pool.map(read, range(len(array))):
            done.append(repairs)
            progress(len(done), len(array))
    return array, done


def _repair_notes(found: Stack, repairs: list[Repairs]) -> list[Note]:
    first, notes = found.pictures[0].header, []
    padded = sum(one.padded for one in repairs)
    if padded:
        text = f"{padded} padded voxels became air ({AIR_HU} HU)"
        notes.append(first.note("PixelPaddingValue", first.word("PixelPaddingValue"), text))
    below = sum(one.below_air for one in repairs)
    if below:
        lowest = min(one.lowest for one in repairs)
        text = f"{below} voxels lighter than air, down to {lowest:g} HU, became {AIR_HU} HU"
        notes.append(first.note("RescaleIntercept", first.text("RescaleIntercept"), text))
    return notes


def _ct_info(series: Series, parts: list[Series], damaged: str | None) -> SeriesInfo:
    plain = _bare(series.key, "CT", series.headers)
    try:
        volume = _volume(stack(series), [], silent)
    except DicomError as error:
        return _with(plain, refusal=str(error))
    notes = volume.notes
    if len(parts) > 1:
        text = f"one of {len(parts)} parts of a mixed series"
        notes = (*notes, series.first.note("SeriesInstanceUID", series.uid, text))
    step, row, column = (float(value) for value in volume.spacing_mm)
    return _with(
        plain,
        slices=volume.shape[0],
        spacing_mm=(step, row, column),
        orientation=_orientation(volume.patient_from_voxel.matrix[:3, 0]),
        hu_range=(int(volume.array.min()), int(volume.array.max())),
        notes=notes,
        refusal=damaged,
    )


def _other_info(kind: str, headers: list[Header]) -> SeriesInfo:
    key = headers[0].text("SeriesInstanceUID")
    return _with(_bare(key, kind, tuple(headers)), refusal=f"{kind}: no CT slices")


def _bare(key: str, kind: str, headers: tuple[Header, ...]) -> SeriesInfo:
    first = headers[0]
    return SeriesInfo(
        key,
        first.text("SeriesInstanceUID"),
        kind,
        first.text("SeriesDescription"),
        first.text("PatientPosition"),
        len(headers),
        len(headers),
        first.word("Rows"),
        first.word("Columns"),
    )


def _with(info: SeriesInfo, **changes: Any) -> SeriesInfo:
    from dataclasses import replace

    return replace(info, **changes)


def _orientation(step: NDArray[np.float64]) -> str:
    """The plane of the slices: axial, coronal or sagittal, and how far off it they lie."""
    share = np.abs(step) / np.linalg.norm(step)
    axis = int(np.argmax(share))
    off_deg = float(np.degrees(np.arccos(min(1.0, share[axis]))))
    plane = ("sagittal", "coronal", "axial")[axis]
    return plane if off_deg < 0.5 else f"{plane}, {off_deg:.0f} degrees oblique"
