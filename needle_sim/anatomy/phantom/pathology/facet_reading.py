"""A facet joint as its bones and landmarks show it: gap, spurs, and how it faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy

_BESIDE_MM = 2.5  # of the middle of a face, where it is read how it lies


class Joint(NamedTuple):
    """Middle of a joint, out of the superior face, and dorsal along the joint's line, patient."""

    upper: str
    lower: str
    middle: NDArray[np.float64]
    normal: NDArray[np.float64]
    across: NDArray[np.float64]


def joint_of(anatomy: Anatomy, level: str, side: str) -> Joint:
    """The joint of two neighbours on a side, from their landmarks."""
    upper, _, lower = level.partition("-")
    middle = anatomy.landmark(f"{upper} {side} joint_below_centre")
    normal = unit(middle - anatomy.landmark(f"{lower} {side} facet_centre"))
    body = anatomy.body(lower)
    up = body.turn([0.0, 0.0, 1.0])
    across = unit(np.cross(normal, up))
    if float(across @ body.turn([0.0, 1.0, 0.0])) < 0:
        across = -across
    return Joint(upper, lower, middle, normal, across)


def gap_mm(anatomy: Anatomy, level: str, side: str) -> float:
    """From bone to bone across the middle of a joint."""
    joint = joint_of(anatomy, level, side)
    return sum(
        _to_bone_mm(anatomy, name, joint.middle, towards)
        for name, towards in ((joint.lower, -joint.normal), (joint.upper, joint.normal))
    )


def spur_mm(anatomy: Anatomy, level: str, side: str) -> float:
    """Bone of the lower vertebra behind a joint, along the joint's line; 0 where it is free."""
    joint = joint_of(anatomy, level, side)
    runs = inside_mm(anatomy.bones[joint.lower], joint.middle, joint.across, reach_mm=25.0)
    return runs[0][1] - runs[0][0] if runs else 0.0


def face_deg(anatomy: Anatomy, level: str, side: str) -> float:
    """Angle of the superior face from the sagittal plane of its vertebra."""
    joint = joint_of(anatomy, level, side)
    front, back = (
        start - _to_bone_mm(anatomy, joint.lower, start, -joint.normal) * joint.normal
        for start in (joint.middle + aside * joint.across for aside in (-_BESIDE_MM, _BESIDE_MM))
    )
    line = anatomy.body(joint.lower).inverse().turn(back - front)
    outwards = 1.0 if side == "left" else -1.0
    return float(np.degrees(np.arctan2(outwards * line[0], line[1])))


def _to_bone_mm(
    anatomy: Anatomy, name: str, start: NDArray[np.float64], towards: NDArray[np.float64]
) -> float:
    runs = inside_mm(anatomy.bones[name], start, towards)
    if not runs:
        raise InputError(f"no bone of {name} beside its joint at {start.round(1)}")
    return runs[0][0]
