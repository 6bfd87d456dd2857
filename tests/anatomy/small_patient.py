"""A patient of balls and tubes whose sizes are known, for tests of what is written and drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import Frame, rigid
from needle_sim.volume.volume import Note, Volume, axis_aligned

RADIUS_MM = 15.0
CENTRES_MM = {"L4": (5.0, 0.0, 20.0), "L5": (5.0, 4.0, -18.0)}
AORTA_RADIUS_MM = 8.0


@dataclass(frozen=True)
class Ball:
    """A bone with an exact surface."""

    centre_mm: tuple[float, float, float]

    def distance_mm(self, points_mm):
        return np.linalg.norm(np.asarray(points_mm) - self.centre_mm, axis=-1) - RADIUS_MM

    @property
    def box_mm(self):
        centre = np.array(self.centre_mm)
        return np.stack([centre - RADIUS_MM, centre + RADIUS_MM])


def tube(x, y, radius, low=-50.0, high=50.0):
    points = np.array([[x, y, z] for z in np.linspace(low, high, 21)])
    return Tube(points, np.full(len(points), radius))


def small_patient(*, fitted: bool = True, step_mm: float = 2.0) -> Anatomy:
    """Two balls, an aorta in front and a root behind, in a block of muscle with kidneys."""
    count = round(120.0 / step_mm)
    place = axis_aligned([step_mm] * 3, [-60.0 + 0.5 * step_mm] * 3)
    index = np.moveaxis(np.indices((count,) * 3), 0, -1).reshape(-1, 3)
    at = place.apply(index)
    tissue = np.full(len(at), label("muscle"), dtype=np.uint16)
    tissue[(np.abs(at[:, 0]) > 35) & (np.abs(at[:, 1]) < 10)] = label("kidney")
    hu = np.full(len(at), 50.0)
    for centre in CENTRES_MM.values():
        inside = Ball(centre).distance_mm(at) < 0
        tissue[inside], hu[inside] = label("trabecular_bone"), 400.0
    shape = (count,) * 3
    ct = Volume(hu.astype(np.int16).reshape(shape), place)
    root = Structure("L4 right root", "root", (tube(-8.0, 22.0, 2.0),), "inferred")
    aorta = Structure("aorta", "vessel", (tube(10.0, -25.0, AORTA_RADIUS_MM),), "measured")
    return Anatomy(
        "small",
        ct,
        ct.like(tissue.reshape(shape), "label"),
        bodies={n: rigid(np.eye(3), np.array(c), source=Frame(n)) for n, c in CENTRES_MM.items()},
        landmarks_mm={f"{name} right sap_tip": np.array(c) for name, c in CENTRES_MM.items()},
        structures={one.name: one for one in (root, aorta)},
        bones={name: Ball(c) for name, c in CENTRES_MM.items()},
        fit_rms_mm={"L4": 1.25, "L5": 2.5} if fitted else {},
        notes=(Note("", "numbering", "L5 lies on the sacrum", "levels are counted"),),
    )
