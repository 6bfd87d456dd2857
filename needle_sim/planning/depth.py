"""What a placed needle goes through, layer by layer, from the skin to its tip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.anatomy.tissue import bone_labels, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, resample
from needle_sim.instruments.placed import PlacedNeedle

# Painted from the last to the first, so that what `needle_sim.anatomy.compartment` looks at first
# lies on top.
_SPACES = {
    "hiatus": "epidural",
    "canal": "epidural",
    "foramen": "epidural",
    "ligament": "sacrococcygeal_ligament",
    "flavum": "flavum",
    "disc": "disc",
    "sacroiliac_joint": "joint",
    "facet_joint": "joint",
}
_STRUCTURES = {"root": "nerve", "dura": "intrathecal", "vessel": "vessel"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A stretch of a path in one thing; depths from the skin entry, mm."""

    name: str
    from_mm: float
    to_mm: float


def layer_names(anatomy: Anatomy, points_mm: ArrayLike) -> NDArray[np.str_]:
    """What each point (P, 3) lies in.

    Exact vessels, ``intrathecal``, ``nerve`` and ``bone`` come first, then ``joint``, ``disc``,
    ``flavum`` and ``epidural``; elsewhere the tissue of the voxels (``skin``, ``fat``,
    ``muscle``, ...), with bone of any kind as ``bone`` and what is not patient as ``air``.
    """
    points = as_points(points_mm, "points_mm")
    called = np.array([tissue.name for tissue in tissues()], dtype="<U24")
    called[list(bone_labels())] = "bone"
    names = called[anatomy.tissue_labels(points)]
    for kind, name in _SPACES.items():
        for space in anatomy.spaces.values():
            if space.kind == kind:
                _paint(names, points, space.shape, name)
    for bone in anatomy.bones.values():
        _paint(names, points, bone, "bone")
    for kind, name in _STRUCTURES.items():
        for one in anatomy.structures.values():
            if one.kind == kind:
                names[one.distance_mm(points) < 0] = name
    return names


def layers(anatomy: Anatomy, placed: PlacedNeedle, *, step_mm: float = 0.1) -> tuple[Layer, ...]:
    """The layers that a needle's axis goes through, from the skin to its tip.

    Looked at every ``step_mm``; where two meet is known to half of that.
    """
    if not 0.01 <= step_mm <= 5.0:
        raise InputError(f"step_mm must be 0.01 to 5, got {step_mm}")
    depth = placed.trajectory.depth_mm
    points = resample(placed.trajectory.points_mm, step_mm)
    names = layer_names(anatomy, points)
    at = np.linspace(0.0, depth, len(points))
    first = int((names != "air").argmax())
    if at[first] <= anatomy.labels.spacing_mm.max():  # the skin is known to a voxel
        names[:first] = names[first]
    change = np.flatnonzero(names[1:] != names[:-1])
    edges = [0.0, *(0.5 * (at[change] + at[change + 1])).tolist(), depth]
    firsts = [0, *(change + 1).tolist()]
    return tuple(Layer(str(names[first]), edges[n], edges[n + 1]) for n, first in enumerate(firsts))


def depth_of(met: Iterable[Layer], name: str) -> float | None:
    """Depth in mm at which a thing is first met; None where it is not."""
    return next((layer.from_mm for layer in met if layer.name == name), None)


def _paint(names: NDArray[np.str_], points: NDArray[np.float64], shape: Bone, name: str) -> None:
    low, high = shape.box_mm
    near = ((points >= low) & (points <= high)).all(axis=1)
    if near.any():
        inside = shape.distance_mm(points[near]) < 0
        names[np.flatnonzero(near)[inside]] = name
