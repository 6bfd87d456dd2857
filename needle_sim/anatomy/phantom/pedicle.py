"""Landmarks of a pedicle, at the isthmus that the bone has.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.edges import leaves
from needle_sim.anatomy.phantom.posts import UP, Point, Posts
from needle_sim.geometry.shapes import Implicit

_ALONG_MM = np.arange(-4.0, 2.6, 0.5)
"""Stations along the axis, from the middle between body and articular pillar."""
_MOST_MM, _STEP_MM = 16.0, 0.5
_RAYS = 16
_SHARP = 0.015
"""Stations count by how much larger than the least their section is, in shares of that."""
_RECESS_MM = 2.5  # of the lateral recess from the medial wall of the pedicle (proposed)


def pedicle_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Centre of the isthmus (3,), where a clock's hands meet its surface, and the lateral recess.

    Twelve o'clock is cranial; lateral and medial are three and nine, or nine and three on the other
    side.
    """
    out = post.at(1.0, 0.0, 0.0)
    middle = isthmus(post, bone)
    lateral, medial, high, low = (leaves(bone, middle, way) for way in (out, -out, UP, -UP))
    return {
        "pedicle_centre": np.array([0.5 * (lateral + medial)[0], middle[1], 0.5 * (high + low)[2]]),
        "pedicle_lateral": lateral,
        "pedicle_medial": medial,
        "pedicle_12_oclock": high,
        "pedicle_6_oclock": low,
        "lateral_recess": medial - _RECESS_MM * out,
    }


def isthmus(post: Posts, bone: Implicit) -> Point:
    """On the axis of the pedicle (3,) where its coronal section is least.

    A mean over stations weighted by how slender they are: it runs smoothly with the sizes.
    """
    stations = post.pedicle + _ALONG_MM[:, None] * post.pedicle_axis
    turn = 2.0 * np.pi * np.arange(_RAYS) / _RAYS
    ways = np.stack([np.cos(turn), np.zeros(_RAYS), np.sin(turn)], axis=1)
    reach = np.stack([_reach(bone, stations, way) for way in ways])
    area = np.sum(reach * np.roll(reach, 1, axis=0), axis=0)  # of triangles between the rays
    weight = np.exp(-(area / area.min() - 1.0) / _SHARP)
    return np.asarray(weight @ stations / weight.sum())


def _reach(bone: Implicit, starts: Point, way: Point) -> NDArray[np.float64]:
    """How far (S,) rays from inside the bone run until they leave it, at most 16 mm."""
    steps = np.arange(0.0, _MOST_MM + _STEP_MM, _STEP_MM)
    points = starts[:, None] + steps[:, None] * way
    depth = bone.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
    outside = depth > 0
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), len(steps) - 1)
    row = np.arange(len(starts))
    before, after = depth[row, np.maximum(first - 1, 0)], depth[row, first]
    share = np.where(after > 0, before / np.minimum(before - after, -1e-9), 1.0)
    return np.asarray(steps[np.maximum(first - 1, 0)] + share * _STEP_MM)
