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
    """A x = diagonal x - the sum over neighbours of link x, symmetric and positive definite.

    ``links[a]`` (I, J, K) joins each cell to the one before it along axis a; plane 0 of axis 1
    joins the last sector to the first, plane 0 of the others is 0.
    """

    diagonal: Field
    links: tuple[Field, Field, Field]
    pivots: Field
    seam: Field
    total: float  # sum of all entries of A

    @classmethod
    def build(cls, diagonal: Field, links: tuple[Field, Field, Field]) -> Stencil:
        """Factorise once for any number of right-hand sides."""
        diagonal = still(diagonal)
        links = (still(links[0]), still(links[1]), still(links[2]))
        pivots, seam = np.empty(diagonal.shape), np.zeros(diagonal.shape)
        _kernels.factor(diagonal, *links, RELAX, seam, pivots)
        total = float(diagonal.sum() - 2.0 * sum(link.sum() for link in links))
        return cls(diagonal, links, still(pivots), still(seam), total)

    def solve(self, b: Field, guess: Field, *, tolerance: float) -> Field:
        """x (I, J, K) with A x = b, from a guess; `SolverError` when that does not converge."""
        x = np.array(guess, dtype=np.float64, order="C")
        r, z = np.empty(x.shape), np.empty(x.shape)
        factors = (self.pivots, self.seam, *self.links)
        goal = tolerance**2 * _kernels.precondition(*factors, still(b), z)
        _kernels.multiply(self.diagonal, *self.links, still(x), r)
        np.subtract(b, r, out=r)
        size = _kernels.precondition(*factors, still(r), z)
        p = z.copy()
        for _ in range(MOST_ITERATIONS):
            if size <= goal:
                # the best multiple of the constant, in the norm of A: nothing is lost or gained
                return np.asarray(x + r.sum() / self.total)
            if not np.isfinite(size):
                break
            step = size / _kernels.multiply(self.diagonal, *self.links, still(p), z)
            _kernels.descend(step, still(p).ravel(), still(z).ravel(), x.ravel(), r.ravel())
            last, size = size, _kernels.precondition(*factors, still(r), z)
            p *= size / last
            p += z
        raise SolverError(
            f"the solver did not reach a relative residual of {tolerance:g} in at most "
            f"{MOST_ITERATIONS} iterations; are all properties finite and positive?"
        )


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


def still(array: Field) -> Field:
    """A C-contiguous read-only view, as kernels take their inputs."""
    view = np.ascontiguousarray(array, dtype=np.float64).view()
    view.flags.writeable = False
    return view
