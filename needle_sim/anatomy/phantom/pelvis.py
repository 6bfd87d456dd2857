"""`Pelvis`: the muscles on the iliac wings, iliacus inside and the glutei outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom import _kernels
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.ilium import wing_edges
from needle_sim.anatomy.phantom.room import Within, chain, place
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.voxelise import Canvas, in_threads, ripple
from needle_sim.anatomy.tissue import MOST_LABELS, family_labels, label, tissues
from needle_sim.geometry.shapes import Implicit

_Field = NDArray[np.floating[Any]]
_GLUTEI_MM, _ILIACUS_MM = 50.0, 19.0  # greatest thickness on the wing (model choice)
_LATERAL_MM = 190.0  # no glutei beyond
_ROUND_MM = 14.0  # edges of the glutei
_SLANT = 0.68  # of the wing to the y axis: across the wing over along y


@dataclass(frozen=True, slots=True)
class Pelvis:
    """Iliacus, gluteus medius and maximus, slice by slice around the line of the wing."""

    column: Column
    sacrum: Mapping[str, float]

    def paint(self, canvas: Canvas) -> None:
        """Fill the slices under the crest; bones are painted over it later."""
        body = self.column.bodies["S1"]
        edges = wing_edges(self.column.vertebrae["S1"], self.sacrum, "left")
        crest, base = (_denser(body.apply(edge) - [body.matrix[0, 3], 0.0, 0.0]) for edge in edges)
        x, y, z = (canvas.axis_mm(axis).astype(np.float32) for axis in range(3))
        middle = float(body.matrix[0, 3])
        beside = np.abs(x - np.float32(middle))
        muscle = label("muscle")
        free = np.zeros(MOST_LABELS, dtype=bool)
        free[list(family_labels("fat", "muscle"))] = True

        def slab(i: int) -> None:
            fall = float(crest[:, 2].max() - z[i])
            if fall < 4.0:
                return
            line = _line(crest, base, float(z[i]))
            rows = slice(*np.searchsorted(y, _span(line)))
            ends = line[0, 0], line[-1, 0], line[-1, 1]
            _kernels.wing_muscles(
                canvas.hu[i, rows], canvas.labels[i, rows], free,
                ripple(x[None, :], y[rows, None], z[i]), y[rows], _wing(line, fall, beside), ends,
                _SLANT, _ROUND_MM, canvas.voxel_mm, tissues()[muscle].hu, muscle,
            )  # fmt: skip

        in_threads(slab, canvas.shape[0])


def _denser(edge: _Field) -> _Field:
    """Points about 1 mm apart, so that no slice gains or loses a step of the wing."""
    at = np.linspace(0.0, len(edge) - 1.0, 24 * len(edge))
    steps = np.arange(len(edge))
    return np.stack([np.interp(at, steps, one) for one in edge.T], axis=1)


def glutei_maximi(column: Column, trunk: Trunk) -> Iterator[Within]:
    """From sacrum and hip bone outwards and down to the thigh, under the fat of the buttock."""
    fat = trunk.sizes["skin_mm"] + trunk.sizes["subcutis_back_mm"] + 4.0

    def limit(points: _Field, depth: _Field) -> _Field:
        return np.asarray(np.maximum(depth, trunk.skin_mm(points) + fat))

    for sign in (1.0, -1.0):
        knots = [
            (place(column, "S1", sign * 42.0, 48.0, -18.0), (9.0, 20.0)),
            (place(column, "S1", sign * 58.0, 50.0, -52.0), (20.0, 38.0)),
            (place(column, "S1", sign * 92.0, 36.0, -92.0), (24.0, 46.0)),
            (place(column, "S1", sign * 124.0, 14.0, -132.0), (24.0, 44.0)),
        ]
        rows = chain(knots, 6.0, across=np.array([0.35 * sign, 1.0, 0.0]))
        yield Within(Implicit.of(rows), limit)


def _line(crest: _Field, base: _Field, z: float) -> _Field:
    """Lateral, posterior and height of the crest above (N, 3) along the wing, medial end first.

    Only the part of the wing whose crest is higher than ``z``.
    """
    share = np.clip((crest[:, 2] - z) / (crest[:, 2] - base[:, 2]), 0.0, 1.6)
    points = crest + share[:, None] * (base - crest)
    line = np.stack([np.abs(points[:, 0]), points[:, 1], crest[:, 2] - z], axis=1)
    line = line[line[:, 2] > 0.0]
    return np.asarray(line[np.argsort(line[:, 0])])


def _span(line: _Field) -> tuple[float, float]:
    """From where to where (y) the muscles on a wing can reach."""
    beyond = 1.2 * max(_LATERAL_MM + 40.0 - float(line[-1, 0]), 0.0)
    low, high = float(line[:, 1].min()) - beyond, float(line[:, 1].max())
    return low - _ILIACUS_MM / _SLANT - 8.0, high + _GLUTEI_MM / _SLANT + 8.0


def _wing(line: _Field, fall: float, aside: _Field) -> _Field:
    """What `_kernels.wing_muscles` is told of each column (5, K)."""
    first, last = line[0], line[-1]
    at: _Field = np.interp(aside, line[:, 0], line[:, 1]) - 1.2 * np.maximum(aside - last[0], 0.0)
    under = np.interp(aside, line[:, 0], line[:, 2])
    outer: _Field = np.clip(0.6 * fall + 0.25 * under, 0.0, _GLUTEI_MM)
    outer = outer * np.clip((aside - first[0] + 25.0) / 55.0, 0.25, 1.0)
    outer = outer * np.clip((last[0] + 58.0 - aside) / 62.0, 0.6, 1.0)  # thinner at both ends
    inner: _Field = np.clip(0.7 * under, 0.0, _ILIACUS_MM)
    medial: _Field = np.maximum(first[0] - 6.0 - aside, 0.25 * (aside - _LATERAL_MM))
    return np.stack([aside, at, outer, inner, medial])
