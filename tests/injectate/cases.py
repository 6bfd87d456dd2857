"""A spine of simple shapes: a straight canal with a sac, a root, a joint, a disc, in muscle."""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy, Space, Structure
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Implicit, Tube, bar, box, drum
from needle_sim.geometry.transform import Frame, rigid
from needle_sim.injectate.agent import Agent
from needle_sim.volume.volume import Volume, axis_aligned

IOHEXOL = Agent("iohexol", 240.0)
UP = np.array([0.0, 0.0, 1.0])

EPIDURAL = np.array([3.0, 8.2, 0.0])
INTRATHECAL = np.array([0.0, 0.0, 0.0])
IN_JOINT = np.array([20.0, 14.0, 0.0])
IN_DISC = np.array([0.0, -28.0, -20.0])
IN_MUSCLE = np.array([-30.0, 25.0, 5.0])
IN_BONE = np.array([0.0, -28.0, 10.0])
IN_ROOT = np.array([14.0, 0.0, -6.0])
IN_AORTA = np.array([10.0, -60.0, 0.0])


def simple_spine() -> Anatomy:
    """Canal and sac along z about the origin; one body in front, a disc under it."""
    place = axis_aligned((4.0, 4.0, 4.0), (-80.0, -90.0, -160.0))
    labels = np.full((81, 41, 41), label("muscle"), dtype=np.uint16)
    labels[:, -4:] = label("air")
    ct = Volume(np.where(labels == label("air"), -1000, 50).astype(np.int16), place)
    root = np.array([[5.0, 0.0, 4.0], [14.0, 0.0, -6.0], [30.0, -6.0, -24.0]])
    tubes = {
        "dura": ("dura", Tube(np.array([[0.0, 0, -150], [0, 0, 150]]), np.array([6.5, 6.5]))),
        "L4 left root": ("root", Tube(root, np.array([1.5, 2.5, 2.0]))),
        "aorta": ("vessel", Tube(np.array([[10.0, -60, 150], [10, -60, -150]]), np.full(2, 8.0))),
    }
    shapes = {
        "canal": ("canal", bar([0, 0, -150], [0, 0, 150], (11.0, 10.0), blend_mm=0.0)),
        "L4 left foramen": ("foramen", bar([9, 0, -5], [24, -2, -8], (8.0, 6.0), blend_mm=0.0)),
        "L4-L5 disc": ("disc", drum((44, 32), (44, 32), (10, 10), centre_mm=[0, -28, -20])),
        "L4-L5 left facet_joint": (
            "facet_joint",
            box((0.8, 5.0, 8.0), centre_mm=[20, 14, 0], round_mm=0.3, blend_mm=0.0),
        ),
        "L4-L5 flavum": ("flavum", box((8.0, 1.5, 10.0), centre_mm=[0, 13.0, -20])),
    }
    bones = {
        "L4": Implicit.of([drum((46, 34), (46, 34), (26, 26), centre_mm=[0, -28, 0])]),
        "left post": Implicit.of([box((4.0, 6.0, 9.0), centre_mm=[25.0, 14.0, 0.0])]),
    }
    return Anatomy(
        "simple",
        ct,
        ct.like(labels, "label"),
        bodies={"L4": rigid(np.eye(3), [0.0, -28.0, 0.0], source=Frame("L4"))},
        structures={
            name: Structure(name, kind, (tube,), "constructed")  # type: ignore[arg-type]
            for name, (kind, tube) in tubes.items()
        },
        bones=bones,
        spaces={
            name: Space(name, kind, Implicit.of([row]), "constructed")  # type: ignore[arg-type]
            for name, (kind, row) in shapes.items()
        },
    )
