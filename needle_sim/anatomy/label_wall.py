"""`LabelWall`: a labelled bone as something that inferred nerves and vessels must not run into.

The parametric bone follows a label within 1 to 2 mm on the mean, and in its grooves it may lie some
millimetres inside: what is inferred lies on the bone that is measured, where this is the outer one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.surface import LabelSurface
from needle_sim.geometry.transform import Transform
from needle_sim.volume.volume import Volume, axis_aligned

Points = NDArray[np.float64]

_GRID_MM, _MARGIN_MM = 1.5, 5.0
_SMOOTH_MM = 0.75  # planes of neighbouring surface points meet at steps (proposed)
_FAR_MM, _BEYOND_MM = 9.0, 99.0  # on the grid, and beyond it


@dataclass(frozen=True, slots=True, eq=False)
class LabelWall:
    """Signed distance from one label's surface, on a grid of 1.5 mm within 5 mm of it.

    Parameters
    ----------
    away : Volume
        The distance, mm.
    slopes : tuple of three Volume
        How it grows along x, y and z of the patient.
    voxel_from_patient : Transform
        Into the grid that they share; kept, since paths are pushed off a wall step by step.
    """

    away: Volume
    slopes: tuple[Volume, Volume, Volume]
    voxel_from_patient: Transform

    @classmethod
    def of(cls, surface: LabelSurface) -> LabelWall:
        """The wall of a labelled bone."""
        low = surface.points_mm.min(axis=0) - _MARGIN_MM
        counts = np.ceil((np.ptp(surface.points_mm, axis=0) + 2 * _MARGIN_MM) / _GRID_MM)
        place = axis_aligned([_GRID_MM] * 3, low.tolist())
        index = np.indices(tuple(int(n) + 1 for n in counts[::-1]))
        shape = index.shape[1:]
        points = place.apply(index.reshape(3, -1).T.astype(np.float64))
        field = surface.distance_mm(points).clip(-_FAR_MM, _FAR_MM).reshape(shape)
        field = ndimage.gaussian_filter(field, _SMOOTH_MM / _GRID_MM, mode="nearest")
        up, back, left = np.gradient(field, _GRID_MM)
        volumes = [Volume(one.astype(np.float32), place, "distance_mm") for one in (left, back, up)]
        away = Volume(field.astype(np.float32), place, "distance_mm")
        return cls(away, (*volumes,), place.inverse())  # type: ignore[arg-type]

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (P,) of points (P, 3); 99 mm beyond the grid."""
        return _at(self.away, self.voxel_from_patient.apply(points_mm), _BEYOND_MM)

    def gradient(self, points_mm: ArrayLike) -> Points:
        """Unit vectors (P, 3) out of the bone; 0 where it grows nowhere."""
        voxels = self.voxel_from_patient.apply(points_mm)
        found = np.stack([_at(one, voxels, 0.0) for one in self.slopes], axis=-1)
        length = np.linalg.norm(found, axis=-1, keepdims=True)
        return np.asarray(found / np.where(length < 1e-6, 1.0, length))


def _at(field: Volume, voxels: Points, outside: float) -> Points:
    """Values (P,) of a field at places (P, 3) of its grid, trilinear."""
    found = ndimage.map_coordinates(
        field.array, voxels.T, output=np.float64, order=1, mode="grid-constant", cval=outside
    )
    return np.asarray(found)
