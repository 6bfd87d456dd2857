"""`distance_map`: the distance from some structures at each node of a cubic grid.

First in the middle of each block of 4 nodes a side; then, for each structure that may count there,
at each node of the blocks near a surface. Elsewhere the middles are interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm

Field = NDArray[np.float64]
Distance = Callable[[Field], Field]
BLOCK = 4  # nodes a side
FAR_MM = 100.0  # a map holds no more; nothing so far away matters to a path
BAND_MM = 10.0  # nearer to a surface than this, each node is exact
_INNER_MM = 2.0  # deeper inside than this, nobody asks how deep
_RUN = 4096  # neighbouring points that share the tubes near them


class Member(NamedTuple):
    """A structure of a map: its distance anywhere, and a quicker one near it if there is one."""

    distance_mm: Distance
    near_mm: Distance | None = None


def distance_map(
    members: Sequence[Member], low_mm: Field, nodes: int, step_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Distance to the nearest member at each node, and which that is in each block.

    Parameters
    ----------
    members : sequence of Member
        `FAR_MM` everywhere where there is none.
    low_mm : (3,) array
        First node, patient LPS.
    nodes : int
        A side, a multiple of `BLOCK`.

    Returns
    -------
    (I, J, K) array of float32, mm, and (I/4, J/4, K/4) array of uint8
        Along z, y and x.
    """
    blocks = (nodes // BLOCK,) * 3
    if not members:
        return np.full((nodes,) * 3, FAR_MM, dtype=np.float32), np.zeros(blocks, dtype=np.uint8)
    centres = block_centres_mm(low_mm, nodes, step_mm)
    away = np.stack([np.minimum(one.distance_mm(centres), FAR_MM) for one in members])
    best = away.min(axis=0)
    reach = 0.5 * np.sqrt(3.0) * (BLOCK - 1) * step_mm  # from a block's middle to its corner
    close = np.flatnonzero((best < BAND_MM + reach) & (best > -_INNER_MM - reach))
    fine = np.full((len(close), BLOCK**3), np.inf)
    for one, here in zip(members, away[:, close], strict=True):
        # twice the reach for exact distances; half as much again for those that say too little
        counts = here < 1.5 * np.maximum(best[close], 0.0) + 2.0 * reach
        points = points_of_blocks(centres[close[counts]], step_mm)
        found = (one.near_mm or one.distance_mm)(points)
        fine[counts] = np.minimum(fine[counts], found.reshape(-1, BLOCK**3))
    distance = from_blocks(best.reshape(blocks))
    split = distance.reshape(*(n for count in blocks for n in (count, BLOCK)))
    i, j, k = np.unravel_index(close, blocks)
    split[i, :, j, :, k, :] = fine.reshape(-1, BLOCK, BLOCK, BLOCK)
    return distance, away.argmin(axis=0).astype(np.uint8).reshape(blocks)


def tubes_in_runs(tubes: Sequence[Tube]) -> Distance:
    """Distance to tubes of many segments, quick for points that come neighbour by neighbour.

    Exact up to twice `BAND_MM`; farther away it may be too large.
    """
    boxes = []
    for tube in tubes:
        ends, radius = tube.points_mm, tube.radius_mm[:, None]
        low, high = ends - radius, ends + radius
        boxes.append((np.minimum(low[:-1], low[1:]), np.maximum(high[:-1], high[1:])))

    def distance(points_mm: Field) -> Field:
        out = np.empty(len(points_mm))
        for start in range(0, len(points_mm), _RUN):
            run = points_mm[start : start + _RUN]
            first, last = run.min(axis=0) - 2.0 * BAND_MM, run.max(axis=0) + 2.0 * BAND_MM
            near = []
            for tube, (low, high) in zip(tubes, boxes, strict=True):
                met = np.flatnonzero(((low <= last) & (high >= first)).all(axis=1))
                if len(met):
                    part = slice(met[0], met[-1] + 2)
                    near.append(Tube(tube.points_mm[part], tube.radius_mm[part]))
            out[start : start + _RUN] = distance_to_tubes_mm(run, near)
        return out

    return distance


def block_centres_mm(low_mm: Field, nodes: int, step_mm: float) -> Field:
    """Middles (B, 3) of the blocks of a cubic grid, patient (x, y, z), in order of (z, y, x)."""
    at = (np.arange(nodes // BLOCK) * BLOCK + 0.5 * (BLOCK - 1)) * step_mm
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    return np.stack([x, y, z], axis=-1).reshape(-1, 3) + low_mm


def points_of_blocks(centres_mm: Field, step_mm: float) -> Field:
    """The nodes (B * 64, 3) of blocks, each block's in order of (z, y, x)."""
    at = (np.arange(BLOCK) - 0.5 * (BLOCK - 1)) * step_mm
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    inner = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return np.asarray((centres_mm[:, None] + inner).reshape(-1, 3))


def from_blocks(middle: Field) -> NDArray[np.float32]:
    """Each node's value (4 I, 4 J, 4 K), trilinear between the middles (I, J, K) of blocks.

    Beyond the outermost middles the field goes on as a straight line.
    """
    field = np.asarray(middle, dtype=np.float32)
    for axis in range(3):
        count = field.shape[axis]
        at = (np.arange(count * BLOCK) - 0.5 * (BLOCK - 1)) / BLOCK
        first = np.clip(np.floor(at).astype(int), 0, count - 2)
        shape = [1, 1, 1]
        shape[axis] = -1
        share = (at - first).astype(np.float32).reshape(shape)
        field = field.take(first, axis) * (1 - share) + field.take(first + 1, axis) * share
    return field
