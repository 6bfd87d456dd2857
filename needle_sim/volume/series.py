"""`Series`: the files of one CT series, grouped, and `Stack`: its slices in order, checked.

The order is the position (0020,0032) along the normal of (0020,0037), never a file name, instance
number, slice location or slice thickness: those are wrong too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import DicomError
from needle_sim.geometry.transform import VOXEL, Frame, Transform
from needle_sim.volume.header import Header, tag_name
from needle_sim.volume.pixels import hounsfield, slice_notes
from needle_sim.volume.slices import CtSlice, ct_slice
from needle_sim.volume.volume import Note

ORIENTATION_LIMIT = 1e-3
"""Direction cosines that differ by less are one orientation."""
SPACING_LIMIT_MM = 1e-4
SAME_PLACE_MM = 0.01
EVEN_SHARE, EVEN_MM = 0.01, 0.01
"""Slices may be off an even line by 1 % of the step or 0.01 mm, whichever is more."""
TILT_SHARE = 0.01
"""In-plane drift from slice to slice, as a share of the step, up to which a stack is upright."""
MOST_VOXELS = 2**31


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Files that belong to one stack by series, orientation, size, spacing and frame.

    ``name`` is the series UID, or study and folder; ``key`` also numbers the parts of a mixed one.
    """

    name: str
    key: str
    headers: tuple[Header, ...]

    @property
    def first(self) -> Header:
        """The first file by name."""
        return self.headers[0]

    @property
    def uid(self) -> str:
        """Series Instance UID (0020,000E), may be empty."""
        return self.first.text("SeriesInstanceUID")

    def __str__(self) -> str:
        told = self.first.text("SeriesDescription")
        told = f" {told!r}" if told else ""
        return f"{self.key}{told} ({len(self.headers)} files)"


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices in order along their normal, evenly spaced and upright."""

    pictures: tuple[CtSlice, ...]
    patient_from_voxel: Transform
    notes: tuple[Note, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return (len(self.pictures), *self.pictures[0].shape)


@dataclass(slots=True)
class _Group:
    folder: str
    headers: list[Header] = field(default_factory=list)


def group(headers: Sequence[Header]) -> tuple[Series, ...]:
    """CT headers as series, in the order of their first file; a mixed series gives several."""
    groups: list[_Group] = []
    for header in headers:
        folder = header.name.rpartition("/")[0]
        for one in groups:
            if _belongs(header, one, folder):
                one.headers.append(header)
                break
        else:
            groups.append(_Group(folder, [header]))
    names = [_name(one) for one in groups]
    seen: dict[str, int] = {}
    found = []
    for one, name in zip(groups, names, strict=True):
        seen[name] = seen.get(name, 0) + 1
        key = f"{name}#{seen[name]}" if names.count(name) > 1 else name
        found.append(Series(name, key, tuple(one.headers)))
    return tuple(found)


def mixed(parts: Sequence[Series]) -> DicomError:
    """The error for one series that falls into several: names the first tag that differs."""
    first, other = parts[0].first, parts[1].first
    for keyword in (*_ALIKE, "FrameOfReferenceUID"):
        a, b = (_said(one, keyword) for one in (first, other))
        if not _alike(first, other, keyword):
            break
    parts_named = ", ".join(f"{one.key!r} ({len(one.headers)} files)" for one in parts)
    return DicomError(
        f"{other.name}: {tag_name(keyword)} is {b}, but {a} in {first.name} of the same series; "
        f"choose a part with series=: {parts_named}"
    )


def stack(series: Series) -> Stack:
    """The slices of a series in order, or the `DicomError` that says why they make no volume."""
    pictures = [ct_slice(header) for header in series.headers]
    normal = pictures[0].normal
    along = [float(picture.position_mm @ normal) for picture in pictures]
    order = sorted(range(len(pictures)), key=lambda n: (along[n], pictures[n].name))
    kept, notes = _without_copies([pictures[n] for n in order])
    if len(kept) < 2:
        raise DicomError(
            f"{kept[0].name} is the only slice of its series; a volume needs 2 or more: give the "
            "folder that holds them all"
        )
    slices, (rows, columns) = len(kept), kept[0].shape
    if slices * rows * columns > MOST_VOXELS:
        raise DicomError(
            f"{kept[0].name}: {slices} slices of {rows} x {columns} are more than {MOST_VOXELS} "
            "voxels; give a part of the series"
        )
    step = (kept[-1].position_mm - kept[0].position_mm) / (slices - 1)
    _refuse_uneven(kept, step)
    _refuse_tilt(kept[0], step)
    return Stack(tuple(kept), _placed(kept[0], step), (*notes, *slice_notes(kept)))


_ALIKE = ("Rows", "Columns", "ImageOrientationPatient", "PixelSpacing")
_LIMITS = {"ImageOrientationPatient": (6, ORIENTATION_LIMIT), "PixelSpacing": (2, SPACING_LIMIT_MM)}


def _name(one: _Group) -> str:
    uid = one.headers[0].text("SeriesInstanceUID")
    return uid or f"{one.headers[0].text('StudyInstanceUID') or 'no UID'} in {one.folder or '.'}"


def _belongs(header: Header, one: _Group, folder: str) -> bool:
    first = one.headers[0]
    uid = header.text("SeriesInstanceUID")
    if uid != first.text("SeriesInstanceUID"):
        return False
    if not uid and (
        folder != one.folder or header.text("StudyInstanceUID") != first.text("StudyInstanceUID")
    ):
        return False
    frames = {header.text("FrameOfReferenceUID"), first.text("FrameOfReferenceUID")} - {""}
    return len(frames) < 2 and all(_alike(header, first, keyword) for keyword in _ALIKE)


def _alike(a: Header, b: Header, keyword: str) -> bool:
    if _said(a, keyword) == _said(b, keyword):
        return True
    if keyword not in _LIMITS:
        return False
    count, limit = _LIMITS[keyword]
    try:
        return bool((abs(a.numbers(keyword, count) - b.numbers(keyword, count)) <= limit).all())
    except DicomError:
        return False


def _said(header: Header, keyword: str) -> str:
    value = header.word(keyword) if keyword in ("Rows", "Columns") else header.text(keyword)
    return str(value) if value else "absent"


def _without_copies(pictures: list[CtSlice]) -> tuple[list[CtSlice], list[Note]]:
    """Files sent twice dropped with a note; two pictures at one place are refused."""
    kept, notes = pictures[:1], []
    for picture in pictures[1:]:
        last = kept[-1]
        if abs((picture.position_mm - last.position_mm) @ last.normal) > SAME_PLACE_MM:
            kept.append(picture)
            continue
        ours, theirs = (hounsfield(one, np.float32)[0] for one in (last, picture))
        off = np.abs(picture.position_mm - last.position_mm).max()
        if off > SAME_PLACE_MM or not np.array_equal(ours, theirs):
            picture.header.refuse(
                "ImagePositionPatient",
                picture.header.text("ImagePositionPatient"),
                f"{last.name} lies there too, with another picture: several time points or "
                "reconstructions in one series; give the files of one",
            )
        uid = picture.header.text("SOPInstanceUID")
        text = f"a copy of {last.name}, left out"
        notes.append(picture.header.note("SOPInstanceUID", uid, text))
    return kept, notes


def _refuse_uneven(pictures: list[CtSlice], step: NDArray[np.float64]) -> None:
    places = np.array([picture.position_mm for picture in pictures])
    line = places[0] + np.arange(len(places))[:, None] * step
    limit = max(EVEN_SHARE * float(np.linalg.norm(step)), EVEN_MM)
    if np.linalg.norm(places - line, axis=1).max() <= limit:
        return
    gaps = np.diff(places @ pictures[0].normal)
    usual = float(np.median(gaps))
    worst = int(np.argmax(np.abs(gaps - usual)))
    before, after = pictures[worst], pictures[worst + 1]
    times = gaps[worst] / usual
    where = f"{gaps[worst]:.4g} mm after {before.name}, where {usual:.4g} mm is usual"
    if times > 1.5 and abs(times - round(times)) < 0.1:
        why = f"{where}: {round(times) - 1} missing between them; fetch the whole series"
    elif abs(gaps[worst] - usual) <= limit:
        why = f"slices are off a straight line by more than {limit:.3g} mm; resample the series"
    else:
        why = f"{where}: uneven by more than {limit:.3g} mm; export or resample it evenly"
    after.header.refuse("ImagePositionPatient", after.header.text("ImagePositionPatient"), why)


def _refuse_tilt(first: CtSlice, step: NDArray[np.float64]) -> None:
    rise = float(step @ first.normal)
    drift = float(np.linalg.norm(step - rise * first.normal))
    if drift <= TILT_SHARE * rise:
        return
    tilt = first.header.text("GantryDetectorTilt")
    told = f"; {tag_name('GantryDetectorTilt')} is {tilt}" if tilt else ""
    first.header.refuse(
        "ImagePositionPatient",
        first.header.text("ImagePositionPatient"),
        f"the stack leans by {np.degrees(np.arctan2(drift, rise)):.1f} degrees against "
        f"{tag_name('ImageOrientationPatient')}, at most "
        f"{np.degrees(np.arctan(TILT_SHARE)):.1f} are read{told}; resample it upright first",
    )


def _placed(first: CtSlice, step: NDArray[np.float64]) -> Transform:
    """From (slice, row, column) to patient LPS, DICOM PS3.3 C.7.6.2.1.1 with the slice axis."""
    matrix = np.eye(4)
    matrix[:3, 0] = step
    matrix[:3, 1] = first.column_axis * first.pixel_mm[0]
    matrix[:3, 2] = first.row_axis * first.pixel_mm[1]
    matrix[:3, 3] = first.position_mm
    frame = Frame("patient", first.header.text("FrameOfReferenceUID") or None)
    return Transform(matrix, target=frame, source=VOXEL)
