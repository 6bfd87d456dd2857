"""A block of muscle with whatever is put into it: the plainest patient there can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Implicit, Tube, bar
from needle_sim.volume.volume import Volume, axis_aligned

STEP_MM = 2.0
NERVE = np.stack([np.zeros(61), np.linspace(6, -6, 61), np.zeros(61)], axis=1)


@dataclass(frozen=True)
class Slab:
    """A bone between two corners; distances exact outside, good enough inside."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def distance_mm(self, points_mm):
        middle = (np.array(self.low) + self.high) / 2
        half = (np.array(self.high) - self.low) / 2
        away = np.abs(np.asarray(points_mm) - middle) - half
        outside = np.linalg.norm(np.maximum(away, 0), axis=1)
        return outside + np.minimum(away.max(axis=1), 0)

    @property
    def box_mm(self):
        return np.array([self.low, self.high], dtype=float)


def block(*, structures=(), bones=None, skin_y_mm: float = 60.0) -> Anatomy:
    """160 mm of muscle about the origin with skin at ``skin_y_mm`` behind; bones by voxel too."""
    low = -80.0
    n = int(160 / STEP_MM) + 1
    place = axis_aligned((STEP_MM, STEP_MM, STEP_MM), (low, low, low))
    axis = low + STEP_MM * np.arange(n)
    labels = np.zeros((n, n, n), dtype=np.uint16)
    labels[:, (axis <= skin_y_mm) & (axis > -70), :] = label("muscle")
    hu = np.where(labels == 0, -1000, 55).astype(np.int16)
    return Anatomy(
        name="block",
        ct=Volume(hu, place),
        labels=Volume(labels, place, "label"),
        structures={one.name: one for one in structures},
        bones=bones or {},
    )


def straight_target(**changes) -> Target:
    """A nerve along y through the origin, to be met from behind (+y)."""
    fields = {
        "name": "nerve",
        "kind": "medial_branch",
        "level": "L4",
        "vertebra": "L5",
        "side": "right",
        "centre_mm": np.array([0.0, -4.0, 0.0]),
        "radius_mm": 2.0,
        "approach": np.array([0.0, -1.0, 0.0]),
        "nerve_mm": NERVE,
        "window_mm": np.array([[0.0, 3.0, 0.0], [0.0, -3.0, 0.0]]),
        "ventral_mm": np.array([0.0, -6.0, 0.0]),
    }
    return Target(**{**fields, **changes})


def root_beside(x_mm: float, radius_mm: float = 2.0) -> Structure:
    """A root along z, ``x_mm`` to the left of the needle's way."""
    tube = Tube(np.array([[x_mm, 20.0, -60.0], [x_mm, 20.0, 60.0]]), np.full(2, radius_mm))
    return Structure("L5 right root", "root", (tube,), "constructed")


def sac() -> Structure:
    tube = Tube(np.array([[-15.0, -5.0, -80.0], [-15.0, 5.0, 80.0]]), np.full(2, 8.0))
    return Structure("dura", "dura", (tube,), "constructed")


def artery(radius_mm: float = 0.6) -> Structure:
    path = np.array([[10.0, -10.0, -30.0], [4.0, 0.0, 0.0], [-8.0, 5.0, 40.0]])
    return Structure("artery", "vessel", (Tube(path, np.full(3, radius_mm)),), "constructed")


def horn() -> Implicit:
    """Two bars that meet, one tapered: a bone with a fillet and an edge."""
    return Implicit.of(
        [
            bar((5, -30, -10), (5, -5, 10), (4.0, 6.0), blend_mm=0.0),
            bar((5, -5, 10), (20, 5, 15), (4.0, 3.0), end_radii_mm=(2.0, 1.5), blend_mm=2.0),
        ]
    )


def crowded() -> Anatomy:
    """A horn of bone, a sac, a root and an artery about the origin."""
    return block(structures=[sac(), root_beside(6.0, 2.0), artery()], bones={"L5": horn()})
