"""A CT and label map of known vertebrae, for tests of the fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import VertebraSpec, spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Frame, Transform, rigid
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Volume, axis_aligned

MUSCLE_HU, BONE_HU = 50.0, 350.0


def known(level: str, factors: Mapping[str, float]) -> VertebraSpec:
    """The mean vertebra of a level with some of its sizes times factors."""
    return column(spine_spec()).vertebrae[level].scaled(factors)


def posed(
    level: str, centre_mm: tuple[float, float, float], turns_deg: tuple[float, ...]
) -> Transform:
    """A body frame turned about x, then y, then z, at a place."""
    axes = np.eye(3)
    for axis, angle in enumerate(np.radians(turns_deg)):
        turn, (a, b) = np.eye(3), [k for k in range(3) if k != axis]
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        axes = turn @ axes
    return rigid(axes, centre_mm, source=Frame(level))


def scanned(
    vertebrae: Mapping[str, tuple[VertebraSpec, Transform]],
    *,
    step_mm: float = 3.0,
    shape: tuple[int, int, int] = (40, 50, 60),
    first_mm: tuple[float, float, float] = (-88.0, -60.0, -60.0),
) -> tuple[Volume, Volume]:
    """Vertebrae in muscle with partial volume at their surfaces, and their labels."""
    bones = {
        vertebra_label(level): vertebra_shape(spec).moved(pose)
        for level, (spec, pose) in vertebrae.items()
    }
    return painted(bones, step_mm=step_mm, shape=shape, first_mm=first_mm)


def painted(
    bones: Mapping[int, Implicit],
    *,
    step_mm: float,
    shape: tuple[int, int, int],
    first_mm: tuple[float, float, float],
) -> tuple[Volume, Volume]:
    """Bones by label number in muscle with partial volume at their surfaces, and their labels."""
    place = axis_aligned([step_mm] * 3, first_mm)
    points = place.apply(np.moveaxis(np.indices(shape), 0, -1)).reshape(-1, 3)
    hu, numbers = np.full(len(points), MUSCLE_HU), np.zeros(len(points), dtype=np.uint16)
    for number, bone in bones.items():
        away = bone.distance_mm(points)
        share = np.clip(0.5 - away / step_mm, 0.0, 1.0)
        hu = np.maximum(hu, MUSCLE_HU + share * (BONE_HU - MUSCLE_HU))
        numbers[away < 0] = number
    rim = np.zeros(shape, dtype=bool)
    rim[:, :3] = rim[:, -3:] = rim[:, :, :3] = rim[:, :, -3:] = True
    hu[rim.ravel()] = -1000.0
    ct = Volume(np.rint(hu).astype(np.int16).reshape(shape), place)
    return ct, Volume(numbers.reshape(shape), place, "label")
