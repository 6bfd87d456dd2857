"""`fit`: the numbers of the model of scatter, fitted to the Monte Carlo behind water."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from needle_sim.imaging.xray import scatter
from needle_sim.imaging.xray.scattering.cross import Model, cross
from validation.scatter.cases import BEAMS, FITTED, NO_GRID, PANEL, of_slab, opened, ours, paths_of

Floats = NDArray[np.float64]


def fit(*, histories: int) -> int:
    """Print the fitted numbers and how far off the worst case stays."""
    shipped = cross()
    wanted = [one.simulated for case in FITTED for one in of_slab(case, histories=histories)]
    known = [(case, paths_of(case), opened(case)) for case in FITTED]

    def off(numbers: Floats) -> Floats:
        model = Model(*(float(one) for one in numbers))
        scatter.cross = lambda: replace(shipped, model=model)  # type: ignore[attr-defined]
        made = [
            ours(paths, BEAMS[case.beam], panel, field, 1.0)
            for case, paths, field in known
            for panel in (NO_GRID, PANEL)
        ]
        return np.asarray(made) / np.asarray(wanted) - 1.0

    start = list(asdict(shipped.model).values())
    least, most = [0.1, 0.5, 0.0, 0.6, -0.5, 0.8], [4.0, 1.8, 1.0, 1.6, 5.0, 1.0]
    found = optimize.least_squares(off, start, bounds=(least, most), diff_step=0.02, max_nfev=15)
    scatter.cross = cross  # type: ignore[attr-defined]
    for name, value in zip(asdict(shipped.model), found.x, strict=True):
        print(f"{name} = {value:.3f}")
    print(f"worst {np.abs(found.fun).max():.3f}, rms {np.sqrt((found.fun**2).mean()):.3f}")
    return 0
