"""Line integrals by plain ray sampling: SciPy's trilinear interpolation at even steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import Basis

_ROWS = 16  # detector rows at once


def sampled(basis: Basis, carm: CArm, *, step_mm: float) -> NDArray[np.float32]:
    """Mass per area (R, C), g/cm2, of one basis material.

    Samples lie ``step_mm`` apart, from where a ball around the volume begins to where it ends.
    """
    to_voxel = basis.patient_from_voxel.inverse()
    shape = np.array(basis.density.shape)
    corners = basis.patient_from_voxel.apply(np.array([np.zeros(3), shape - 1.0]))
    middle, radius = corners.mean(axis=0), np.linalg.norm(corners[1] - corners[0]) / 2
    away = float(np.linalg.norm(middle - carm.source_mm))
    along_mm = np.arange(away - radius + step_mm / 2, away + radius, step_mm)
    out = np.empty(carm.shape, dtype=np.float32)
    columns = np.arange(carm.shape[1])
    for first in range(0, carm.shape[0], _ROWS):
        rows = np.arange(first, min(first + _ROWS, carm.shape[0]))
        pixels = np.stack(
            [*np.meshgrid(rows, columns, indexing="ij"), np.ones((len(rows), len(columns)))], -1
        )
        rays = pixels @ carm.pixel_rays().T
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        start = to_voxel.apply(carm.source_mm)
        steps = rays @ to_voxel.matrix[:3, :3].T
        points = start[:, None, None, None] + steps.transpose(2, 0, 1)[..., None] * along_mm
        inside = ndimage.map_coordinates(
            basis.density, points.astype(np.float32), order=1, mode="constant", output=np.float32
        )
        out[rows] = 0.1 * step_mm * inside.sum(axis=-1)
    return out
