"""The electric field of an electrode, and the heat that it makes.

Quasi-static: at 460-500 kHz the wavelength in tissue is metres, so div(sigma grad phi) = 0. The
metal is at one potential, its insulated part passes no current, and the outer faces of the grid
are the return electrode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import SolverError
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Field, Grid
from needle_sim.thermal.stencil import Stencil, row_sums, walls

SIGMA_PER_C = 0.02
"""Relative rise of tissue conductivity a degree: 1.82 +- 0.28 %/°C measured in bovine liver, 2 %
usual in RF models (Kumru 2023, doi:10.1115/1.4056516, for muscle about 1.8 %)."""

VAPOUR_C = 100.0
VAPOUR_SPAN_C = 5.0
VAPOUR_DECADES = 2.0
"""Dry tissue, above 100 °C, blocks the current: two decades over 5 °C (proposed)."""

TOLERANCE = 1e-6


def sigma_factor(temperature_c: ArrayLike) -> Field:
    """Electric conductivity (...) relative to that at 37 °C."""
    celsius = np.asarray(temperature_c, dtype=np.float64)
    wet = 1.0 + SIGMA_PER_C * (np.minimum(celsius, VAPOUR_C) - 37.0)
    dry = np.clip((celsius - VAPOUR_C) / VAPOUR_SPAN_C, 0.0, 1.0)
    return np.asarray(np.maximum(wet, 0.1) * 10.0 ** (-VAPOUR_DECADES * dry))


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """The field at 1 V.

    Parameters
    ----------
    volt : (I, J, K) array
        Potential; 1 in the metal, 0 at the return electrode.
    conductance_s : float, S
        Current at 1 V.
    heat_w : (I, J, K) array, W
        Power in each cell at 1 W in total.
    """

    volt: Field
    conductance_s: float
    heat_w: Field


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """The geometry of current from an electrode on a grid: length over area of each half cell."""

    grid: Grid
    metal: NDArray[np.bool_]
    behind: tuple[Field, Field, Field]  # 1/m, of the cell behind each face, 0 in metal
    ahead: tuple[Field, Field, Field]
    closed: tuple[NDArray[np.bool_], ...]  # faces that pass no current

    @classmethod
    def of(cls, grid: Grid, electrode: Electrode) -> Circuit:
        """Half resistances with the distance to the true surface of the metal, not to its cells."""
        metal = electrode.metal(grid)
        bare = grid.edges[2][:-1] >= -electrode.active_tip_mm - 1e-9
        behind, ahead, closed = [], [], []
        for axis in range(3):
            low, high = (np.array(np.broadcast_to(one, grid.shape)) for one in grid.halves(axis))
            high, before = np.roll(high, 1, axis=axis), np.roll(metal, 1, axis=axis)
            if axis != 1:
                _to_surface(grid, electrode, axis, low, high)
            low[metal], high[before] = 0.0, 0.0
            shut = (metal & before) | ((metal != before) & ~bare)
            if axis != 1 or grid.shape[1] == 1:
                shut[tuple(slice(0, 1) if a == axis else slice(None) for a in range(3))] = True
            behind.append(high)
            ahead.append(low)
            closed.append(shut)
        return cls(
            grid,
            metal,
            (behind[0], behind[1], behind[2]),
            (ahead[0], ahead[1], ahead[2]),
            tuple(closed),
        )

    def solve(self, sigma_s_m: Field, guess: Field | None = None) -> Potential:
        """The field in conductivities (I, J, K); ``guess`` is an earlier ``volt``."""
        resistivity = 1.0 / sigma_s_m
        links, shares = self._links(resistivity)
        outer = self._outer(sigma_s_m)
        diagonal = np.where(self.metal, 1.0, row_sums(links) + outer)
        b = self.metal.astype(np.float64)
        inner = []
        for axis, link in enumerate(links):
            before = np.roll(self.metal, 1, axis=axis)
            b += np.where(before & ~self.metal, link, 0.0)
            b += np.roll(np.where(self.metal & ~before, link, 0.0), -1, axis=axis)
            inner.append(np.where(before | self.metal, 0.0, link))
        stencil = Stencil.build(diagonal, (inner[0], inner[1], inner[2]))
        start = self.metal.astype(np.float64) if guess is None else guess
        volt = stencil.solve(b, start, tolerance=TOLERANCE)
        return self._power(volt, links, shares, outer)

    def _links(
        self, resistivity: Field
    ) -> tuple[tuple[Field, Field, Field], tuple[Field, Field, Field]]:
        """Conductance of each face, S, and the share of its resistance in the cell behind."""
        links, shares = [], []
        for axis in range(3):
            behind = self.behind[axis] * np.roll(resistivity, 1, axis=axis)
            whole = behind + self.ahead[axis] * resistivity
            whole[self.closed[axis]] = np.inf
            links.append(1.0 / whole)
            shares.append(behind / whole)
        return (links[0], links[1], links[2]), (shares[0], shares[1], shares[2])

    def _outer(self, sigma_s_m: Field) -> Field:
        return np.where(self.metal, 0.0, walls(self.grid, sigma_s_m))

    def _power(
        self,
        volt: Field,
        links: tuple[Field, Field, Field],
        shares: tuple[Field, Field, Field],
        outer: Field,
    ) -> Potential:
        heat = outer * volt**2
        for axis, (link, share) in enumerate(zip(links, shares, strict=True)):
            face = link * (volt - np.roll(volt, 1, axis=axis)) ** 2
            heat += (1.0 - share) * face + np.roll(share * face, -1, axis=axis)
        conductance = float(heat.sum())  # at 1 V: power = V2 G
        if not (np.isfinite(conductance) and conductance > 0):
            raise SolverError(f"the electrode passes no current: conductance {conductance} S")
        return Potential(volt, conductance, heat / conductance)


def _to_surface(grid: Grid, electrode: Electrode, axis: int, low: Field, high: Field) -> None:
    """Shorten the tissue half of each face between tissue and metal to the true surface."""
    r, _, z = grid.centres
    r_mm, z_mm = np.broadcast_arrays(r[:, None], z[None, :])
    plane = 0 if axis == 0 else 1
    first = (slice(1, None), slice(None)) if plane == 0 else (slice(None), slice(1, None))
    other = (slice(0, -1), slice(None)) if plane == 0 else (slice(None), slice(0, -1))
    metal = electrode.inside(r_mm, z_mm)
    for tissue, near, halves in ((first, other, low), (other, first, high)):
        cut = ~metal[tissue] & metal[near]
        at = (r_mm[tissue][cut], z_mm[tissue][cut])
        share = np.maximum(electrode.gap(*at, r_mm[near][cut], z_mm[near][cut]), 0.02)
        if axis == 0:
            surface = at[0] + share * (r_mm[near][cut] - at[0])
            length = np.abs(np.log(at[0] / surface))
        else:
            length = share * np.abs(z_mm[near][cut] - at[1])
        # at a face the arrays are indexed by the cell ahead of it
        rows, columns = np.nonzero(cut)
        i, k = (rows + 1, columns) if plane == 0 else (rows, columns + 1)
        turn, depth = np.diff(grid.edges[1]), np.diff(grid.edges[2])
        if axis == 0:
            halves[i, :, k] = (length / depth[k])[:, None] / turn * 1e3
        else:
            area = 0.5 * np.diff(grid.edges[0] ** 2)[i]
            halves[i, :, k] = (length / area)[:, None] / turn * 1e3
