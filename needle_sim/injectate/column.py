"""`Column`: contrast in the dural sac: diluted at once, heavier than the fluid, roots left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.geometry.shapes import Tube
from needle_sim.injectate import around
from needle_sim.injectate.lattice import Cells, Lattice

STEP_MM = 0.8
_DILUTED = 0.35  # of the agent's concentration in the layer at first (proposed)
_LAYER = 0.55  # share of the sac that the heavy fluid takes at the tip's height (proposed)
_MIXED = 0.12  # of the layer's concentration above its level (proposed)
_SPREADING_MM2_S = 22.0  # how fast it runs up and down, about a level in ten seconds (proposed)
_LEAST_MM = 7.0
_LEVEL_MM = 1.0  # softness of the fluid level
_EVEN = 5.0  # cubes over which the level runs past a root
_STRAND_MM = 1.0  # radius of the rootlets of the cauda equina (texts: bundles of 1-2 mm)
_FALLEN_MM = 2.0  # how far they hang down from their middle in a prone patient (proposed)
_SLEEVE_MM, _SLEEVE_LONG_MM = 1.1, 9.0  # cerebrospinal fluid that goes along with a root


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Fluid in the sac: a bell about the tip's height that widens, layered ventrally in prone.

    Parameters
    ----------
    lattice : Lattice
    room : (I, J, K) array
        Share of each cube that is cerebrospinal fluid.
    height_mm : (I,) array
        Height over the tip.
    below : (I, J) array
        Share of a height's fluid that lies ventral of each row of cubes, 0 to 1.
    full_ml_mm : float
        Fluid per length of sac, mL/mm.
    """

    lattice: Lattice
    room: Cells
    height_mm: Cells
    below: Cells
    full_ml_mm: float

    def filled_ml(self, volume_ml: float, since_s: float) -> Cells:
        """Injectate (I, J, K) in each cube, mL; sums to ``volume_ml``.

        At each height it lies under a level that holds it at the first dilution, so that its
        surface is flat where there is much and falls to the wall where it ends.
        """
        if volume_ml <= 0:
            return np.zeros(self.lattice.shape)
        # a bell of this width holds the volume in its layer; then it widens
        layer = _DILUTED * _LAYER * self.full_ml_mm
        first = volume_ml / (layer * np.sqrt(2 * np.pi))
        square = max(first, _LEAST_MM) ** 2 + 2.0 * _SPREADING_MM2_S * max(since_s, 0.0)
        bell = np.exp(-0.5 * self.height_mm**2 / square)
        ventral = _MIXED + (1.0 - _MIXED) * self._under(_LAYER * bell)
        weight = self.room * ventral[:, :, None]
        each = self.room.sum(axis=(1, 2)) * bell
        scale = each / np.maximum(weight.sum(axis=(1, 2)), 1e-12)
        weight *= ndimage.gaussian_filter1d(scale, _EVEN)[:, None, None]
        return np.asarray(weight * (volume_ml / weight.sum()))

    def _under(self, share: Cells) -> Cells:
        """How much (I, J) of each row lies under the level of a share (I,) of the fluid."""
        count = np.arange(self.below.shape[1])
        pairs = zip(share, self.below, strict=True)
        level = np.array([np.interp(part, row, count) for part, row in pairs])
        off = count - ndimage.gaussian_filter1d(level, _EVEN)[:, None]
        return np.asarray(special.expit(-off * self.lattice.step_mm / _LEVEL_MM))


def column(anatomy: Anatomy, sac: Structure, tip_mm: NDArray[np.float64]) -> Column:
    """The sac about a tip (3,), with the rootlets of the cauda equina left out."""
    low, high = around.Pipe(sac).box_mm
    low, high = low - np.array([9.0, 6.0, 0.0]), high + np.array([9.0, 2.0, 0.0])
    half = np.array([60.0, 60.0, 120.0])
    lattice = Lattice.around(
        np.stack([np.maximum(low, tip_mm - half), np.minimum(high, tip_mm + half)]), STEP_MM
    )
    depth = around.distance_mm(lattice, [around.Pipe(sac)], reach_mm=9.0)
    roots = around.distance_mm(
        lattice, around.pipes(anatomy, "root"), wanted=depth < _SLEEVE_LONG_MM, reach_mm=2.5
    )
    sleeve = np.maximum(roots - _SLEEVE_MM, depth - _SLEEVE_LONG_MM)
    fluid = np.maximum(np.minimum(depth, sleeve), -roots)
    strands = Structure("rootlets", "root", tuple(_strands(anatomy, sac)), sac.provenance)
    if strands.tubes:
        inside = around.distance_mm(
            lattice, [around.Pipe(strands)], wanted=fluid < STEP_MM, reach_mm=2.0
        )
        fluid = np.maximum(fluid, -inside)
    room = around.covered(fluid, STEP_MM)
    z = lattice.axes_mm()[2]
    rows = room.sum(axis=2)
    area = rows.sum(axis=1)
    # rows run backwards: the first are the lowest in a prone patient
    below = (np.cumsum(rows, axis=1) - 0.5 * rows) / np.maximum(area, 1e-12)[:, None]
    filled = area * STEP_MM**2 > 1.0
    per_mm = float(area[filled].mean()) * STEP_MM**2 * 1e-3 if filled.any() else 0.1
    return Column(lattice, room, z - tip_mm[2], below, per_mm)


def _strands(anatomy: Anatomy, sac: Structure) -> Iterator[Tube]:
    """Rootlets from where each root leaves the sac, up along its wall towards the cord's end."""
    top = max(float(tube.points_mm[:, 2].max()) for tube in sac.tubes)
    for one in anatomy.structures.values():
        if one.kind != "root":
            continue
        start = one.tubes[0].points_mm[0]
        up = np.linspace(0.0, 110.0, 12)
        z = start[2] + up
        z = z[z < top]
        if len(z) < 2:
            continue
        middle = around.sac_middle(sac, z)
        aside = start[:2] - middle[0]
        shrink = np.exp(-up[: len(z)] / 130.0)[:, None]
        # one behind the other, motor and sensory
        for shift in (-1.0, 1.3):
            place = middle + (aside * 0.72 + [0.0, shift - _FALLEN_MM]) * shrink
            yield Tube(np.column_stack([place, z]), np.full(len(z), _STRAND_MM))
