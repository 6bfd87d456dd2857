"""Landmarks of the processes of a vertebra: their tips, and the isthmus between two of them.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.phantom.edges import leaves
from needle_sim.anatomy.phantom.posts import UP, Point, Posts
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, trace_mm
from needle_sim.geometry.transform import unit

_FAR_MM = 40.0
_BACK_MM = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
_FROM_TIP_MM = 3.0
"""The borders of a transverse process are looked at so far from its tip."""
_BESIDE_MM = 1.0
_TIP_SHARES = (-0.3, -0.15, 0.0, 0.15, 0.3)  # of an inferior process's thickness, about its middle
_LEVEL_MM = 0.5  # what ends so much over its lowest place counts 0.37 in its middle (proposed)
_ISTHMUS_SHARE = 0.2
"""The isthmus lies at this share of the way from the pedicle's lower border, so far lateral of its
medial wall, to the tip of the inferior process, as seen from behind."""
_ACCESSORY = (0.6, 0.7, -0.35)  # it points backwards, outwards and a little down


def process_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Tips (3,) of the processes of a side, and the back of the isthmus."""
    out = post.at(1.0, 0.0, 0.0)
    tp = trace_mm(bone, post.tp_tip + _FAR_MM * out, -out, off_mm=0.0)
    iap = inferior_tip(post, bone)
    axis = unit(post.tp_tip - post.tp_root)
    under = leaves(bone, post.pedicle, -UP)
    canal = post.at(0.0, *post.pedicle[1:])
    medial = trace_mm(bone, canal, out, off_mm=0.0)
    start = np.array([abs(medial[0]) + _BESIDE_MM, under[2]])
    lateral, low = start + _ISTHMUS_SHARE * (np.array([abs(iap[0]), iap[2]]) - start)
    isthmus = post.at(float(lateral), float(iap[1]) + _FAR_MM, float(low))
    run = abs(tp[0]) - _FROM_TIP_MM - abs(post.tp_tip[0])
    beside = post.tp_tip + axis * (run / abs(axis[0]))
    return {
        "iap_tip": iap,
        "tp_tip": tp,
        "tp_tip_upper": leaves(bone, beside, UP),
        "tp_tip_lower": leaves(bone, beside, -UP),
        "accessory_tip": tip(bone, post.accessory, unit(post.at(*_ACCESSORY))),
        "pars_isthmus": trace_mm(bone, isthmus, [0.0, -1.0, 0.0], off_mm=0.0),
    }


def inferior_tip(post: Posts, bone: Implicit) -> Point:
    """The lower end (3,) of the inferior process, in the middle of what reaches lowest.

    Where laminae meet near the midline, the recess between them may take the medial part of the
    process away: straight under the middle is its steep wall then, millimetres over the end. Where
    a wide canal takes the whole middle away, the end lies farther back.
    """
    shares = np.array(_TIP_SHARES)[:, None] * post.spec.iap_thickness_mm
    places, ends = [], []
    for at in _under_middle(post, bone) + shares * post.iap_normal:
        try:
            ends.append(trace_mm(bone, at, UP, off_mm=0.0)[2])
        except InputError:  # the canal runs there
            continue
        places.append(at)
    weight = np.exp((min(ends) - np.array(ends)) / _LEVEL_MM)
    return trace_mm(bone, np.average(places, axis=0, weights=weight), UP, off_mm=0.0)


def _under_middle(post: Posts, bone: Implicit) -> Point:
    """Far under the middle of the inferior process (3,), or as little behind as bone is."""
    for back in _BACK_MM:
        start = post.iap + np.array([0.0, back, -_FAR_MM])
        try:
            trace_mm(bone, start, UP, off_mm=0.0)
        except InputError:  # the canal runs there
            continue
        return np.asarray(start)
    raise InputError(f"no bone lies over {post.iap.round(1)}: the inferior process has no end")


def mamillary_tip(post: Posts, bone: Implicit) -> Point:
    """The tip (3,) of the mamillary process, on the back of the superior one.

    Looked for from within its own size: farther out a transverse process of T11 that is swept far
    back may stand in the way.
    """
    return tip(bone, post.mamillary, post.sap_across, from_mm=post.spec.mamillary_mm)


def tip(bone: Implicit, middle_mm: Point, out: Point, *, from_mm: float = 12.0) -> Point:
    """Where a small process ends in a direction, from its middle (3,)."""
    return trace_mm(bone, middle_mm + from_mm * out, -out, off_mm=0.0)
