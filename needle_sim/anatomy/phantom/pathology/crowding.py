"""What fills a narrow canal around the sac: thick ligament and capsule in place of fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Bone, Structure
from needle_sim.geometry.transform import Transform

_NEAR_MM = 6.0  # farther off what was taken, only the whole is asked


@dataclass(frozen=True, slots=True, eq=False)
class Crowded:
    """The part of a canal about the plane of a disc that ligament takes, off the sac.

    Parameters
    ----------
    canal : Bone
        The epidural space with the sac.
    sac : Structure
        What stays free, with ``room_mm`` of fat around it.
    plane : Transform
        Of the disc: +x left, +y back, +z up its axis.
    half_mm : float
        How far it reaches above and below the plane.
    room_mm : float
        Of fat between sac and ligament.
    wedge_mm : float
        Half width of the fat that stays behind the sac in the midline.
    """

    canal: Bone
    sac: Structure
    plane: Transform
    half_mm: float
    room_mm: float
    wedge_mm: float

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) in the patient."""
        sac = self.sac.box_mm
        at = self.plane.matrix[:3, 3]
        reach = np.array([25.0, 30.0, self.half_mm + 15.0])
        low = np.maximum(self.canal.box_mm[0], at - reach)
        high = np.minimum(self.canal.box_mm[1], at + reach)
        low[2], high[2] = max(low[2], sac[0, 2]), min(high[2], sac[1, 2])
        return np.stack([low, high])

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), negative inside; right at the surface."""
        points = np.asarray(points_mm, dtype=np.float64)
        x, y, z = self.plane.inverse().apply(points).T
        depth = np.maximum(self.canal.distance_mm(points), np.abs(z) - self.half_mm)
        off = self.sac.distance_mm(points)
        middle = self._behind_mm()
        wedge = np.minimum(self.wedge_mm - np.abs(x), y - middle)  # > 0 in the fat behind
        return np.asarray(np.maximum(np.maximum(depth, self.room_mm - off), wedge))

    def _behind_mm(self) -> float:
        """How far behind the disc the middle of the sac runs, at the plane."""
        tube = self.sac.tubes[len(self.sac.tubes) // 2]
        course = self.plane.inverse().apply(tube.points_mm)
        return float(course[np.argmin(np.abs(course[:, 2])), 1])


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """A shape without another one."""

    whole: Bone
    taken: Bone

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) of the whole."""
        return self.whole.box_mm

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), negative inside; right at the surface."""
        points = np.asarray(points_mm, dtype=np.float64)
        depth, (low, high) = self.whole.distance_mm(points), self.taken.box_mm
        near = ((points >= low - _NEAR_MM) & (points <= high + _NEAR_MM)).all(axis=1)
        if near.any():
            depth[near] = np.maximum(depth[near], -self.taken.distance_mm(points[near]))
        return depth


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """What a shape has in common with a bone, ``off_mm`` under the bone's surface."""

    bone: Bone
    around: Bone
    off_mm: float

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) of the shape."""
        return self.around.box_mm

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3), negative inside; right at the surface."""
        depth = self.around.distance_mm(points_mm)
        return np.asarray(np.maximum(depth, self.bone.distance_mm(points_mm) + self.off_mm))
