"""`MotionField`: rigid bodies with a smooth field between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.anatomy.posing import _kernels
from needle_sim.anatomy.posing.breath import Breath
from needle_sim.errors import InputError, SolverError
from needle_sim.geometry.transform import Transform

Points = NDArray[np.float64]

_COARSE_MM, _FINE_MM = 10.0, 3.0
_NEAR_MM = 10.0  # nearer than this the distance from a bone is worked out on the fine grid
_MARGIN_MM = 0.5  # what lies so near a bone moves with it as if it were bone
_SEAM_MM = 10.0  # over which the fine grid passes into the coarse one
_AROUND_MM = (62.0, 48.0, 90.0)  # the fine grid beside, before and behind the bodies' middles
_BELOW_MM, _OVER_MM = 62.0, 45.0
_BALL_MM = 20.0  # radius of what stands for a vertebra without a surface


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values (X, Y, Z, C) on an upright grid of the patient."""

    values: NDArray[np.float64]
    low_mm: NDArray[np.float64]
    step_mm: float

    def nodes_mm(self) -> Points:
        """Places (N, 3) of the nodes."""
        return nodes_mm(self.low_mm, self.values.shape[:3], self.step_mm)

    def sampled(self, points_mm: Points) -> Points:
        """Trilinear (P, C), clamped to the grid."""
        at = ((points_mm - self.low_mm) / self.step_mm).T
        parts = np.moveaxis(self.values, -1, 0)
        mixed = [ndimage.map_coordinates(one, at, order=1, mode="nearest") for one in parts]
        return np.stack(mixed, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Ball:
    """Stands for a vertebra without a surface."""

    centre_mm: NDArray[np.float64]

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        points = np.asarray(points_mm, dtype=np.float64)
        return np.asarray(np.linalg.norm(points - self.centre_mm, axis=1) - _BALL_MM)

    @property
    def box_mm(self) -> Points:
        return np.stack([self.centre_mm - _BALL_MM, self.centre_mm + _BALL_MM])


def nodes_mm(low_mm: Points, shape: Sequence[int], step_mm: float) -> Points:
    """Places (N, 3) of the nodes of a grid."""
    axes = [low + step_mm * np.arange(n) for low, n in zip(low_mm, shape, strict=True)]
    return np.ascontiguousarray(np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3))


@dataclass(frozen=True, slots=True, eq=False)
class MotionField:
    """Where everything between moved bones goes.

    Parameters
    ----------
    moved : mapping of str to Transform
        Of each vertebra, from the top, patient onto patient.
    coarse, fine : Grid
        Displacement of a place of the posed patient back to where it came from: everywhere, and
        about the spine.
    depths : mapping of str to Grid
        Distance from the bones of each vertebra as they lie, about the spine.
    """

    moved: Mapping[str, Transform]
    coarse: Grid
    fine: Grid
    depths: Mapping[str, Grid]

    def sources_mm(self, points_mm: ArrayLike) -> Points:
        """Where points (P, 3) of the posed patient come from."""
        points = np.ascontiguousarray(points_mm, dtype=np.float64)
        out = np.empty_like(points)
        grids = (self.coarse, self.fine)
        flat = [part for one in grids for part in (one.values, one.low_mm, one.step_mm)]
        _kernels.displaced(points, *flat, out)
        return points + out

    def goes_mm(self, points_mm: ArrayLike) -> Points:
        """Where points (P, 3) of the anatomy come to lie: `sources_mm` the other way.

        Raises
        ------
        SolverError
            A point is not found to 0.05 mm: the field folds there.
        """
        points = np.ascontiguousarray(points_mm, dtype=np.float64)
        here = points - (self.sources_mm(points) - points)
        for _ in range(60):
            short = points - self.sources_mm(here)
            if not len(short) or np.abs(short).max() < 1e-4:
                return here
            here = here + 0.7 * short
        if np.abs(short).max() > 0.05:
            worst = points[np.abs(short).max(axis=1).argmax()].round(1)
            raise SolverError(f"the posture folds tissue at {worst}: turn the discs less")
        return here

    def shear(self) -> float:
        """Least determinant of the fine grid's map back, off bone: 1 is rigid, 0 a fold."""
        slopes = np.stack([*np.gradient(self.fine.values, self.fine.step_mm, axis=(0, 1, 2))], -1)
        jacobian = np.linalg.det(np.eye(3) + slopes)
        off = np.min([one.values[..., 0] for one in self.depths.values()], axis=0) > _FINE_MM
        return float(jacobian[off].min()) if off.any() else 1.0


def motion_field(
    anatomy: Anatomy, moved: Mapping[str, Transform], breath: Breath | None = None
) -> MotionField:
    """The field of an anatomy whose vertebrae are moved.

    Bones, and what lies within half a millimetre of them, move as one with their vertebra; what
    lies between counts by its distance, to the power 1.5, from all bones above and below each disc.
    """
    groups = _groups(anatomy, moved)
    maps = np.stack([one.inverse().matrix[:3] for one in moved.values()])
    low, high = anatomy.ct.corners_mm()
    low, high = low - _COARSE_MM, high + _COARSE_MM
    shape = tuple(np.maximum(np.ceil((high - low) / _COARSE_MM).astype(int) + 1, 2))
    at = nodes_mm(low, shape, _COARSE_MM)
    away = np.stack([_away(bones, moved[name], at) for name, bones in groups.items()])
    coarse = Grid(_field(away, maps, at, breath).reshape(*shape, 3), low, _COARSE_MM)
    far = Grid(away.T.reshape(*shape, -1), low, _COARSE_MM)
    return MotionField(moved, coarse, *_fine(anatomy, groups, moved, maps, breath, coarse, far))


def _fine(
    anatomy: Anatomy,
    groups: Mapping[str, Sequence[Bone]],
    moved: Mapping[str, Transform],
    maps: Points,
    breath: Breath | None,
    coarse: Grid,
    far: Grid,
) -> tuple[Grid, dict[str, Grid]]:
    """Displacement and distances on the fine grid about the spine."""
    low, high = _box(anatomy, moved, far)
    shape = tuple(np.maximum(np.ceil((high - low) / _FINE_MM).astype(int) + 1, 2))
    at = nodes_mm(low, shape, _FINE_MM)
    away = np.ascontiguousarray(far.sampled(at).T)
    for row, (name, bones) in zip(away, groups.items(), strict=True):
        near = row < _NEAR_MM
        row[near] = _away(bones, moved[name], at[near])
    rim = np.minimum(at - at[0], at[-1] - at).min(axis=1)
    share = np.clip(rim / _SEAM_MM, 0.0, 1.0)[:, None]
    values = share * _field(away, maps, at, breath) + (1.0 - share) * coarse.sampled(at)
    depths = {
        name: Grid(row.reshape(*shape, 1), low, _FINE_MM)
        for name, row in zip(groups, away, strict=True)
    }
    return Grid(values.reshape(*shape, 3), low, _FINE_MM), depths


def _box(anatomy: Anatomy, moved: Mapping[str, Transform], far: Grid) -> tuple[Points, Points]:
    """Low and high corner of the fine grid: about the moved bodies, within the field of view."""
    low, high = anatomy.ct.corners_mm()
    if not anatomy.bodies:
        middle = 0.5 * (low + high)
        return middle - 2 * _FINE_MM, middle + 2 * _FINE_MM
    middles = np.array([moved[n].apply(b.matrix[:3, 3]) for n, b in anatomy.bodies.items()])
    beside, before, behind = _AROUND_MM
    first = middles.min(axis=0) - np.array([beside, before, _BELOW_MM])
    last = middles.max(axis=0) + np.array([beside, behind, _OVER_MM])
    first, last = np.maximum(first, low - _COARSE_MM), np.minimum(last, high + _COARSE_MM)
    if (first >= last).any():
        raise InputError(f"the vertebrae of {anatomy.name} lie outside its CT")
    return first, last


def _field(away: Points, maps: Points, at: Points, breath: Breath | None) -> Points:
    out = np.empty_like(at)
    _kernels.blend(np.ascontiguousarray(away), maps, at, _MARGIN_MM, out)
    return out if breath is None else out - breath.at(at, away.min(axis=0))


def _groups(anatomy: Anatomy, moved: Mapping[str, Transform]) -> dict[str, list[Bone]]:
    """Bones by the vertebra that they move with: ribs with their own, the pelvis with the last."""
    found: dict[str, list[Bone]] = {name: [] for name in moved}
    for name, bone in anatomy.bones.items():
        found[carrier(name, moved)].append(bone)
    for name, bones in found.items():
        if not bones:
            place = anatomy.bodies.get(name)
            bones.append(_Ball(anatomy.ct.centre_mm if place is None else place.matrix[:3, 3]))
    return found


def carrier(name: str, moved: Mapping[str, Transform]) -> str:
    """The vertebra that a bone moves with: its own, a rod's uppermost, else the lowest."""
    first = name.split(maxsplit=1)[0].partition("-")[0]
    return first if first in moved else list(moved)[-1]


def _away(bones: Sequence[Bone], moved: Transform, points_mm: Points) -> Points:
    """Distance (P,) of places of the posed patient from the bones of one vertebra."""
    points = moved.inverse().apply(points_mm)
    return np.asarray(np.min([one.distance_mm(points) for one in bones], axis=0))
