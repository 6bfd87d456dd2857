"""`Shell`: an exact bone on a fine grid as cortex and spongy bone, and its picture in HU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.cortex import body_cortex
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.refining.grid import Box, FineGrid, Grid
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.anatomy.vertebra_fit import AVERAGE
from needle_sim.geometry.shapes import Implicit

REACH_MM = 4.0
"""So far about a bone its distance is worked out."""

LEAST_MM, MOST_MM = 0.1, 3.0
"""Bounds of the thickness of a cortex (proposed); thinner than 0.3 mm it stands for a less dense
one, which blurred CT does not tell apart (Treece et al. 2010, doi:10.1016/j.media.2010.01.003)."""

Thickness = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """A bone in the part of a `FineGrid` about it.

    Parameters
    ----------
    name : str
    within : tuple of slice
        Of the coarse voxels.
    away_mm, thick_mm : float32 array
        Signed distance from the surface, moved, and thickness of cortex expected; fine voxels.
    moved_mm : (3, ...) float32 array
        How far the CT shows the bone beside its exact surface, along the axes of the array; coarse
        voxels.
    thicker : float32 array
        How many times the cortex is as thick as expected; coarse voxels.
    """

    name: str
    within: Box
    away_mm: Grid
    thick_mm: Grid
    moved_mm: Grid
    thicker: Grid


def shells(anatomy: Anatomy, grid: FineGrid) -> list[Shell]:
    """The bones with an exact surface that reach into a grid."""
    found = []
    for name, bone in anatomy.bones.items():
        within = _within(bone, grid) if isinstance(bone, Implicit) else None
        if within is not None:
            still = np.zeros([3, *(part.stop - part.start for part in within)], np.float32)
            away, thick = _read(bone, _expected(name, anatomy), within, still, grid)
            found.append(Shell(name, within, away, thick, still, still[0] + np.float32(1.0)))
    return found


def again(one: Shell, anatomy: Anatomy, grid: FineGrid) -> Shell:
    """The same bone where it has moved to, on a grid whose voxels may be divided otherwise."""
    bone, expected = anatomy.bones[one.name], _expected(one.name, anatomy)
    away, thick = _read(bone, expected, one.within, one.moved_mm, grid)
    return replace(one, away_mm=away, thick_mm=thick)


def _within(bone: Implicit, grid: FineGrid) -> Box | None:
    low, high = bone.box_mm + np.array([[-REACH_MM], [REACH_MM]])
    return box_about(low, high, grid.coarse.patient_from_voxel.inverse().apply, grid.coarse.shape)


def box_about(
    low_mm: NDArray[np.float64],
    high_mm: NDArray[np.float64],
    voxels: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    shape: Sequence[int],
) -> Box | None:
    """The voxels of a grid that a box of the patient holds; None where there are none."""
    corners = np.stack(np.meshgrid(*np.stack([low_mm, high_mm], axis=1), indexing="ij"), axis=-1)
    at = voxels(corners.reshape(-1, 3))
    first = np.maximum(np.floor(at.min(axis=0)).astype(int), 0)
    last = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 1, shape)
    if (last <= first).any():
        return None
    a, b, c = (slice(int(start), int(stop)) for start, stop in zip(first, last, strict=True))
    return a, b, c


def _read(
    bone: Bone, thickness: Thickness, within: Box, moved: Grid, grid: FineGrid
) -> tuple[Grid, Grid]:
    """Signed distance and expected thickness at the fine voxels of a box of coarse ones."""
    local, box = part_of(grid, within), fine_box(within, grid)
    axes = grid.coarse.patient_from_voxel.matrix[:3, :3] / grid.coarse.spacing_mm
    once = replace(local, parts=(1, 1, 1))
    rough = bone.distance_mm(once.points_mm(_all(once.shape))).reshape(once.shape)
    reach = REACH_MM + 0.5 * float(np.linalg.norm(grid.coarse.spacing_mm)) + np.abs(moved).max()
    away = np.repeat(np.repeat(rough, grid.parts[1], axis=1), grid.parts[2], axis=2)
    away = np.repeat(away, grid.parts[0], axis=0).astype(np.float32)
    thick: NDArray[np.float32] = np.full(away.shape, LEAST_MM, np.float32)
    for index in range(away.shape[0]):
        near = np.abs(away[index]) < reach
        if not near.any():
            continue
        slab = (slice(index, index + 1), *_all(away.shape)[1:])
        points = grid.points_mm(_shifted(slab, box))[near.reshape(-1)]
        if moved.any():
            shift = np.stack([local.spread(one, slab)[0][near] for one in moved], axis=1)
            points = points - shift @ axes.T
        distance = bone.distance_mm(points)
        away[index][near] = distance
        skin = np.abs(distance) < REACH_MM
        near[near] = skin
        thick[index][near] = thickness(points[skin])
    return np.asarray(away, dtype=np.float32), thick


def _expected(name: str, anatomy: Anatomy) -> Thickness:
    """Thickness of the average vertebra's cortex (P,) at points (P, 3)."""
    sizes = column(spine_spec(AVERAGE)).vertebrae
    if name == "S1" or name not in sizes or name not in anatomy.bodies:
        return lambda points: np.full(len(points), sizes["S1"].cortex_mm)
    return body_cortex(sizes[name], anatomy.body(name))


def drawn(
    shells: Iterable[Shell],
    soft: Grid,
    spongy: Grid,
    clefts: Grid | None,
    grid: FineGrid,
    within: Box,
) -> Grid:
    """HU of a box of coarse voxels on the fine grid: bones in soft tissue, clefts kept open.

    ``soft`` and ``spongy`` are HU of the coarse voxels, ``clefts`` the share of each fine voxel
    that is joint.
    """
    box = fine_box(within, grid)
    hu, marrow = grid.spread(soft, box), grid.spread(spongy, box)
    side = np.float32(np.cbrt(np.prod(grid.coarse.spacing_mm / grid.parts)))
    compact = np.float32(tissues()[label("cortical_bone")].hu)
    for one in shells:
        common = _common(one.within, within)
        if common is None:
            continue
        everywhere = fine_box(common, grid)
        here = _moved(everywhere, box)
        there = _moved(everywhere, fine_box(one.within, grid))
        away = one.away_mm[there]
        thicker = part_of(grid, one.within).spread(one.thicker, there)
        thick = np.clip(one.thick_mm[there] * thicker, LEAST_MM, MOST_MM)
        outer = np.clip(0.5 - away / side, 0.0, 1.0)
        inner = np.clip(0.5 - (away + thick) / side, 0.0, 1.0)
        # a cortex thinner than a voxel keeps its share of it
        bone = outer * marrow[here] + (outer - inner) * (compact - marrow[here])
        if clefts is not None:
            bone *= 1.0 - clefts[everywhere]
            outer *= 1.0 - clefts[everywhere]
        hu[here] += bone - outer * hu[here]
    return hu


def part_of(grid: FineGrid, within: Box) -> FineGrid:
    """The part of a grid in a box of coarse voxels."""
    crop = grid.coarse.crop([one.start for one in within], [one.stop for one in within])
    return replace(grid, coarse=crop)


def fine_box(within: Box, grid: FineGrid) -> Box:
    """The fine voxels of a box of coarse ones."""
    a, b, c = (
        slice(part.start * n, part.stop * n) for part, n in zip(within, grid.parts, strict=True)
    )
    return a, b, c


def _all(shape: Sequence[int]) -> Box:
    a, b, c = (slice(0, side) for side in shape)
    return a, b, c


def _common(one: Box, other: Box) -> Box | None:
    a, b, c = (
        slice(max(x.start, y.start), min(x.stop, y.stop)) for x, y in zip(one, other, strict=True)
    )
    return None if any(part.stop <= part.start for part in (a, b, c)) else (a, b, c)


def _moved(box: Box, origin: Box) -> Box:
    a, b, c = (slice(x.start - y.start, x.stop - y.start) for x, y in zip(box, origin, strict=True))
    return a, b, c


def _shifted(box: Box, origin: Box) -> Box:
    a, b, c = (slice(x.start + y.start, x.stop + y.start) for x, y in zip(box, origin, strict=True))
    return a, b, c
