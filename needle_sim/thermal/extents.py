"""Sizes of the region where a field on a ring grid is positive, to a fraction of a cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.thermal.grid import Field, Grid

PARTS = 4
"""Points along each axis of a cell that the boundary may cross."""


def volume_mm3(grid: Grid, margin: Field) -> float:
    """Volume where the interpolated margin (I, J, K) is positive."""
    inside = margin > 0
    mode = ["nearest", "wrap" if grid.kind == "ring" else "nearest", "nearest"]
    low = _edge(inside, ndimage.minimum_filter, mode)
    high = _edge(inside, ndimage.maximum_filter, mode)
    total = float(grid.volume_mm3[low].sum())
    cells = np.argwhere(high & ~low).astype(np.float64)
    if len(cells) == 0:
        return total
    part = (np.arange(PARTS) + 0.5) / PARTS
    share = np.stack(np.meshgrid(part, part, part, indexing="ij"), axis=-1).reshape(-1, 3)
    points = _points(grid, cells[:, None, :], share[None, :, :])
    covered = grid.interpolate(margin, points) > 0
    weight = _weights(grid, cells, share)
    volumes = grid.volume_mm3[high & ~low]
    return total + float(((covered * weight).sum(axis=1) * volumes).sum())


def width_across_mm(grid: Grid, margin: Field) -> float:
    """Mean full width across the axis at the depth where that is largest."""
    edge = radius_mm(grid, margin)
    return float(2.0 * edge.mean(axis=0).max())


def radius_mm(grid: Grid, margin: Field) -> Field:
    """Outermost radius (J, K) at which the margin is positive, in each direction and depth."""
    r = grid.centres[0]
    last = len(r) - 1
    inside = margin > 0
    outermost = last - np.argmax(inside[::-1], axis=0)
    following = np.minimum(outermost + 1, last)
    here = np.take_along_axis(margin, outermost[None], axis=0)[0]
    there = np.take_along_axis(margin, following[None], axis=0)[0]
    share = np.where(there < 0, here / np.where(here == there, 1.0, here - there), 0.0)
    found = r[outermost] * (r[following] / r[outermost]) ** share  # straight in the logarithm
    return np.asarray(np.where(inside.any(axis=0), found, 0.0))


def length_along_mm(grid: Grid, margin: Field, tissue: NDArray[np.bool_]) -> float:
    """Distance along the axis between the last places where the margin in tissue is positive."""
    inside = (margin > 0) & tissue
    if not inside.any():
        return 0.0
    z = grid.centres[2]
    ends = []
    for step in (1, -1):
        flat = inside.reshape(-1, len(z))[:, ::step]
        values, depth = margin.reshape(-1, len(z))[:, ::step], z[::step]
        rows = np.flatnonzero(flat.any(axis=1))
        at = len(z) - 1 - np.argmax(flat[rows, ::-1], axis=1)
        after = np.minimum(at + 1, len(z) - 1)
        here, there = values[rows, at], values[rows, after]
        share = np.where(there < 0, here / np.where(here == there, 1.0, here - there), 0.0)
        ends.append(float((step * (depth[at] + share * (depth[after] - depth[at]))).max()))
    return ends[0] + ends[1]


def _edge(inside: NDArray[np.bool_], rule: object, mode: list[str]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = inside
    for axis in range(3):
        found = rule(found, size=tuple(3 if a == axis else 1 for a in range(3)), mode=mode)  # type: ignore[operator]
    return found


def _points(grid: Grid, cells: Field, share: Field) -> Field:
    along = []
    for axis, edges in enumerate(grid.edges):
        index = cells[..., axis].astype(int)
        along.append(edges[index] + share[..., axis] * np.diff(edges)[index])
    a, b, c = along
    if grid.kind == "ring":
        a, b = a * np.cos(b), a * np.sin(b)
    return np.stack([a, b, c], axis=-1)


def _weights(grid: Grid, cells: Field, share: Field) -> Field:
    """Share of its cell's volume that each point stands for (C, P)."""
    count = len(share)
    if grid.kind == "box":
        return np.full((len(cells), count), 1.0 / count)
    index = cells[:, 0].astype(int)
    low, wide = grid.edges[0][index], np.diff(grid.edges[0])[index]
    radius = low[:, None] + share[:, 0] * wide[:, None]
    return np.asarray(radius / (low + 0.5 * wide)[:, None] / count)
