"""Tissue of spaces, nerves, sac and vessels by their exact shapes, over what the voxels say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.named_tissue import tissue_of_space, tissue_of_structure
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.imaging.ultrasound.field.bone_field import shape_distance
from needle_sim.imaging.ultrasound.field.grid import Grid

NO_STAMP = 255
_SPACES = ("canal", "disc", "flavum")
_STRUCTURES = ("dura", "root", "medial_branch", "vessel")
_STRETCH = 8


def stamps(anatomy: Anatomy, grid: Grid) -> NDArray[np.uint8]:
    """Labels (I, J, K) of what has an exact shape; `NO_STAMP` elsewhere. Bone overrules them."""
    out = np.full(grid.shape, NO_STAMP, dtype=np.uint8)
    for kind in _SPACES:
        for space in anatomy.spaces.values():
            if space.kind != kind or (kind == "disc" and space.provenance == "constructed"):
                continue  # the voxels of a phantom know the nucleus too
            box = grid.box(space.shape.box_mm, margin_mm=0.0)
            if box is not None:
                far = shape_distance(space.shape, grid, box, band_mm=1.5 * grid.step_mm)
                out[box][far < 0] = label(tissue_of_space(space))
    for kind in _STRUCTURES:
        for one in anatomy.structures.values():
            for tube in _stretches(one.tubes) if one.kind == kind else ():
                _stamp_tube(out, grid, tube, label(tissue_of_structure(one)))
    return out


def _stamp_tube(out: NDArray[np.uint8], grid: Grid, tube: Tube, number: int) -> None:
    ends = np.stack([tube.points_mm.min(axis=0), tube.points_mm.max(axis=0)])
    box = grid.box(ends, margin_mm=float(tube.radius_mm.max()))
    if box is not None:
        inside = distance_to_tubes_mm(grid.points_mm(box), [tube]) < 0
        part = out[box]
        part[inside.reshape(part.shape)] = number


def _stretches(tubes: tuple[Tube, ...]) -> Iterator[Tube]:
    """Short tubes, so that the box about each is small."""
    for tube in tubes:
        edges = [*range(0, len(tube.points_mm) - 1, _STRETCH), len(tube.points_mm) - 1]
        for start, stop in pairwise(edges):
            yield Tube(tube.points_mm[start : stop + 1], tube.radius_mm[start : stop + 1])
