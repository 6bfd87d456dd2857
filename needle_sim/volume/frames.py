"""`Frames`: slice and segment of each frame of a DICOM segmentation, on their common grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import DicomError
from needle_sim.volume.header import tag_name

_OFF_MM = 0.05
"""Frames may lie this far off a regular grid: positions have a few digits (proposed)."""

_MOST_SLICES = 100_000
_MOST_MM = 1e5


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames of a segmentation on one grid.

    Parameters
    ----------
    index : (F,) array of int
        Slice of each frame; slices without a frame are empty.
    segment : (F,) array of int
        Segment number of each frame; 0 in a label map.
    slices : int
    patient_from_index : (4, 4) array
        From (slice, row, column) to patient LPS, mm.
    uid : str or None
        Frame of Reference UID.
    """

    index: NDArray[np.int64]
    segment: NDArray[np.int64]
    slices: int
    patient_from_index: NDArray[np.float64]
    uid: str | None

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.index)

    @classmethod
    def of(cls, data: Any, name: str, *, by_segment: bool) -> Frames:
        """The frames of a data set; `DicomError` where they make no regular grid."""
        read = _Groups(data, name)
        first = np.stack([read.position(n) for n in range(read.count)])
        axes = read.axes()
        normal = np.cross(axes[0], axes[1])
        along = first @ normal
        index, step = _regular(along, read, name)
        low = int(np.argmin(along))
        far = int(np.argmax(along))
        lift = (first[far] - first[low]) / max(index[far], 1)
        lift = lift if index[far] > 0 else step * normal
        off = np.abs(first - (first[low] + index[:, None] * lift)).max()
        if off > _OFF_MM:
            raise DicomError(
                f"{name}: {tag_name('ImagePositionPatient')} of its frames leaves a regular grid "
                f"by {off:.2f} mm (at most {_OFF_MM}): resample the segmentation"
            )
        rows, columns = read.spacing()
        matrix = np.eye(4)
        # rows of an array run along the column direction of DICOM, and the other way round
        matrix[:3, :3] = np.stack([lift, rows * axes[1], columns * axes[0]], axis=1)
        matrix[:3, 3] = first[low]
        segment = np.array([read.segment(n) if by_segment else 0 for n in range(read.count)])
        uid = str(data.get("FrameOfReferenceUID", "") or "") or None
        return cls(index, segment, int(index.max()) + 1, matrix, uid)


def _regular(
    along: NDArray[np.float64], read: _Groups, name: str
) -> tuple[NDArray[np.int64], float]:
    """Slice of each frame (F,) and the step between slices, mm."""
    places = np.unique(np.round(along, 3))
    gaps = np.diff(places)
    gaps = gaps[gaps > _OFF_MM]
    said = read.between()
    step = said if said is not None else float(gaps.min()) if len(gaps) else read.thick()
    if len(gaps):  # slices may be written more finely than they are said to be
        step = min(step, float(gaps.min())) if gaps.min() < step - _OFF_MM else step
    index = np.rint((along - along.min()) / step).astype(np.int64)
    if index.max() >= _MOST_SLICES:
        raise DicomError(
            f"{name} spans {int(index.max()) + 1} slices of {step:.3g} mm; at most {_MOST_SLICES}"
        )
    if index.max() > 0:
        step = float((along.max() - along.min()) / index.max())
    return index, step


class _Groups:
    """The functional groups of a data set, read one by one."""

    def __init__(self, data: Any, name: str) -> None:
        self._data, self._name = data, name
        self._shared: Any = next(iter(data.get("SharedFunctionalGroupsSequence") or []), {})
        self._frames = data.get("PerFrameFunctionalGroupsSequence") or []
        self.count = int(data.get("NumberOfFrames", 1) or 1)
        if len(self._frames) != self.count:
            self._refuse(
                "PerFrameFunctionalGroupsSequence",
                f"of {len(self._frames)} items",
                f"{self.count} frames are stated",
            )

    def _refuse(self, keyword: str, value: Any, why: str) -> NoReturn:
        raise DicomError(f"{self._name}: {tag_name(keyword)} is {value}: {why}")

    def _item(self, group: str, frame: int = 0) -> Any:
        own = self._frames[frame].get(group) or self._shared.get(group)
        return next(iter(own), None) if own else None

    def _numbers(self, item: Any, keyword: str, count: int) -> NDArray[np.float64]:
        value = None if item is None else item.get(keyword)
        try:
            found = np.atleast_1d(np.array(value, dtype=np.float64))
        except (TypeError, ValueError):
            found = np.zeros(0)
        if len(found) != count or not (np.abs(found) <= _MOST_MM).all():
            said = "absent" if value is None else str(value)[:60]
            self._refuse(keyword, said, f"{count} numbers up to {_MOST_MM:g} are needed")
        return found

    def position(self, frame: int) -> NDArray[np.float64]:
        """First voxel (3,) of a frame."""
        return self._numbers(self._item("PlanePositionSequence", frame), "ImagePositionPatient", 3)

    def segment(self, frame: int) -> int:
        """Segment number of a frame."""
        item = self._item("SegmentIdentificationSequence", frame)
        return int(self._numbers(item, "ReferencedSegmentNumber", 1)[0])

    def axes(self) -> NDArray[np.float64]:
        """Directions (2, 3) of a row and of a column; all frames share them."""
        found = None
        for frame in range(self.count):
            item = self._item("PlaneOrientationSequence", frame)
            one = self._numbers(item, "ImageOrientationPatient", 6).reshape(2, 3)
            if found is not None and np.abs(one - found).max() > 1e-4:
                self._refuse("ImageOrientationPatient", "different between frames", "one is needed")
            if found is None:
                found = one
                if np.abs(one @ one.T - np.eye(2)).max() > 1e-3:
                    self._refuse(
                        "ImageOrientationPatient",
                        one.ravel().tolist(),
                        "they are not at right angles",
                    )
            if "PlaneOrientationSequence" in self._shared:
                break
        return np.asarray(found)

    def spacing(self) -> tuple[float, float]:
        """Distance between rows and between columns, mm."""
        item = self._item("PixelMeasuresSequence")
        rows, columns = self._numbers(item, "PixelSpacing", 2)
        if not min(rows, columns) > 1e-3:
            self._refuse("PixelSpacing", [rows, columns], "it must be positive")
        return float(rows), float(columns)

    def between(self) -> float | None:
        """Distance between slices where it is said, mm."""
        item = self._item("PixelMeasuresSequence")
        if item is None or item.get("SpacingBetweenSlices") is None:
            return None
        said = abs(float(self._numbers(item, "SpacingBetweenSlices", 1)[0]))
        return said if said > 1e-3 else None

    def thick(self) -> float:
        """Thickness of a slice, mm: the step where there is but one."""
        item = self._item("PixelMeasuresSequence")
        return max(float(self._numbers(item, "SliceThickness", 1)[0]), 1e-3)
