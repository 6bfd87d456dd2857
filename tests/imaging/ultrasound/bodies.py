"""A small patient for the probe: a block of muscle, with a plate of bone and a sac where asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube
from needle_sim.volume.volume import Volume, axis_aligned

BACK_MM = 60.0  # the last voxel of the flat back, posterior of the origin; its face is 0.5 farther
FRONT_OF_PLATE_MM, BACK_OF_PLATE_MM = 20.0, 26.0


@dataclass(frozen=True)
class Box:
    """A box with its exact signed distance."""

    low: np.ndarray
    high: np.ndarray

    def distance_mm(self, points_mm):
        away = np.abs(points_mm - (self.low + self.high) / 2) - (self.high - self.low) / 2
        outside = np.linalg.norm(np.maximum(away, 0.0), axis=1)
        return outside + np.minimum(away.max(axis=1), 0.0)

    @property
    def box_mm(self):
        return np.stack([self.low, self.high])


def block(*, gap_mm: tuple[float, float] | None = None, side_mm: int = 60) -> Anatomy:
    """Muscle up to a flat back at y = 60 mm, in voxels of 2 mm.

    ``gap_mm`` puts a plate of bone across the way at y = 20 to 26 mm, open between two heights, and
    a sac of radius 6 mm before it, along z.
    """
    place = axis_aligned((2.0, 2.0, 2.0), (-side_mm, -40.0, -side_mm))
    labels = np.zeros((side_mm + 1, 66, side_mm + 1), dtype=np.uint16)
    labels[:, -40.0 + 2.0 * np.arange(66) <= BACK_MM, :] = label("muscle")
    ct = Volume(np.where(labels > 0, 50, -1000).astype(np.int16), place)
    bones, structures = {}, {}
    if gap_mm is not None:
        ends = {"lower": (-side_mm, gap_mm[0]), "upper": (gap_mm[1], side_mm)}
        bones = {
            name: Box(
                np.array([-50.0, FRONT_OF_PLATE_MM, low]), np.array([50.0, BACK_OF_PLATE_MM, high])
            )
            for name, (low, high) in ends.items()
        }
        sac = Tube(np.array([[0.0, 8.0, -70.0], [0.0, 8.0, 70.0]]), np.array([6.0, 6.0]))
        structures = {"dura": Structure("dura", "dura", (sac,), "constructed")}
    volume = Volume(labels, place, "label")
    return Anatomy("block", ct, volume, bones=bones, structures=structures)
