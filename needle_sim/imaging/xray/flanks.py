"""`flanks`: the tissue beside a field of view that cuts the trunk, made up from its outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.imaging.xray.outline import MOST_BESIDE_MM, side_reach
from needle_sim.volume.volume import Note, Volume

Grid = NDArray[np.float32]

EDGE_MM = 20.0
"""A flank is as dense as the body so near to the edge of the field (proposed)."""

NOTED_SHARE = 0.01
"""From this share of the mass on a ray on, a picture says that it was made up (proposed)."""

_COARSE_MM = 5.0
_ROW_MM = 2.0  # near the front and the back an outline turns soon
_BODY_HU = -300.0


def flanks(volume: Volume) -> tuple[Grid, Transform] | None:
    """Density (I, J, K), g/cm3, of what is cut off at the sides, and where its voxels lie.

    None where the body is seen whole, or the columns do not run across the trunk. The outline
    beyond is that of `outline.side_reach`; soft tissue of even density fills it.
    """
    across = np.abs(volume.patient_from_voxel.matrix[:3, :3]).argmax(axis=0)
    if across[2] != 0 or min(volume.shape) < 4:
        return None
    sides = volume.spacing_mm
    steps = [
        max(1, int(wanted / float(side)))
        for wanted, side in zip((_COARSE_MM, _ROW_MM), sides[:2], strict=True)
    ]
    picked = volume.array[:: steps[0], :: steps[1]]
    reach = side_reach(picked, sides * (steps[0], steps[1], 1))
    if not reach.any():
        return None
    more = int(np.ceil(MOST_BESIDE_MM / _COARSE_MM))
    count = volume.shape[2]
    inside = max(1, round(count * float(sides[2]) / _COARSE_MM))
    wide_mm = count * float(sides[2]) / inside
    grid = np.zeros((*reach.shape[1:], 2 * more + inside), dtype=np.float32)
    out = (np.arange(more) + 0.5) * wide_mm
    for side, columns in ((0, slice(more - 1, None, -1)), (1, slice(more + inside, None))):
        share = np.clip((reach[side][..., None] - out) / wide_mm + 0.5, 0.0, 1.0)
        dense = _dense(picked if side == 1 else picked[:, :, ::-1], float(sides[2]))
        grid[:, :, columns] = share * dense[:, None, None]
    scale = np.diag([steps[0], steps[1], count / inside, 1.0])
    scale[2, 3] = (0.5 - more) * count / inside - 0.5
    place = volume.patient_from_voxel @ Transform(scale, target=VOXEL, source=VOXEL)
    return grid, place


def _dense(hu: NDArray[np.generic], side_mm: float) -> NDArray[np.float64]:
    """Density (I,) of the body near the last column of each slice, smooth along it."""
    near = np.asarray(hu[:, :, -max(1, round(EDGE_MM / side_mm)) :], dtype=np.float64)
    body = near > _BODY_HU
    mean = 1.0 + (near * body).sum(axis=(1, 2)) / np.maximum(body.sum(axis=(1, 2)), 1) / 1000.0
    return np.asarray(ndimage.gaussian_filter1d(mean, 2.0, mode="nearest"), dtype=np.float64)


def made_up_share(flank: Grid | None, mass: Grid) -> Grid | None:
    """Share (R, C) of the mass on each ray that flanks have; None without any."""
    if flank is None or not flank.any():
        return None
    return np.asarray(flank / np.maximum(mass, np.float32(1e-6)), dtype=np.float32)


def flank_notes(share: Grid | None) -> tuple[Note, ...]:
    """What a picture says of its made-up flanks."""
    if share is None or not (share > NOTED_SHARE).any():
        return ()
    rays = 100.0 * float((share > NOTED_SHARE).mean())
    said = f"{rays:.0f} % of the rays, up to {100.0 * float(share.max()):.0f} % of their mass"
    text = "the field of view of the CT cuts the flanks; they were made up from the body's outline"
    return (Note("flanks", "", said, text),)
