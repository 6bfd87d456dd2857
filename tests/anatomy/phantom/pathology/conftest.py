"""Phantoms with a pathology and hardly a voxel: their shapes are what is read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom, drafted
from needle_sim.anatomy.phantom.pathology.kind import Pathology
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.volume.volume import Volume, axis_aligned

Built = Callable[..., Anatomy]


@cache
def shapes(*pathology: Pathology, name: str = "lumbar_normal") -> Anatomy:
    """A phantom of shapes, with one voxel of air."""
    spine = spine_spec(name)
    draft = drafted(replace(spine, pathology=(*spine.pathology, *pathology)))
    place = axis_aligned([1.0] * 3, [0.0] * 3)
    return Anatomy(
        name,
        Volume(np.full((1, 1, 1), -1000, dtype=np.int16), place, "hu"),
        Volume(np.zeros((1, 1, 1), dtype=np.uint16), place, "label"),
        bodies=draft.stack.bodies,
        landmarks_mm=draft.landmarks_mm,
        structures=draft.structures,
        bones=draft.bones,
        spaces=draft.spaces,
        pathology=draft.spine.pathology,
    )


@pytest.fixture(scope="session")
def painted() -> Anatomy:
    """A phantom with voxels and much in it, each off what another is read by."""
    given: list[dict[str, Any]] = [
        {"kind": "osteoporosis", "hu": 70.0},
        {"kind": "disc_degeneration", "level": "L5-S1", "grade": 5, "height_mm": 7.5,
         "vacuum_mm3": 600.0},
        {"kind": "facet_arthrosis", "level": "L4-L5", "grade": 3, "gap_mm": 1.0},
        {"kind": "obesity", "bmi": 30.0, "depth_mm": 58.0},
        {"kind": "laminectomy", "level": "L2", "opening_mm": 16.0},
    ]  # fmt: skip
    return build_phantom(pathology=given, voxel_mm=1.0)


@pytest.fixture
def built() -> Built:
    """Builds a phantom of shapes from pathologies."""
    return shapes


def deepest_in_bone(spine: Anatomy) -> tuple[float, str]:
    """How deep (mm, negative inside) nerves and vessels beside the vertebrae lie in a bone."""
    top = spine.body(next(iter(spine.bodies))).matrix[2, 3]
    found = []
    for name, structure in spine.structures.items():
        for tube in structure.tubes:
            points, radius = tube.points_mm, tube.radius_mm
            points, radius = points[points[:, 2] < top], radius[points[:, 2] < top]
            if len(points):
                free = [spine.bones[level].distance_mm(points) for level in spine.bodies]
                found.append((float((np.min(free, axis=0) - radius).min()), name))
    return min(found)
