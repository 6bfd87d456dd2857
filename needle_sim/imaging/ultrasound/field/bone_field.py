"""How far each voxel of a scene is from bone: exact where there is a shape, else by voxels.

A fitted shape counts only where the voxels have bone too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.anatomy.tissue import bone_labels
from needle_sim.imaging.ultrasound.field._kernels import TO_MM
from needle_sim.imaging.ultrasound.field.grid import COARSE, Box, Grid, refined
from needle_sim.imaging.ultrasound.field.voxel_surface import (
    as_seen_mm,
    blur_mm,
    blurred,
    distance_of_share,
)
from needle_sim.volume.volume import Volume

MOST_MM = 500.0

ACCOUNTED = 0.5
"""Voxels of bone whose centres lie so many voxels off an exact surface are part of that bone."""


def shape_distance(shape: Bone, grid: Grid, box: Box, *, band_mm: float) -> NDArray[np.float32]:
    """Distance (i, j, k), mm, from a shape over a box: exact within ``band_mm``, else rough."""
    wide = tuple(slice(one.start, one.stop + 2 * COARSE) for one in box)
    i, j, k = wide
    sizes = [len(axis) for axis in grid.axes_mm((i, j, k), every=COARSE)]
    coarse = shape.distance_mm(grid.points_mm((i, j, k), every=COARSE)).reshape(sizes)
    found = refined(coarse, tuple(one.stop - one.start for one in box))
    near = np.argwhere(np.abs(found) < band_mm)
    if len(near):
        at = (near + [one.start for one in box])[:, ::-1] * grid.step_mm + grid.low_mm
        found[tuple(near.T)] = shape.distance_mm(at)
    return found


def exact_bone(anatomy: Anatomy, grid: Grid) -> NDArray[np.int16]:
    """Distance from the exact bones in steps of `TO_MM`, exact within two voxels.

    A plate may lie between two coarse samples; the band is wide enough to find it.
    """
    most = round(MOST_MM / TO_MM)
    out = np.full(grid.shape, most, dtype=np.int16)
    band = 2.5 * grid.step_mm
    for name, bone in anatomy.bones.items():
        box = grid.box(bone.box_mm, margin_mm=band + 1.0)
        if box is not None:
            found = shape_distance(bone, grid, box, band_mm=band + 0.5 * grid.step_mm)
            if name in anatomy.fit_rms_mm:
                found = _trimmed(anatomy, name, grid, box, found)
            steps = np.clip(np.rint(found / TO_MM), -most, most).astype(np.int16)
            out[box] = np.minimum(out[box], steps)
    return out


def _trimmed(
    anatomy: Anatomy, name: str, grid: Grid, box: Box, distance: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The distance (i, j, k) from a fitted bone over a box, as the voxels allow it."""
    near = np.argwhere(distance < 2.0 * grid.step_mm)
    points = (near + [one.start for one in box])[:, ::-1] * grid.step_mm + grid.low_mm
    at = tuple(near.T)
    distance[at] = as_seen_mm(anatomy, name, points, distance[at].astype(np.float64))
    return distance


def voxel_bone(part: Volume, exact: NDArray[np.int16], grid: Grid) -> NDArray[np.float32]:
    """Distance (voxels of ``part``), mm, from bone that no exact surface accounts for."""
    bony = np.isin(part.array, bone_labels())
    at = np.argwhere(bony)
    margin = ACCOUNTED * float(part.spacing_mm.max())
    place = grid.voxels(part.patient_from_voxel.apply(at))
    taken = exact[tuple(place.T)] * TO_MM < margin
    bony[tuple(at[taken].T)] = False
    if not bony.any():
        return np.full(part.shape, MOST_MM, dtype=np.float32)
    return distance_of_share(blurred(bony, part), blur_mm(part)).astype(np.float32)
