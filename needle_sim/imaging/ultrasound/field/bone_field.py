"""How far each voxel of a scene is from bone: exact where there is a shape, else by voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.imaging.ultrasound.acoustics import BONES
from needle_sim.imaging.ultrasound.field._kernels import TO_MM
from needle_sim.imaging.ultrasound.field.grid import COARSE, Box, Grid, refined
from needle_sim.volume.volume import Volume

MOST_MM = 500.0
_BLUR_MM = 0.8


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
    for bone in anatomy.bones.values():
        box = grid.box(bone.box_mm, margin_mm=band + 1.0)
        if box is not None:
            found = shape_distance(bone, grid, box, band_mm=band + 0.5 * grid.step_mm)
            steps = np.clip(np.rint(found / TO_MM), -most, most).astype(np.int16)
            out[box] = np.minimum(out[box], steps)
    return out


def voxel_bone(part: Volume, exact: NDArray[np.int16], grid: Grid) -> NDArray[np.float32]:
    """Distance (voxels of ``part``), mm, from bone that no exact surface accounts for.

    A half-space blurred by a Gaussian of width s has the share Phi(-d / s) at distance d; so the
    surface lies where half of the blurred voxels are bone.
    """
    bony = (part.array == BONES[0]) | (part.array == BONES[1])
    at = np.argwhere(bony)
    margin = float(part.spacing_mm.max())
    place = grid.voxels(part.patient_from_voxel.apply(at))
    taken = exact[tuple(place.T)] * TO_MM < margin
    bony[tuple(at[taken].T)] = False
    blur_mm = max(_BLUR_MM, 0.5 * margin)
    if not bony.any():
        return np.full(part.shape, MOST_MM, dtype=np.float32)
    blur = blur_mm / part.spacing_mm
    share = ndimage.gaussian_filter(bony.astype(np.float32), blur, truncate=3.0)
    return np.asarray(-blur_mm * special.ndtri(np.clip(share, 1e-3, 1 - 1e-3)), dtype=np.float32)
