"""`matched`: exact bones moved and their cortices thickened until they blur to the CT.

After Treece et al. (2010), doi:10.1016/j.media.2010.01.003: of a cortex thinner than the blur its
density is taken as known, and its place and thickness are found from the blurred image. There along
lines, here for all voxels about a place at once, by least squares with what is expected beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.refining.grid import Box, FineGrid, Grid
from needle_sim.anatomy.refining.shell import Shell, again, drawn, part_of

ROUNDS = 3
"""Times that place and thickness are found anew (proposed)."""

WINDOW_MM = 4.0
"""SD of the window in which one place and one thickness are found (proposed)."""

MOVED_SD_MM, MOVED_MOST_MM = 1.2, 3.0
"""How far the CT's bone is expected beside a fitted one, and at most taken (proposed): fits to
labels are off by 1.2 to 1.7 mm root mean square on the lumbar CT."""

LOG_SD, LOG_MOST = 0.5, 1.6
"""Of the logarithm of thickness over that expected: SD and bound (proposed)."""

MISFIT_HU, ALIKE = 60.0, 10.0
"""SD of what no place and thickness explain, and voxels of a window that err on their own
(proposed)."""

TRUST_FROM, TRUST_TO = 0.4, 0.8
"""Share of what bone does to the CT that the model explains: below it is not drawn, above it wholly
(proposed)."""

BLURS = (0.0, 0.3, 0.45, 0.6, 0.8, 1.0, 1.25)
"""Candidates of the scanner's blur beyond a voxel's mean, SD in voxels (proposed)."""

_STEP_MM, _STEP_LOG = 0.5, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """HU (coarse voxels) of soft tissue and of spongy bone, and joint (fine voxels, share)."""

    soft: Grid
    spongy: Grid
    clefts: Grid | None


def picture(shells: Sequence[Shell], around: Around, grid: FineGrid, within: Box) -> Grid:
    """What the model has in a box of coarse voxels, fine."""
    return drawn(shells, around.soft, around.spongy, around.clefts, grid, within)


def whole(grid: FineGrid) -> Box:
    """All coarse voxels of a grid."""
    a, b, c = (slice(0, side) for side in grid.coarse.shape)
    return a, b, c


def scanner_blur(shells: Sequence[Shell], around: Around, grid: FineGrid) -> FineGrid:
    """The grid with the blur, in slices and across them, under which the model is most like the
    CT near the bones."""
    fine = picture(shells, around, grid, whole(grid))
    near = np.zeros(grid.coarse.shape, dtype=bool)
    for one in shells:
        mean = replace(part_of(grid, one.within), blur=(0.0, 0.0, 0.0)).thinned(one.away_mm)
        near[one.within] |= np.abs(mean) < WINDOW_MM
    hu, best = grid.coarse.array.astype(np.float32), grid

    def misfit(trial: FineGrid) -> float:
        return float(np.abs(hu - trial.thinned(fine))[near].mean())

    for axes in ((1, 2), (0,)):
        trials = []
        for side in BLURS:
            a, b, c = (side if n in axes else old for n, old in enumerate(best.blur))
            trials.append(replace(best, blur=(a, b, c)))
        best = min(trials, key=misfit)
    return best


def matched(
    shells: Sequence[Shell], around: Around, anatomy: Anatomy, grid: FineGrid
) -> list[Shell]:
    """The shells with the place and thickness that a CT shows, smooth along them."""
    found = list(shells)
    for _ in range(ROUNDS):
        for index, one in enumerate(found):
            found[index] = again(_better(one, index, found, around, grid), anatomy, grid)
    return found


def trust(fine: Grid, around: Around, grid: FineGrid) -> Grid:
    """How far the CT bears a model out, 0 to 1, at the coarse voxels: the share it explains of how
    much, about each of them, the CT differs from soft tissue."""
    hu, sigma = grid.coarse.array.astype(np.float32), WINDOW_MM / grid.coarse.spacing_mm

    def power(values: Grid) -> Grid:
        return np.asarray(ndimage.gaussian_filter(values * values, sigma), np.float32)

    bare = power(hu - around.soft) + np.float32(MISFIT_HU**2)
    share = 1.0 - power(hu - grid.thinned(fine)) / bare
    at = np.clip((share - TRUST_FROM) / (TRUST_TO - TRUST_FROM), 0.0, 1.0)
    return np.asarray(at * at * (3.0 - 2.0 * at), np.float32)


def _better(
    one: Shell, index: int, shells: Sequence[Shell], around: Around, grid: FineGrid
) -> Shell:
    """One shell by a step of least squares (Gauss-Newton) in each window."""
    local = part_of(grid, one.within)

    def blurred(changed: Shell) -> Grid:
        others = [changed if n == index else each for n, each in enumerate(shells)]
        return local.thinned(picture(others, around, grid, one.within))

    now = blurred(one)
    sides = grid.coarse.spacing_mm / grid.parts
    slopes = []
    for axis, side in enumerate(sides):
        lean = np.gradient(one.away_mm, side, axis=axis).astype(np.float32)
        shifted = replace(one, away_mm=one.away_mm - np.float32(_STEP_MM) * lean)
        slopes.append((blurred(shifted) - now) / _STEP_MM)
    more = one.thicker * np.float32(np.exp(_STEP_LOG))
    slopes.append((blurred(replace(one, thicker=more)) - now) / _STEP_LOG)
    was = [*one.moved_mm, np.log(one.thicker)]
    # what is expected is the exact bone, not that of the last round
    wrong = local.coarse.array.astype(np.float32) - now
    wrong = wrong + sum(slope * old for slope, old in zip(slopes, was, strict=True))
    x, y, z, log = _solved(slopes, wrong, local)
    moved = np.clip(np.stack([x, y, z]), -MOVED_MOST_MM, MOVED_MOST_MM)
    thicker = np.exp(np.clip(log, -LOG_MOST, LOG_MOST))
    return replace(one, moved_mm=moved.astype(np.float32), thicker=thicker.astype(np.float32))


def _solved(slopes: Sequence[Grid], wrong: Grid, local: FineGrid) -> NDArray[np.float64]:
    """The four numbers (4, ...) at each coarse voxel that explain best what is wrong about it."""
    sigma = WINDOW_MM / local.coarse.spacing_mm

    def mean(values: Grid) -> NDArray[np.float64]:
        return np.asarray(ndimage.gaussian_filter(values.astype(np.float64), sigma))

    count, held = len(slopes), MISFIT_HU**2 / ALIKE
    normal = np.empty((*wrong.shape, count, count))
    for n in range(count):
        for m in range(n + 1):
            normal[..., n, m] = normal[..., m, n] = mean(slopes[n] * slopes[m])
        normal[..., n, n] += held / (LOG_SD if n == count - 1 else MOVED_SD_MM) ** 2
    right = np.stack([mean(one * wrong) for one in slopes], axis=-1)
    solved = np.asarray(np.linalg.solve(normal, right[..., None]), dtype=np.float64)
    return np.moveaxis(solved[..., 0], -1, 0)
