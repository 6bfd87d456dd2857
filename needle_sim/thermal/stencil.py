"""`Stencil`: a symmetric seven-point system on a grid, and its solution.

Conjugate gradients with a modified incomplete Cholesky factor (Gustafsson 1978,
doi:10.1007/BF01931691). One engine serves the electric field and the heat: contrast and stretched
cells cost iterations and never accuracy, where alternating directions leave a splitting error
that grows with the conductivity of the metal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import SolverError
from needle_sim.thermal import _kernels
from needle_sim.thermal.grid import Field, Grid

RELAX = 0.97
MOST_ITERATIONS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """A x = diagonal x - the sum over neighbours of link x.

    ``links[a]`` (I, J, K) joins each cell to the one before it along axis a; plane 0 of axis 1
    joins the last sector to the first, plane 0 of the others is 0.
    """

    diagonal: Field
    links: tuple[Field, Field, Field]
    pivots: Field

    @classmethod
    def build(cls, diagonal: Field, links: tuple[Field, Field, Field]) -> Stencil:
        """Factorise once for any number of right-hand sides."""
        pivots = np.empty_like(diagonal)
        _kernels.factor(diagonal, *links, RELAX, pivots)
        return cls(diagonal, links, pivots)

    def solve(self, b: Field, guess: Field, *, tolerance: float) -> Field:
        """x (I, J, K) with A x = b, from a guess; `SolverError` when that does not converge."""
        x = np.array(guess, dtype=np.float64)
        work = np.empty((3, *x.shape))
        count = _kernels.conjugate_gradients(
            self.diagonal, *self.links, self.pivots, b, x, work, tolerance, MOST_ITERATIONS
        )
        if count < 0 or not np.isfinite(x).all():
            raise SolverError(
                f"the solver did not reach a residual of {tolerance:g} in {MOST_ITERATIONS} "
                "iterations; are all properties finite and positive?"
            )
        return x


def between(grid: Grid, axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of the cells behind and ahead of each face along an axis, the seam left out."""
    behind = tuple(slice(0, -1) if a == axis else slice(None) for a in range(3))
    ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
    return behind, ahead


def series(grid: Grid, conductivity: Field) -> tuple[Field, Field, Field]:
    """Links (I, J, K) of each axis, W/K or S: two half cells in series at each face."""
    found = []
    for axis in range(3):
        low, high = grid.halves(axis)
        ahead = low / conductivity
        behind = np.broadcast_to(high, conductivity.shape) / conductivity
        link = 1.0 / (ahead + np.roll(behind, 1, axis=axis))
        if axis != 1 or grid.kind == "box" or grid.shape[1] == 1:
            link[tuple(slice(0, 1) if a == axis else slice(None) for a in range(3))] = 0.0
        found.append(link)
    return found[0], found[1], found[2]


def walls(grid: Grid, conductivity: Field) -> Field:
    """Conductance (I, J, K) from each outermost cell to the outer faces it touches."""
    found = np.zeros(grid.shape)
    for axis in range(3):
        low, high = (np.broadcast_to(one, grid.shape) for one in grid.halves(axis))
        first = tuple(0 if a == axis else slice(None) for a in range(3))
        last = tuple(-1 if a == axis else slice(None) for a in range(3))
        if grid.kind == "box" or axis == 2:
            found[first] += conductivity[first] / low[first]
        if grid.kind == "box" or axis != 1:
            found[last] += conductivity[last] / high[last]
    return found


def row_sums(links: tuple[Field, Field, Field]) -> NDArray[np.float64]:
    """Sum (I, J, K) of the links that touch each cell."""
    return np.asarray(sum(link + np.roll(link, -1, axis=axis) for axis, link in enumerate(links)))
