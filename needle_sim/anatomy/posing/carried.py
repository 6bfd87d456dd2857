"""Shapes, nerves and landmarks moved with the vertebrae, or through the field between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Bone, Space, Structure
from needle_sim.anatomy.posing.field import MotionField, carrier
from needle_sim.geometry.shapes import Implicit, Tube
from needle_sim.geometry.transform import Transform

Points = NDArray[np.float64]

_LATTICE = 7  # places along each side of a box whose way is followed
_SPARE_MM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Rigid:
    """A bone or space that is moved as a whole; its distances stay what they were."""

    shape: Bone
    moved: Transform

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (P,) of points (P, 3), negative inside."""
        return self.shape.distance_mm(self.moved.inverse().apply(points_mm))

    @property
    def box_mm(self) -> Points:
        """Low and high corner (2, 3) of a box that holds it."""
        corners = self.moved.apply(_lattice(self.shape.box_mm, 2))
        return np.stack([corners.min(axis=0), corners.max(axis=0)])


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """A space between vertebrae that turn: its surface goes with the field.

    Distances are those of the place that a point comes from: right at the surface and beside bone,
    and off by the strain of the tissue (some percent) away from it.
    """

    shape: Bone
    field: MotionField
    box: NDArray[np.float64]

    @classmethod
    def of(cls, shape: Bone, field: MotionField) -> Carried:
        """The shape, with the box that it comes to lie in."""
        places = field.goes_mm(_lattice(shape.box_mm, _LATTICE))
        box = np.stack([places.min(axis=0) - _SPARE_MM, places.max(axis=0) + _SPARE_MM])
        box.flags.writeable = False
        return cls(shape, field, box)

    def distance_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (P,) of points (P, 3), negative inside."""
        return self.shape.distance_mm(self.field.sources_mm(points_mm))

    @property
    def box_mm(self) -> Points:
        """Low and high corner (2, 3) of a box that holds it."""
        return self.box


def _lattice(box_mm: Points, count: int) -> Points:
    axes = np.linspace(box_mm[0], box_mm[1], count).T
    return np.ascontiguousarray(np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3))


def rigidly(shape: Bone, moved: Transform) -> Bone:
    """A shape moved as a whole."""
    return shape.moved(moved) if isinstance(shape, Implicit) else Rigid(shape, moved)


def carried_bones(bones: Mapping[str, Bone], field: MotionField) -> dict[str, Bone]:
    """Bones, each as rigid as it was."""
    return {
        name: rigidly(bone, field.moved[carrier(name, field.moved)]) for name, bone in bones.items()
    }


def carried_spaces(spaces: Mapping[str, Space], field: MotionField) -> dict[str, Space]:
    """Spaces: those of the sacrum rigidly with it, the others through the field."""
    last = list(field.moved.values())[-1]
    sacral = list(field.moved)[-1] == "S1"
    found = {}
    for name, space in spaces.items():
        own = sacral and space.kind in ("hiatus", "sacroiliac_joint", "ligament")
        shape = rigidly(space.shape, last) if own else Carried.of(space.shape, field)
        found[name] = replace(space, shape=shape)
    return found


def carried_structures(
    structures: Mapping[str, Structure], field: MotionField
) -> dict[str, Structure]:
    """Nerves, vessels and the sac, point by point through the field; their radii are kept."""
    tubes = [tube for one in structures.values() for tube in one.tubes]
    if not tubes:
        return dict(structures)
    places = field.goes_mm(np.concatenate([tube.points_mm for tube in tubes]))
    ends = np.cumsum([len(tube.points_mm) for tube in tubes])
    moved = [
        Tube(points, tube.radius_mm)
        for points, tube in zip(np.split(places, ends[:-1]), tubes, strict=True)
    ]
    found, first = {}, 0
    for name, one in structures.items():
        found[name] = replace(one, tubes=tuple(moved[first : first + len(one.tubes)]))
        first += len(one.tubes)
    return found


def carried_landmarks(
    landmarks_mm: Mapping[str, Points], field: MotionField
) -> dict[str, NDArray[np.float64]]:
    """Landmarks (3,), each rigidly with its vertebra; others through the field."""
    found = {}
    for name, point in landmarks_mm.items():
        if name.split()[0] in field.moved:
            found[name] = field.moved[name.split()[0]].apply(point)
        else:
            found[name] = field.goes_mm(np.asarray(point)[None])[0]
    return found
