"""The heat solver beside SciPy's sparse one: layered tissue in a box, and rings about a needle."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.pair import Pair, Size
from benchmarks.reference.heat import Cells, box_cells, marched
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.field import Circuit
from needle_sim.thermal.grid import uniform_box
from needle_sim.thermal.medium import HeatMedium, homogeneous
from needle_sim.thermal.pennes import Body, diffuse, second_base
from needle_sim.thermal.spacing import Spacing

Floats = NDArray[np.float64]
STEPS, DT_S = 10, 0.5
WATT = 3.0
COARSE = Spacing(near_mm=0.3, growth=1.3, far_mm=4.0, reach_mm=36.0, sectors=8)
LIMIT_C = 0.01  # both solvers stop at a residual; a rise here is some 20 to 40 °C


def largest_c(ours: Floats, theirs: Floats) -> float:
    return float(np.abs(ours - theirs).max())


def pairs(size: Size) -> Iterator[Pair]:
    for cells in size.pick(smoke=[32], full=[32, 64, 96]):
        yield _box(cells)
    for spacing in size.pick(smoke=[COARSE], full=[COARSE, Spacing()]):
        yield _about_a_needle(spacing)


def _box(cells: int) -> Pair:
    """Cubes of 1 mm: muscle, fat and bone in layers, a Gaussian source in the middle."""
    grid = uniform_box(float(cells), cells)
    layer = (np.arange(cells) // 6 % 3)[:, None, None] + np.zeros(grid.shape, dtype=int)
    conductivity, capacity, perfusion = (
        np.array(row)[layer]
        for row in ((0.49, 0.21, 0.32), (3.7e6, 2.1e6, 2.5e6), (2553.0, 1900.0, 300.0))
    )
    medium = HeatMedium(grid, conductivity, capacity, perfusion, 0.4)
    heat_w_m3 = 2e6 * np.exp(-(grid.points_mm() ** 2).sum(axis=-1) / 50)

    def reference() -> Floats:
        body = box_cells(1e-3, conductivity, capacity, perfusion)
        rise = marched(body, np.zeros(grid.shape), heat_w_m3 * 1e-9, dt_s=DT_S, steps=STEPS)
        return rise + medium.blood_c

    return Pair(
        name=f"{STEPS} implicit steps, {cells} cubed; SciPy CSR, conjugate gradients",
        ours=partial(diffuse, medium, medium.blood_c, heat_w_m3, dt_s=DT_S, steps=STEPS),
        reference=reference,
        accuracy=largest_c,
        limit=LIMIT_C,
        unit="°C",
    )


def _about_a_needle(spacing: Spacing) -> Pair:
    """Rings about an 18 G cannula of steel in muscle, with the heat of its own field."""
    path = Trajectory.straight([0.0, 0.0, -100.0], [0.0, 0.0, 0.0])
    placed = PlacedNeedle(Needle.preset("rf_18g_10mm"), path)
    medium = homogeneous("muscle", placed, spacing=spacing)
    circuit = Circuit.of(medium.grid, Electrode.of(placed.needle))
    body = Body.of(medium, circuit.metal, "insulated")
    heat_w = WATT * circuit.solve(medium.sigma_s_m).heat_w
    still, cells = np.zeros(medium.grid.shape), Cells(body.mass, body.links, body.sink)
    told = " x ".join(str(n) for n in medium.grid.shape)
    return Pair(
        name=f"{STEPS} implicit steps about a needle, {told}; SciPy CSR, conjugate gradients",
        ours=partial(_steps, body, heat_w, still),
        reference=partial(marched, cells, still, heat_w, dt_s=DT_S, steps=STEPS),
        accuracy=largest_c,
        limit=LIMIT_C,
        unit="°C",
    )


def _steps(body: Body, heat_w: Floats, rise: Floats) -> Floats:
    matrix = body.matrix(DT_S)
    for _ in range(STEPS):
        first = body.stage(matrix, DT_S, rise, heat_w, rise)
        rise = body.stage(matrix, DT_S, second_base(rise, first), heat_w, first)
    return rise
