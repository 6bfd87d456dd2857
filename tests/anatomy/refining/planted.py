"""A bone with a cortex of known place and thickness, in a CT of 3 mm, and its finer truth."""

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.refining.grid import FineGrid
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.geometry.shapes import Implicit, box
from needle_sim.geometry.transform import Frame, rigid
from needle_sim.volume.volume import Volume, axis_aligned

CORTEX_MM, SPONGY_HU, SOFT_HU = 1.0, 180.0, 50.0
MIDDLE_MM = np.array([1.0, -2.0, 3.0])


def block(off_mm=(0.0, 0.0, 0.0)) -> Implicit:
    """A rounded block of 36 x 30 x 27 mm, turned a little, its middle beside the true one."""
    c, s = np.cos(0.12), np.sin(0.12)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    to = rigid(turn, MIDDLE_MM + off_mm, source=Frame("L3"))
    return Implicit.of([box((18.0, 15.0, 13.5), round_mm=4.0)]).moved(to)


def truth(parts: int = 10, cortex_mm: float = CORTEX_MM) -> tuple[FineGrid, np.ndarray]:
    """A grid of 3 mm over the block, divided, and HU of the fine voxels."""
    shape = 20, 22, 24
    low = MIDDLE_MM - 1.5 * (np.array(shape[::-1]) - 1)
    empty = Volume(np.zeros(shape, np.int16), axis_aligned([3.0] * 3, low.tolist()))
    grid = FineGrid(empty, (parts, parts, parts))
    away = block().distance_mm(grid.points_mm(tuple(slice(0, n) for n in grid.shape)))
    side = 3.0 / parts
    outer, inner = (np.clip(0.5 - (away + t) / side, 0.0, 1.0) for t in (0.0, cortex_mm))
    compact = tissues()[label("cortical_bone")].hu
    hu = SOFT_HU + outer * (compact - SOFT_HU) + inner * (SPONGY_HU - compact)
    return grid, hu.reshape(grid.shape).astype(np.float32)


def patient(off_mm=(0.0, 0.0, 0.0)) -> Anatomy:
    """The truth as a scanner of 3 mm gives it, with a bone fitted a little off."""
    grid, hu = truth()
    ct = Volume(np.rint(grid.thinned(hu)).astype(np.int16), grid.coarse.patient_from_voxel)
    inside = ct.array > 150
    labels = np.where(inside, label("trabecular_bone"), label("muscle")).astype(np.uint16)
    return Anatomy("block", ct, ct.like(labels, "label"), bones={"block": block(off_mm)})
