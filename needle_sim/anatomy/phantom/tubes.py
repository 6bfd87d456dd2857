"""What sac, nerves and vessels are painted with: unions of tubes, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Structure, StructureKind
from needle_sim.anatomy.named_tissue import tissue_of_structure
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm

_SPAN = 10  # knots that are painted at once: small boxes are quick
DURA_MM = 0.35
"""Thickness of the dura, 0.27-0.40 mm (texts, from memory)."""
_RING_VOXELS = 0.6  # the outermost voxels of the sac are called dura, though it is thinner
_PAINTED: tuple[StructureKind, ...] = (
    *("vessel", "sympathetic", "dura", "cauda_equina", "cord"),
    *("root", "ganglion", "lateral_branch", "medial_branch"),
)
"""Nerves and vessels in the order they are painted."""


@dataclass(frozen=True, slots=True, eq=False)
class Tubes:
    """A union of tubes that can be painted."""

    tubes: tuple[Tube, ...]

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3)."""
        return distance_to_tubes_mm(points_mm, self.tubes)

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3)."""
        reach = [tube.radius_mm.max() for tube in self.tubes]
        low = np.min([t.points_mm.min(0) - r for t, r in zip(self.tubes, reach, strict=True)], 0)
        high = np.max([t.points_mm.max(0) + r for t, r in zip(self.tubes, reach, strict=True)], 0)
        return np.stack([low, high])


class TubeLayer(NamedTuple):
    """A tissue, the short tubes that it fills, and other HU."""

    tissue: str
    shape: Tubes
    hu: float | None = None


def paint_tubes(canvas: Canvas, named: Mapping[str, Structure]) -> None:
    """Paint vessels, sac and nerves."""
    for one in tube_layers(named, canvas.voxel_mm):
        canvas.paint_tubes(one.shape.tubes, one.tissue, hu=one.hu)


def tube_layers(named: Mapping[str, Structure], voxel_mm: float) -> Iterator[TubeLayer]:
    """Vessels, the sac with what it holds, roots, then the finer nerves."""
    for one in sorted(named.values(), key=lambda one: _PAINTED.index(one.kind)):
        if one.kind == "dura":
            yield from _sac(one, voxel_mm)
        else:
            for tube in one.tubes:
                for part in _spans((tube,)):
                    yield TubeLayer(tissue_of_structure(one), Tubes(part))


def _sac(dura: Structure, voxel_mm: float) -> Iterator[TubeLayer]:
    """Its membrane as a ring of voxels (their HU that of a thinner one), and the fluid in it."""
    ring = max(DURA_MM, _RING_VOXELS * voxel_mm)
    fluid, wall = tissues()[label("csf")].hu, tissues()[label("dura")].hu
    inner = tuple(Tube(t.points_mm, np.maximum(t.radius_mm - ring, 0.1)) for t in dura.tubes)
    for part in _spans(dura.tubes):
        yield TubeLayer("dura", Tubes(part), hu=fluid + DURA_MM / ring * (wall - fluid))
    for part in _spans(inner):
        yield TubeLayer("csf", Tubes(part))


def _spans(tubes: Sequence[Tube]) -> Iterator[tuple[Tube, ...]]:
    """The same tubes, which run side by side, a few knots at a time."""
    for n in range(0, len(tubes[0].points_mm) - 1, _SPAN):
        part = slice(n, n + _SPAN + 1)
        yield tuple(Tube(t.points_mm[part], t.radius_mm[part]) for t in tubes)
