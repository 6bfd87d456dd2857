"""`LabelSurface`: the surface of one labelled bone, moved to the edge that the CT shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from needle_sim.anatomy.label_cuts import box_of
from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume

Points = NDArray[np.float64]

EDGE_HU_MM = 12.0
"""Least slope of HU across a rim that is taken for the edge of bone, HU/mm (proposed)."""

_MARGIN_MM = 14.0
_PROFILE_MM = np.linspace(-3.0, 3.0, 25)
_TRUST_MM = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class LabelSurface:
    """Surface points of one label, with outward normals.

    Parameters
    ----------
    points_mm, normals : (P, 3) arrays
        In the patient; each point stands for about the same area.
    label_from_edge_mm : float
        Median distance of the label's border from the edge of bone in the CT: positive where the
        label is too large. The points are already corrected by it.
    seen : float
        Share of the points at which the CT shows an edge of its own.
    part : Volume
        The label's mask about the bone; knows inside from outside.
    """

    points_mm: Points
    normals: Points
    label_from_edge_mm: float
    seen: float
    part: Volume

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (Q,) of points (Q, 3), negative inside.

        The plane of the nearest surface point where that is close, else the distance from it.
        """
        points = np.asarray(points_mm, dtype=np.float64)
        far, nearest = cKDTree(self.points_mm).query(points)
        plane = ((points - self.points_mm[nearest]) * self.normals[nearest]).sum(axis=1)
        inside = self.part.sample(points, order=0, outside=0) > 0
        signed = np.where(inside, -far, far)
        close = far < 1.5 * float(self.part.spacing_mm.max())
        return np.asarray(np.where(close, plane, signed), dtype=np.float64)

    def core_mm(self) -> Points:
        """Centre (3,) of the thickest part: of a vertebra, its body."""
        depth = ndimage.distance_transform_edt(self.part.array > 0, sampling=self.part.spacing_mm)
        thick = np.argwhere(depth > 0.7 * depth.max())
        return self.part.patient_from_voxel.apply(thick.mean(axis=0))


def label_surface(
    labels: Volume, number: int | tuple[int, ...], ct: Volume, *, step_mm: float = 2.5
) -> LabelSurface:
    """The surface of label ``number``, moved along its normals to the edge of bone in the CT.

    Of several numbers, that of all of them together.

    A rim point is placed at the steepest fall of HU within 3 mm of the label's border; where the CT
    shows no such fall (a joint, a disc) it is moved by the median of the others.

    Parameters
    ----------
    labels, ct : Volume
        On one grid.
    step_mm : float
        About one point is kept in a cube of this size.
    """
    numbers = np.atleast_1d(number)
    box = box_of(ndimage.find_objects(labels.array, int(numbers.max())), tuple(numbers.tolist()))
    if box is None:
        raise InputError(f"label {number} is not in the label map")
    margin = np.ceil(_MARGIN_MM / labels.spacing_mm).astype(int)
    low, high = (np.array([getattr(one, end) for one in box]) for end in ("start", "stop"))
    low, high = low - margin, high + margin
    part = labels.crop(low.tolist(), high.tolist())
    mask = part.like(np.isin(part.array, numbers).astype(np.uint16), "label")
    points, normals = _thinned(*_border(mask), step_mm)
    shift, seen = _edge_shift(points, normals, ct.crop(low.tolist(), high.tolist()), part, numbers)
    middle = float(np.median(shift[seen])) if seen.any() else 0.0
    shift[~seen] = middle
    points = points + shift[:, None] * normals
    return LabelSurface(points, normals, -middle, float(seen.mean()), mask)


def _border(mask: Volume) -> tuple[Points, Points]:
    """Midpoints (P, 3) between voxels inside and outside, and the outward normals there."""
    inside = mask.array > 0
    blur = 1.0 * float(mask.spacing_mm.max()) / mask.spacing_mm
    smooth = ndimage.gaussian_filter(inside.astype(np.float64), blur)
    slopes = np.stack(np.gradient(smooth))
    index, gradient = [], []
    for axis in range(3):
        here = np.moveaxis(inside, axis, 0)
        one = np.argwhere(np.moveaxis(here[1:] != here[:-1], 0, axis)).astype(np.float64)
        one[:, axis] += 0.5
        index.append(one)
        gradient.append(ndimage.map_coordinates(slopes[0], one.T, order=1)[:, None] * [1, 0, 0])
        for other in (1, 2):
            gradient[-1][:, other] = ndimage.map_coordinates(slopes[other], one.T, order=1)
    voxel = np.concatenate(index)
    # a gradient in voxel steps is turned by the inverse transpose of the map
    turned = np.concatenate(gradient) @ np.linalg.inv(mask.patient_from_voxel.matrix[:3, :3])
    length = np.linalg.norm(turned, axis=1)
    kept = length > 1e-9
    return (
        mask.patient_from_voxel.apply(voxel[kept]),
        np.asarray(-turned[kept] / length[kept, None]),
    )


def _thinned(points: Points, normals: Points, step_mm: float) -> tuple[Points, Points]:
    """The mean point and normal of each cube of ``step_mm`` that holds points facing one way."""
    facing = np.argmax(np.abs(normals), axis=1)
    sign = normals[np.arange(len(normals)), facing] > 0
    key = np.column_stack([np.floor(points / step_mm).astype(np.int64), 2 * facing + sign])
    _, inverse, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    means = [
        np.column_stack([np.bincount(inverse, weights=one[:, k]) / count for k in range(3)])
        for one in (points, normals)
    ]
    length = np.linalg.norm(means[1], axis=1, keepdims=True)
    return means[0], means[1] / length


def _edge_shift(
    points: Points, normals: Points, ct: Volume, labels: Volume, numbers: NDArray[np.int_]
) -> tuple[Points, NDArray[np.bool_]]:
    """How far (P,) along the normal the steepest fall of HU lies, and where there is one."""
    along = points[:, None] + _PROFILE_MM[None, :, None] * normals[:, None]
    hu = ct.sample(along)
    step = _PROFILE_MM[1] - _PROFILE_MM[0]
    fall = -np.gradient(hu, step, axis=1)
    trust = np.exp(-0.5 * (_PROFILE_MM / _TRUST_MM) ** 2)
    best = np.argmax(fall * trust, axis=1)
    row = np.arange(len(points))
    seen = (fall[row, best] > EDGE_HU_MM) & (best > 0) & (best < len(_PROFILE_MM) - 1)
    seen &= ct.contains(points + _PROFILE_MM[-1] * normals)  # beyond it no HU is known
    beyond = labels.sample(points + 3.0 * normals, order=0, outside=0)
    seen &= (beyond < _BONE_FIRST) | (beyond > _BONE_LAST) | np.isin(beyond, numbers)
    middle = np.clip(best, 1, len(_PROFILE_MM) - 2)
    before, here, after = (fall[row, middle + k] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    lean = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0)
    return _PROFILE_MM[middle] + np.clip(lean, -0.5, 0.5) * step, seen


_BONE_FIRST, _BONE_LAST = 25, 50
