"""`Evidence`: what a label shows of the surface of a bone, for a model to be fitted to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.surface import LabelSurface

Points = NDArray[np.float64]

SATURATED_MM = 4.0
"""In the band about a label, distances count as this at most (proposed)."""

_BAND_MM, _FAR_MM = 7.0, 14.0
_BLOCK_MM = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of the surface of a bone.

    Parameters
    ----------
    points_mm : (P, 3) array
        In the patient.
    wanted_mm, limit_mm : (P,) arrays
        Distance that the model should have there, and where that of the model saturates.
    anchors_mm : (A, 3) array
        Where the model's anchors should come to lie.
    anchor_weight : (A, 3, 3) array
        What a millimetre off counts, in units of how well each of them is known that way.
    weight : float
        How many points each one stands for.
    """

    points_mm: Points
    wanted_mm: Points
    limit_mm: Points
    anchors_mm: Points
    anchor_weight: Points
    weight: float = 1.0

    def thinned(self, step: int) -> Evidence:
        """Every so many points, weighed accordingly."""
        return replace(
            self,
            points_mm=self.points_mm[::step],
            wanted_mm=self.wanted_mm[::step],
            limit_mm=self.limit_mm[::step],
            weight=self.weight * step,
        )

    def loose(self) -> Evidence:
        """Without anchors."""
        return replace(self, anchors_mm=np.zeros((0, 3)), anchor_weight=np.zeros((0, 3, 3)))


def evidence_of(
    surface: LabelSurface, near_mm: Points, anchors_mm: Points, anchor_weight: Points
) -> Evidence:
    """The label's surface points, and the band ``near_mm`` (Q, 3) where both distances saturate."""
    limit = np.repeat([np.inf, SATURATED_MM], [len(surface.points_mm), len(near_mm)])
    label = np.concatenate([np.zeros(len(surface.points_mm)), surface.distance_mm(near_mm)])
    points = np.concatenate([surface.points_mm, near_mm])
    order = _block_by_block(points)
    label, limit = np.clip(label, -limit, limit)[order], limit[order]
    return Evidence(points[order], label, limit, anchors_mm, anchor_weight)


def _block_by_block(points: Points) -> NDArray[np.intp]:
    """An order (P,) in which points that follow one another lie together: a shape's distance is
    worked out sooner for them."""
    block = np.floor(points / _BLOCK_MM).astype(np.int64)
    return np.lexsort((*points.T, *block.T))


def band(surface: LabelSurface) -> Points:
    """Grid points (Q, 3) about 4 mm apart within 7 mm of the label's surface, 8 mm beyond."""
    part = surface.part
    steps = [max(1, round(4.0 / float(step))) for step in part.spacing_mm]
    axes = [np.arange(0, n, step) for n, step in zip(part.shape, steps, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    index = index[(index // steps).sum(axis=1) % 2 == 0]
    points = part.patient_from_voxel.apply(index)
    far = np.abs(surface.distance_mm(points))
    sparse = (index // steps % 2 == 0).all(axis=1)
    return np.asarray(points[(far < _BAND_MM) | ((far < _FAR_MM) & sparse)])
