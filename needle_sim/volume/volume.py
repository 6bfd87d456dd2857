"""`Volume`: a regular grid of numbers that knows where it lies in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.shown import Shown

Quantity = Literal["hu", "label", "temperature_c", "mask", "dose", "iodine_mg_ml", "distance_mm"]
AIR_HU = -1024


@dataclass(frozen=True, slots=True)
class Note:
    """A fault of data that can be lived with: where it is and what was done about it."""

    file: str
    tag: str
    value: str
    text: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.file, self.tag, self.value) if part)
        return f"{self.text} ({place})" if place else self.text


@dataclass(frozen=True, slots=True, eq=False)
class Volume(Shown):
    """A grid of numbers in the patient.

    Parameters
    ----------
    array : (I, J, K) array of int16, float32 or uint16 (labels, masks)
        Slice, row, column. Held read-only; taken over without a copy when it is C-contiguous.
    patient_from_voxel : Transform
        From (i, j, k) in array order, centre of the first voxel at 0, to patient LPS in mm; may be
        sheared (gantry tilt) and left-handed.
    quantity : str
        ``"hu"``, ``"label"``, ...
    slice_mm : (I, 3) array or None
        Position of the first voxel of each slice where slices are uneven.
    notes : tuple of Note
        What was found and done while this volume was made.
    """

    array: NDArray[Any]
    patient_from_voxel: Transform
    quantity: Quantity = "hu"
    slice_mm: NDArray[np.float64] | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        array = np.ascontiguousarray(self.array)
        if array.ndim != 3 or min(array.shape) < 1:
            raise InputError(f"a volume needs a (slice, row, column) array, got {array.shape}")
        if array.dtype not in (np.int16, np.float32, np.uint16):
            raise InputError(f"a volume holds int16, float32 or uint16, got {array.dtype}")
        if not self.patient_from_voxel.source.meets(VOXEL):
            raise InputError(f"{self.patient_from_voxel.source} is not the voxel frame")
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
        object.__setattr__(self, "array", array)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        slices, rows, columns = self.array.shape
        return slices, rows, columns

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Distance (3,) between neighbours along slice, row and column."""
        return np.asarray(np.linalg.norm(self.patient_from_voxel.matrix[:3, :3], axis=0))

    @property
    def centre_mm(self) -> NDArray[np.float64]:
        """The middle of the grid in the patient."""
        return self.patient_from_voxel.apply((np.array(self.shape) - 1) / 2)

    def corners_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) of the box that holds every voxel centre, patient LPS."""
        ends = np.stack(np.meshgrid(*((0, n - 1) for n in self.shape)), axis=-1).reshape(-1, 3)
        corners = self.patient_from_voxel.apply(ends)
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    @property
    def warnings(self) -> tuple[str, ...]:
        """The notes as text."""
        return tuple(str(note) for note in self.notes)

    def facts(self) -> dict[str, str]:
        """Shape, spacing, range and notes, for a notebook."""
        low, high = int(self.array.min()), int(self.array.max())
        return {
            "quantity": self.quantity,
            "slices x rows x columns": " x ".join(str(n) for n in self.shape),
            "spacing, mm": " x ".join(f"{step:.3g}" for step in self.spacing_mm),
            "range": f"{low} to {high}",
            "notes": "; ".join(self.warnings) or "none",
        }

    def voxels(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Patient points (..., 3) as fractional (i, j, k)."""
        return self.patient_from_voxel.inverse().apply(points_mm)

    def contains(self, points_mm: ArrayLike) -> NDArray[np.bool_]:
        """True (...) for points within half a voxel of the grid."""
        at = self.voxels(points_mm)
        return np.asarray(((at >= -0.5) & (at <= np.array(self.shape) - 0.5)).all(axis=-1))

    def sample(
        self, points_mm: ArrayLike, *, order: int = 1, outside: float = AIR_HU
    ) -> NDArray[np.float64]:
        """Values (...) at patient points (..., 3); nearest for labels, else trilinear."""
        points = np.asarray(points_mm, dtype=np.float64)
        order = 0 if self.quantity == "label" else order
        at = np.moveaxis(self.voxels(points), -1, 0).reshape(3, -1)
        values = ndimage.map_coordinates(
            self.array, at, output=np.float64, order=order, mode="grid-constant", cval=outside
        )
        return np.asarray(values).reshape(points.shape[:-1])

    def crop(self, low: Sequence[int], high: Sequence[int]) -> Volume:
        """The part from index ``low`` up to, not including, ``high``, clipped to the grid."""
        start = np.clip(np.asarray(low, dtype=int), 0, self.shape)
        stop = np.clip(np.asarray(high, dtype=int), 0, self.shape)
        if not (start < stop).all():
            raise InputError(f"the box {tuple(low)} to {tuple(high)} misses a grid {self.shape}")
        shift = np.eye(4)
        shift[:3, 3] = start
        part = self.array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        place = self.patient_from_voxel @ Transform(shift, target=VOXEL, source=VOXEL)
        return replace(self, array=np.ascontiguousarray(part), patient_from_voxel=place)

    def like(
        self,
        array: NDArray[Any],
        quantity: Quantity,
    ) -> Volume:
        """Another quantity on this grid."""
        if array.shape != self.array.shape:
            raise InputError(f"an array {array.shape} does not fit a grid {self.array.shape}")
        return Volume(array, self.patient_from_voxel, quantity)

    def resample(self, grid: Volume, *, outside: float = AIR_HU) -> Volume:
        """This volume on the grid of another, by affine; nearest for labels, else trilinear."""
        step = self.patient_from_voxel.inverse() @ grid.patient_from_voxel
        values = ndimage.affine_transform(
            self.array,
            step.matrix[:3, :3],
            step.matrix[:3, 3],
            output_shape=grid.shape,
            order=0 if self.quantity == "label" else 1,
            mode="grid-constant",
            cval=outside,
        )
        return replace(self, array=values, patient_from_voxel=grid.patient_from_voxel)


def axis_aligned(spacing_mm: Sequence[float], first_voxel_mm: Sequence[float]) -> Transform:
    """``patient_from_voxel`` of upright axial slices: i to the head, j posterior, k left."""
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[1, 1], matrix[0, 2] = spacing_mm
    matrix[:3, 3] = first_voxel_mm
    matrix[3, 3] = 1.0
    return Transform(matrix, target=PATIENT, source=VOXEL)
