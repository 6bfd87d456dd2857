"""`compartment`: what a needle's tip lies in, from exact surfaces first and voxels last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import tissues
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
    "disc": "intradiscal",
    "flavum": "flavum",
    "canal": "epidural",
    "foramen": "epidural",
}


@dataclass(frozen=True, slots=True)
class Compartment:
    """What a point lies in: its kind, and the name of the structure, space, bone or tissue."""

    kind: Kind
    name: str


def compartment(anatomy: Anatomy, point_mm: ArrayLike) -> Compartment:
    """The compartment of a point (3,), patient LPS.

    Vessels, sac and roots come before exact bones, these before joints, discs, flava, and canal
    and foramina (the epidural space) last; elsewhere the voxels say.
    """
    point = as_points(np.atleast_2d(np.asarray(point_mm)), "point_mm")
    for kind, named in _OF_STRUCTURE.items():
        for one in anatomy.structures.values():
            if one.kind == kind and one.distance_mm(point)[0] < 0:
                return Compartment(named, one.name)
    for name, bone in anatomy.bones.items():
        if _inside(bone.box_mm, point[0]) and bone.distance_mm(point)[0] < 0:
            return Compartment("bone", name)
    for space_kind, named in _OF_SPACE.items():
        for space in anatomy.spaces.values():
            if space.kind != space_kind or not _inside(space.shape.box_mm, point[0]):
                continue
            if space.shape.distance_mm(point)[0] < 0:
                return Compartment(named, space.name)
    found = int(anatomy.labels.sample(point, outside=0)[0])
    tissue = tissues()[found].name
    if found == 0:
        return Compartment("outside", tissue)
    return Compartment("bone" if tissue.endswith("_bone") else "soft_tissue", tissue)


def _inside(box_mm: ArrayLike, point: ArrayLike) -> bool:
    low, high = np.asarray(box_mm)
    return bool(((point >= low) & (point <= high)).all())
