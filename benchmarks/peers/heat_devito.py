"""Heat in a box of tissue: ours, implicit, beside an explicit stencil that Devito compiles to C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from devito import Eq, Function, Grid, Operator, TimeFunction, configuration
from numpy.typing import NDArray

from benchmarks.peers.row import Row, compare, say
from needle_sim.jit import set_threads
from needle_sim.thermal.grid import uniform_box
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.pennes import diffuse
from needle_sim.thermal.stencil import series

Floats = NDArray[np.float64]
WIDTH_MM, CELLS, TIME_S, OURS_DT_S = 32.0, 64, 60.0, 2.0
CONDUCTIVITY, CAPACITY = 0.49, 1090.0 * 3421.0  # muscle
SOURCE_W, SOURCE_M = 1.0, 2e-3


def rows() -> Iterator[Row]:
    set_threads(1)
    configuration["log-level"] = "ERROR"
    configuration["language"] = "C"  # one thread
    grid = uniform_box(WIDTH_MM, CELLS)
    radius2_m2 = (grid.points_mm() ** 2).sum(axis=-1) * 1e-6
    heat = np.exp(-radius2_m2 / (2 * SOURCE_M**2)) * SOURCE_W / (2 * np.pi * SOURCE_M**2) ** 1.5
    near = radius2_m2 < (8e-3) ** 2  # far from the walls
    one = HeatMedium(grid, CONDUCTIVITY, CAPACITY, 0.0, 0.4)
    yield _compared("one tissue, against its formula", one, heat, _rise(radius2_m2), near)
    layer = (np.arange(CELLS) // 6 % 3)[:, None, None] + np.zeros(grid.shape, dtype=int)
    columns = (0.49, 0.21, 0.32), (3.7e6, 2.1e6, 2.5e6), (2553.0, 1900.0, 300.0)
    layered = HeatMedium(grid, *(np.array(column)[layer] for column in columns), 0.4)
    exact = diffuse(layered, 37.0, heat, dt_s=0.1, steps=round(TIME_S / 0.1)) - 37.0
    yield _compared("three tissues in layers, against steps of 0.1 s", layered, heat, exact, near)


def _compared(
    told: str, medium: HeatMedium, heat: Floats, exact: Floats, near: NDArray[np.bool_]
) -> Row:
    def off(rise: Floats) -> float:
        return float(np.abs(rise - exact)[near].max())

    theirs, theirs_steps = _explicit(medium, heat)
    ours_steps = round(TIME_S / OURS_DT_S)
    return compare(
        "devito",
        f"{TIME_S:g} s of {CELLS} cubed cells of {WIDTH_MM / CELLS:g} mm, {told}",
        ours=partial(diffuse, medium, 37.0, heat, dt_s=OURS_DT_S, steps=ours_steps),
        theirs=theirs,
        ours_error=lambda found: off(found - 37.0),
        theirs_error=off,
        what="°C, largest within 8 mm",
        rounds=3,
        remark=f"{ours_steps} implicit steps against {theirs_steps} explicit ones",
    )


def _rise(radius2_m2: Floats) -> Floats:
    """Rise of an endless medium under a Gaussian source: a sum of Gaussians over the time."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    root = 0.5 * np.sqrt(TIME_S) * (nodes + 1)  # of the time since: the sum is smooth in it
    total = np.zeros(radius2_m2.shape)
    for since, weight in zip(root, weights, strict=True):
        spread2 = SOURCE_M**2 + 2 * CONDUCTIVITY / CAPACITY * since**2
        width_s = 0.5 * np.sqrt(TIME_S) * weight * 2 * since
        total += width_s * np.exp(-radius2_m2 / (2 * spread2)) / (2 * np.pi * spread2) ** 1.5
    return SOURCE_W / CAPACITY * total


def _explicit(medium: HeatMedium, heat_w_m3: Floats) -> tuple[Callable[[], Floats], int]:
    """Forward Euler at the longest stable step; two half cells in series at each face."""
    steps = int(np.ceil(TIME_S / medium.explicit_dt_s))
    grid = Grid(shape=medium.grid.shape, dtype=np.float64)
    rise = TimeFunction(name="rise", grid=grid, space_order=2)
    time, dt = grid.stepping_dim, grid.stepping_dim.spacing
    here = (time, *grid.dimensions)
    capacity_j_k = medium.capacity_j_m3k * medium.grid.volume_mm3 * 1e-9

    def known(name: str, values: Floats) -> Function:
        one = Function(name=name, grid=grid, space_order=2)
        one.data[:] = values
        return one

    flow = 0
    for axis, link in enumerate(series(medium.grid, medium.conductivity_w_mk)):
        face, step = known(f"link{axis}", link), grid.dimensions[axis]
        ahead = tuple(d + 1 if d is step else d for d in here)
        before = tuple(d - 1 if d is step else d for d in here)
        flow += face[ahead[1:]] * (rise[ahead] - rise[here])
        flow += face[here[1:]] * (rise[before] - rise[here])
    gain = known("source", heat_w_m3 / medium.capacity_j_m3k)
    loss = known("sink", medium.perfusion_w_m3k / medium.capacity_j_m3k)
    held = known("held", 1 / capacity_j_k)
    update = rise[here] + dt * (
        held[here[1:]] * flow + gain[here[1:]] - loss[here[1:]] * rise[here]
    )
    operator = Operator([Eq(rise.forward, update)])

    def work() -> Floats:
        rise.data_with_halo[:] = 0.0
        operator.apply(time_m=0, time_M=steps - 1, dt=TIME_S / steps)
        return np.array(rise.data[steps % 2])

    return work, steps


if __name__ == "__main__":
    say(rows())
