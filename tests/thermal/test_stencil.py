import numpy as np
import pytest

from needle_sim.errors import SolverError
from needle_sim.thermal import _kernels
from needle_sim.thermal.grid import Grid, uniform_box
from needle_sim.thermal.stencil import Stencil, row_sums, series, still


def system(kind, seed=0):
    """A heat-like system with strong contrast and its dense matrix."""
    rng = np.random.default_rng(seed)
    if kind == "box":
        grid = uniform_box(6.0, 4)
    else:
        radius = np.array([0.0, 0.3, 0.7, 1.5, 4.0])
        turn = np.linspace(0, 2 * np.pi, 6)
        grid = Grid((radius, turn, np.linspace(-3.0, 3.0, 5)), "ring")
    links = series(grid, 10.0 ** rng.uniform(-2, 1, grid.shape))
    diagonal = row_sums(links) + 1e-4 * rng.uniform(1, 2, grid.shape)
    dense = np.diag(diagonal.ravel())
    index = np.arange(diagonal.size).reshape(diagonal.shape)
    for axis, link in enumerate(links):
        for here, before, g in zip(
            index.ravel(), np.roll(index, 1, axis=axis).ravel(), link.ravel(), strict=True
        ):
            dense[here, before] -= g
            dense[before, here] -= g
    return grid, diagonal, links, dense


@pytest.mark.kernel
@pytest.mark.parametrize("kind", ["box", "ring"])
def test_the_solution_is_that_of_a_dense_solver(kind):
    _, diagonal, links, dense = system(kind)
    b = np.random.default_rng(3).normal(size=diagonal.shape)

    x = Stencil.build(diagonal, links).solve(b, np.zeros_like(b), tolerance=1e-13)

    expected = np.linalg.solve(dense, b.ravel()).reshape(b.shape)
    assert np.abs(x - expected).max() <= 1e-9 * np.abs(expected).max()


@pytest.mark.kernel
@pytest.mark.parametrize("kind", ["box", "ring"])
def test_a_loose_solution_still_loses_nothing(kind):
    _, diagonal, links, dense = system(kind)
    b = np.random.default_rng(3).uniform(0, 1, diagonal.shape)

    x = Stencil.build(diagonal, links).solve(b, np.zeros_like(b), tolerance=0.3)

    product = (dense @ x.ravel()).reshape(b.shape)
    assert np.abs(product - b).max() > 1e-3 * b.max()  # loose indeed
    assert product.sum() == pytest.approx(b.sum(), rel=1e-10)


@pytest.mark.kernel
def test_a_closed_ring_is_solved_at_once():
    grid = Grid((np.array([0.0, 1.0]), np.linspace(0, 2 * np.pi, 10), np.array([0.0, 1.0])), "ring")
    links = series(grid, np.random.default_rng(0).uniform(0.5, 2, grid.shape))
    stencil = Stencil.build(row_sums(links) + 1e-6, links)
    b = np.random.default_rng(1).normal(size=grid.shape)
    z = np.empty(grid.shape)
    _kernels.precondition(stencil.pivots, stencil.seam, *stencil.links, still(b), z)

    product = stencil.diagonal * z
    product -= links[1] * np.roll(z, 1, axis=1)
    product -= np.roll(links[1], -1, axis=1) * np.roll(z, -1, axis=1)
    assert np.abs(product - b).max() < 1e-9


@pytest.mark.kernel
def test_a_slab_of_two_layers_is_exact():
    edges = np.linspace(0.0, 4.0, 9)
    grid = Grid((edges, np.array([0.0, 1.0]), np.array([0.0, 1.0])), "box")
    k = np.where(grid.centres[0] < 2.0, 0.5, 0.1)[:, None, None]
    links = series(grid, k)
    outer = np.zeros(grid.shape)
    outer[[0, -1]] = (k / grid.halves(0)[0])[[0, -1]]
    b = np.zeros(grid.shape)
    b[0] = outer[0] * 1.0  # one degree on the left, none on the right

    x = Stencil.build(row_sums(links) + outer, links).solve(b, b, tolerance=1e-14)[:, 0, 0]

    between = 0.5 / (0.5 + 0.1)  # flux continuity: 0.5 (1 - T) = 0.1 T
    z = grid.centres[0]
    expected = np.where(z < 2, 1 - (1 - between) * z / 2, between * (4 - z) / 2)
    assert x == pytest.approx(expected, abs=1e-12)


def test_values_that_are_not_finite_stop_the_solver():
    _, diagonal, links, _ = system("box")
    b = np.full(diagonal.shape, np.nan)
    with pytest.raises(SolverError, match="finite and positive"):
        Stencil.build(diagonal, links).solve(b, np.zeros_like(b), tolerance=1e-6)
