"""`sketch`: a patient in coarser voxels, for exposure control and pictures of a turning C-arm."""

from __future__ import annotations

import numpy as np

from needle_sim.geometry.transform import Transform
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.volume.volume import Volume

VOXEL_MM = 2.0
"""About the side of its voxels (proposed: the pixels of a preview, seen at the isocentre)."""


def sketch(ct: Volume) -> Materials:
    """Basis materials of a CT whose voxels are averaged in blocks of about `VOXEL_MM` a side."""
    return prepare(averaged(ct, [max(1, round(VOXEL_MM / side)) for side in ct.spacing_mm]))


def averaged(ct: Volume, blocks: list[int]) -> Volume:
    """A CT (I, J, K) in the means of its blocks of voxels; what is left over at the end goes."""
    shape = [side // block for side, block in zip(ct.shape, blocks, strict=True)]
    used = ct.array[tuple(slice(side * block) for side, block in zip(shape, blocks, strict=True))]
    parts = [part for pair in zip(shape, blocks, strict=True) for part in pair]
    means = used.reshape(parts).mean(axis=(1, 3, 5), dtype=np.float32)
    old = ct.patient_from_voxel
    matrix = old.matrix.copy()
    matrix[:3, :3] = old.matrix[:3, :3] * np.array(blocks)
    matrix[:3, 3] = old.apply([(block - 1) / 2 for block in blocks])
    return Volume(
        np.rint(means).astype(np.int16),
        Transform(matrix, target=old.target, source=old.source),
        quantity=ct.quantity,
    )
