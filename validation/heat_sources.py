"""Heat from Gaussian and point sources after 60 s, through the same solver as a lesion.

Grids, sources and the bound of 0.5 % are those of ``tests/thermal/test_pennes.py``; the analytic
values follow from the formulas named there (1 W, Gaussian of 2 mm at its centre, point at 5 mm).
"""

from __future__ import annotations

import numpy as np

from needle_sim.thermal.pennes import diffuse
from tests.thermal.test_pennes import (
    BLOOD,
    MUSCLE_CAPACITY,
    MUSCLE_K,
    about_a_point,
    medium,
    point_w_m3,
    source_w_m3,
)


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a bound is broken."""
    broken = 0
    grid = about_a_point()
    r2 = (grid.points_mm() ** 2).sum(axis=-1)
    gaussian = source_w_m3(grid, np.exp(-r2 / (2 * 2.0**2)))
    for perfusion, exact in ((0.0, 35.6457), (BLOOD, 35.1964)):
        body = medium(grid, MUSCLE_K, MUSCLE_CAPACITY, perfusion)
        rise = diffuse(body, 37.0, gaussian, dt_s=0.5, steps=120) - 37.0
        found = float(grid.interpolate(rise, [[0.0, 0.0, 0.0]])[0])
        broken += _row("Gaussian 2 mm, centre", perfusion, found, exact)
    fine = about_a_point(0.15, 1.03)
    for perfusion, exact in ((0.0, 6.83766), (BLOOD, 6.67300)):
        body = medium(fine, perfusion=perfusion)
        rise = diffuse(body, 37.0, point_w_m3(fine), dt_s=0.5, steps=120) - 37.0
        found = float(fine.interpolate(rise, [[5.0, 0.0, 0.0]])[0])
        broken += _row("point, 5 mm", perfusion, found, exact)
    return 1 if broken else 0


def _row(name: str, perfusion: float, found: float, exact: float) -> bool:
    error = 100 * (found / exact - 1)
    blood = "perfused" if perfusion else "no blood"
    print(f"{name:22} {blood}: {found:.4f} °C, exact {exact:.4f} ({error:+.3f} %)")
    return bool(abs(error) > 0.5)
