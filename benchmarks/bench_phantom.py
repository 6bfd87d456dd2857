"""`build_phantom` beside plain NumPy distances at the same voxels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.pair import Pair, Size
from benchmarks.reference.phantom import bone_labels, finished_hu, numpy_phantom
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import bones_of, build_phantom
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.geometry.shapes import Implicit, box

LOW_MM, HIGH_MM = (-120.0, -60.0, -200.0), (120.0, 130.0, 110.0)


def unlike_percent(ours: NDArray[np.uint16], theirs: NDArray[np.uint16]) -> float:
    """Voxels with another label, % of those that either side calls tissue."""
    return float(100 * (ours != theirs).sum() / ((ours > 0) | (theirs > 0)).sum())


def unlike_anatomies(ours: Anatomy, theirs: Anatomy) -> float:
    return unlike_percent(ours.labels.array, theirs.labels.array)


def pairs(size: Size) -> Iterator[Pair]:
    spine = spine_spec("lumbar_normal")
    _, bones = bones_of(column(spine), spine.sacrum)
    for voxel_mm in size.pick(smoke=[4.0], full=[2.0, 1.0]):
        empty = Canvas.of(LOW_MM, HIGH_MM, voxel_mm)
        yield Pair(
            name=f"bones painted, voxels of {voxel_mm:g} mm; every voxel of their boxes",
            ours=partial(_bones, bones, voxel_mm),
            reference=partial(bone_labels, bones, empty.low_mm, empty.shape, voxel_mm),
            accuracy=unlike_percent,
            limit=0.001,
            rounds=3 if size.full else None,
            unit="% of voxels",
        )
    for voxel_mm in size.pick(smoke=[4.0], full=[1.0]):
        canvas = _body(bones, voxel_mm)
        yield Pair(
            name=f"texture and noise, voxels of {voxel_mm:g} mm; plain NumPy",
            ours=lambda c=canvas: c.finished(seed=1)[0].array,
            reference=partial(finished_hu, canvas, 1),
            accuracy=worst_hu,
            limit=1.0,  # a half is rounded either way
            rounds=3 if size.full else None,
            unit="HU",
        )
    for voxel_mm in size.pick(smoke=[4.0], full=[2.0]):
        yield Pair(
            name=f"whole phantom, voxels of {voxel_mm:g} mm; its distances in NumPy",
            ours=partial(build_phantom, voxel_mm=voxel_mm),
            reference=partial(numpy_phantom, voxel_mm),
            accuracy=unlike_anatomies,
            limit=0.001,
            rounds=3 if size.full else 1,
            unit="% of voxels",
        )


def worst_hu(ours: NDArray[np.int16], theirs: NDArray[np.int16]) -> float:
    return float(np.abs(ours.astype(np.int32) - theirs).max())


def _body(bones: dict[str, Implicit], voxel_mm: float) -> Canvas:
    """Bones in a block of muscle."""
    canvas = Canvas.of(LOW_MM, HIGH_MM, voxel_mm)
    canvas.paint(Implicit.of([box((110.0, 90.0, 160.0), centre_mm=(0.0, 35.0, -45.0))]), "muscle")
    for bone in bones.values():
        canvas.paint_bone(bone, lambda points: np.full(len(points), 1.0), trabecular_hu=150.0)
    return canvas


def _bones(bones: dict[str, Implicit], voxel_mm: float) -> NDArray[np.uint16]:
    canvas = Canvas.of(LOW_MM, HIGH_MM, voxel_mm)
    for bone in bones.values():
        canvas.paint_bone(bone, lambda points: np.full(len(points), 1.0), trabecular_hu=300.0)
    return canvas.labels
