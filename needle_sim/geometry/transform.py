"""Coordinate frames and rigid or affine maps between them.

One world: patient LPS in millimetres (+x left, +y posterior, +z head), as in DICOM PS3.3
C.7.6.2.1.1.
Maps are called ``target_from_source`` so that neighbours cancel when chained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import FrameError, InputError


@dataclass(frozen=True, slots=True)
class Frame:
    """A coordinate frame; an open value, not a picture.

    ``frame_of_reference_uid`` is the DICOM Frame of Reference UID (0020,0052) where there is one.
    """

    name: str
    frame_of_reference_uid: str | None = None

    def meets(self, other: Frame) -> bool:
        """True for the same name, and the same UID where both have one."""
        uids = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {None}
        return self.name == other.name and len(uids) < 2

    def __str__(self) -> str:
        uid = self.frame_of_reference_uid
        return self.name if uid is None else f"{self.name} ({uid})"


PATIENT = Frame("patient")
VOXEL = Frame("voxel")
CARM = Frame("carm")
NEEDLE = Frame("needle")
GRID = Frame("grid")


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """An affine map of points: ``target = matrix @ source`` in homogeneous coordinates.

    Parameters
    ----------
    matrix : (4, 4) array
        Last row 0 0 0 1; invertible. Millimetres on both sides, except from `VOXEL`.
    target, source : Frame
        Where points come out and where they come from.
    """

    matrix: NDArray[np.float64]
    target: Frame
    source: Frame

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (4, 4):
            raise InputError(f"a transform needs a (4, 4) matrix, got {matrix.shape}")
        if not np.isfinite(matrix).all():
            raise InputError("a transform matrix holds values that are not finite")
        if not np.array_equal(matrix[3], [0.0, 0.0, 0.0, 1.0]):
            raise InputError(f"the last row of a transform must be 0 0 0 1, got {matrix[3]}")
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise InputError(f"the map from {self.source} to {self.target} is not invertible")
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)

    def __matmul__(self, other: Transform) -> Transform:
        if not self.source.meets(other.target):
            raise FrameError(
                f"cannot chain {self.target} <- {self.source} with {other.target} <- "
                f"{other.source}: {self.source} is not {other.target}"
            )
        return Transform(self.matrix @ other.matrix, target=self.target, source=other.source)

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 3) of the source frame, in the target frame."""
        array = np.asarray(points, dtype=np.float64)
        return np.asarray(array @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def turn(self, directions: ArrayLike) -> NDArray[np.float64]:
        """Directions (..., 3) of the source frame, in the target frame (no translation)."""
        return np.asarray(np.asarray(directions, dtype=np.float64) @ self.matrix[:3, :3].T)

    def inverse(self) -> Transform:
        """The map back."""
        back = np.linalg.inv(self.matrix)
        back[3] = 0.0, 0.0, 0.0, 1.0
        return Transform(np.asarray(back, dtype=np.float64), target=self.source, source=self.target)


def rigid(
    axes: ArrayLike, origin_mm: ArrayLike, *, target: Frame = PATIENT, source: Frame
) -> Transform:
    """The map out of a frame whose axes (3, 3), as columns, and origin (3,) are given."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = origin_mm
    return Transform(matrix, target=target, source=source)


@dataclass(frozen=True, slots=True, eq=False)
class FrameTree:
    """Frames joined by transforms; finds the map between any two that are connected."""

    transforms: tuple[Transform, ...] = field(default=())

    def __init__(self, transforms: Iterable[Transform] = ()) -> None:
        object.__setattr__(self, "transforms", tuple(transforms))

    def between(self, target: Frame, source: Frame) -> Transform:
        """The chained map ``target_from_source``; `FrameError` when the two are not joined."""
        here = Transform(np.eye(4), target=source, source=source)
        reached, waiting = {source.name}, [here]
        while waiting:
            here = waiting.pop()
            if here.target.meets(target):
                return here
            for step in (*self.transforms, *(one.inverse() for one in self.transforms)):
                if step.source.meets(here.target) and step.target.name not in reached:
                    reached.add(step.target.name)
                    waiting.append(step @ here)
        raise FrameError(f"no chain of transforms leads from {source} to {target}")


def unit(vector: ArrayLike) -> NDArray[np.float64]:
    """The vector (..., 3) at length 1."""
    array = np.asarray(vector, dtype=np.float64)
    if array.shape == (3,):  # the usual case, and numpy's own takes five times as long
        x, y, z = array.tolist()
        size = math.sqrt(x * x + y * y + z * z)
        if not size > 1e-12:
            raise InputError("a direction of length 0 points nowhere")
        return np.array([x / size, y / size, z / size])
    length = np.linalg.norm(array, axis=-1, keepdims=True)
    if not (length > 1e-12).all():
        raise InputError("a direction of length 0 points nowhere")
    return np.asarray(array / length)


def cross(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Vector product (3,) of two single vectors; numpy's own takes ten times as long for so few."""
    a, b, c = np.asarray(first, dtype=np.float64).tolist()
    x, y, z = np.asarray(second, dtype=np.float64).tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])


def angle_deg(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two directions, 0 to 180 degrees, exact near both ends."""
    a, b = unit(first), unit(second)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))
