"""`compartment`: what a needle's tip lies in, from exact surfaces first and voxels last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone, Structure
from needle_sim.anatomy.tissue import bone_labels, label, tissues
from needle_sim.geometry.paths import as_points

Kind = Literal[
    "vascular",
    "intrathecal",
    "nerve",
    "bone",
    "intra_articular",
    "intradiscal",
    "flavum",
    "epidural",
    "soft_tissue",
    "outside",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_OF_STRUCTURE: dict[str, Kind] = {"vessel": "vascular", "dura": "intrathecal", "root": "nerve"}
_OF_SPACE: dict[str, Kind] = {
    "facet_joint": "intra_articular",
    "sacroiliac_joint": "intra_articular",
    "disc": "intradiscal",
    "flavum": "flavum",
    "ligament": "soft_tissue",
    "canal": "epidural",
    "foramen": "epidural",
    "hiatus": "epidural",
}


@dataclass(frozen=True, slots=True)
class Compartment:
    """What a point lies in: its kind, and the name of the structure, space, bone or tissue."""

    kind: Kind
    name: str


def compartment(anatomy: Anatomy, point_mm: ArrayLike) -> Compartment:
    """The compartment of a point (3,), patient LPS; see `compartments`."""
    return compartments(anatomy, np.atleast_2d(np.asarray(point_mm)))[0]


def compartments(anatomy: Anatomy, points_mm: ArrayLike) -> list[Compartment]:
    """The compartments of points (P, 3), patient LPS.

    Vessels, sac and roots come before exact bones, these before joints, discs, flava, and canal
    and foramina (the epidural space) last; elsewhere the voxels say. Voxel bone just outside an
    exact bone is partial volume, not bone.
    """
    points = as_points(points_mm, "points_mm")
    found: list[Compartment | None] = [None] * len(points)
    for kind, name, surface, box in _surfaces(anatomy):
        left = np.array([n for n, one in enumerate(found) if one is None], dtype=np.intp)
        if len(left):
            left = left[((points[left] >= box[0]) & (points[left] <= box[1])).all(axis=1)]
        if len(left):
            for n in left[surface.distance_mm(points[left]) < 0]:
                found[n] = Compartment(kind, name)
    open_ = [n for n, one in enumerate(found) if one is None]
    if open_:
        named = tissues()
        for n, tissue in zip(open_, anatomy.voxel_labels(points[open_]), strict=True):
            found[n] = _of_tissue(int(tissue), named[int(tissue)].name)
    return [one for one in found if one is not None]


def _surfaces(
    anatomy: Anatomy,
) -> Iterator[tuple[Kind, str, Structure | Bone, NDArray[np.float64]]]:
    """Every exact surface with the box it lies in, what counts first first."""
    for kind, named in _OF_STRUCTURE.items():
        for one in anatomy.structures.values():
            if one.kind == kind:
                yield named, one.name, one, one.box_mm
    for name, bone in anatomy.bones.items():
        yield "bone", name, bone, np.asarray(bone.box_mm)
    for space_kind, named in _OF_SPACE.items():
        for space in anatomy.spaces.values():
            if space.kind == space_kind:
                yield named, space.name, space.shape, np.asarray(space.shape.box_mm)


def _of_tissue(number: int, name: str) -> Compartment:
    if number in (label("air"), label("table")):
        return Compartment("outside", name)
    return Compartment("bone" if number in bone_labels() else "soft_tissue", name)
