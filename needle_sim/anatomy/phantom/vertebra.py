"""One lumbar vertebra from its sizes: shape, landmarks and nerves in the body frame.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.bone import vertebra_shape
from needle_sim.anatomy.phantom.course import medial_branch_path, root_path
from needle_sim.anatomy.phantom.edges import lamina_landmarks, lower_landmarks, side_landmarks
from needle_sim.anatomy.phantom.pedicle import pedicle_landmarks
from needle_sim.anatomy.phantom.posts import SIDES, UP, Point, Posts, notch, on_bone
from needle_sim.anatomy.phantom.processes import mamillary_tip, process_landmarks
from needle_sim.anatomy.phantom.rims import (
    corner_landmarks,
    endplate_landmarks,
    side_wall_landmarks,
    wall_landmarks,
)
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, trace_mm

__all__ = [
    "SIDES",
    "medial_branch_path",
    "root_path",
    "superior_process_landmarks",
    "vertebra_landmarks",
    "vertebra_shape",
]


def vertebra_landmarks(
    spec: VertebraSpec, *, bone: Implicit | None = None
) -> dict[str, NDArray[np.float64]]:
    """Named bony landmarks (3,) in the body frame; those of a side start with its name."""
    bone = bone or vertebra_shape(spec)
    found = _median(spec, bone) | lamina_landmarks(spec, bone)
    for side in SIDES:
        for name, point in _of_side(Posts(spec, side), bone).items():
            found[f"{side} {name}"] = point
    return found


def _median(spec: VertebraSpec, bone: Implicit) -> dict[str, Point]:
    found = {"canal_centre": np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])}
    found |= endplate_landmarks(spec, bone) | wall_landmarks(spec, bone)
    root = Posts(spec, "left").lamina_top
    run = spec.spinous_mm - root[1]
    along = np.array([0.0, 1.0, -np.tan(np.radians(spec.spinous_slope_deg))])
    far = root + (run + 20.0) * along
    found["spinous_tip"] = trace_mm(bone, far, -along, off_mm=0.0)
    return found


def _of_side(post: Posts, bone: Implicit) -> dict[str, Point]:
    back = np.tan(np.radians(post.spec.tp_backsweep_deg))
    tp_top = post.tp_root + post.at(2.0, 2.0 * back, 40.0)
    found = superior_process_landmarks(post, bone) | side_landmarks(post, bone)
    found |= pedicle_landmarks(post, bone)
    found |= process_landmarks(post, bone)
    found |= corner_landmarks(post, bone) | side_wall_landmarks(post, bone)
    return found | {
        "tp_root_upper": trace_mm(bone, tp_top, -UP, off_mm=0.0),
        "joint_below_centre": post.joint_below,
    }


def superior_process_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Tip, face and neck of the superior articular process, the notch behind it, and Kambin's
    place before it."""
    return lower_landmarks(post, bone) | {
        "sap_tip": trace_mm(bone, post.sap + 40.0 * post.sap_up, -post.sap_up, off_mm=0.0),
        "mamillary_tip": mamillary_tip(post, bone),
        "facet_centre": post.facet,
        "sap_tp_junction": on_bone(post, bone, post.neck_point(0.75), off_mm=0.0),
        "mamillo_accessory_notch": notch(post, bone, 0.0),
        "sap_neck_ventral": on_bone(post, bone, post.neck_point(1.0), off_mm=0.0),
        "sap_neck_dorsal": on_bone(post, bone, post.neck_point(0.0), off_mm=0.0),
    }
