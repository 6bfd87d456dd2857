"""The course of medial branch and root past a vertebra.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.phantom.bone import vertebra_shape
from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM, Point, Posts, notch, on_bone
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.errors import InputError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube, trace_mm
from needle_sim.geometry.transform import Transform, unit

_UNDER_PEDICLE_MM = 2.8
"""Between the pedicle and a root that passes beside its medial border (proposed)."""
_FLATTER_DEG = 12.0
"""A root turns round the lower border of the pedicle: its descent there is so much less."""
_GANGLION_SHARE = 0.3
"""Of a pedicle's width: the ganglion's middle from its medial border, in the medial zone of the
foramen (SILV15, L1-L4)."""
CLEAR_MM = 0.3
"""Sac and roots are kept this far from bone (proposed)."""
OUTSIDE = 4
"""The point of `root_path` outside the foramen, where the dorsal ramus leaves."""
_GANGLION, _STEP_MM, _PUSHES = 3, 2.0, 60
_FLATTER, _PUSHED_MM = range(0, 49, 6), 1.0  # degrees; into bone, that pushing makes good
_UNDER_NECK = ((0.72, 9.0), (0.6, 9.0), (0.72, 5.0), (0.5, 7.0), (0.4, 4.0))
"""Where the branch ends: shares of the lamina's foot from the midline, and below the neck."""


class Wall(Protocol):
    """What a path is pushed off: a fitted or a labelled bone."""

    def distance_mm(self, points_mm: ArrayLike) -> Point:
        """Signed distance (P,), negative inside."""
        ...

    def gradient(self, points_mm: ArrayLike) -> Point:
        """Unit vectors (P, 3) the way out."""
        ...


def medial_branch_path(
    spec: VertebraSpec, side: Side, *, bone: Implicit | None = None
) -> NDArray[np.float64]:
    """Medial branch of the level above where it crosses this vertebra (N, 3), body frame.

    From the foramen over the upper border of the root of the transverse process, along the lateral
    neck of the superior articular process, then medially through the mamillo-accessory notch onto
    the lamina. Course: Shuang (2015), Medicine 94(52) e2367; Tran (2022), rapm-2022-103653; the
    neck's direction follows the parallel electrodes of P14 and CAMP.
    """
    post, bone = Posts(spec, side), bone or vertebra_shape(spec)
    neck = [on_bone(post, bone, post.neck_point(s), off_mm=NERVE_OFF_MM) for s in (1, 0.5, 0)]
    start = post.at(
        abs(neck[0][0]) - 1.5, spec.back_mm + 3.5, 0.5 * spec.height_mm + 0.6 * spec.disc_above_mm
    )
    lead = neck[0] + 0.35 * (start - neck[0]) + 1.2 * post.needle_axis
    corners = [start, lead, *neck, notch(post, bone, NERVE_OFF_MM)]
    if spec.pars_gap_mm == 0.0:  # an arch that is parted lies elsewhere
        corners.append(_on_lamina(post, bone))
    return off_bone(_rounded(np.stack(corners)), bone)


def off_bone(path_mm: Point, bone: Implicit, *, step_mm: float = 0.5) -> Point:
    """A path (N, 3) moved out of the bone to where a nerve can lie on it."""
    path = path_mm
    for n in range(12):
        if n % 3 == 0:  # neighbours that were pushed apart must not cut through a ridge
            path = resample(path, step_mm)
        short = np.maximum(0.85 * NERVE_OFF_MM - bone.distance_mm(path), 0.0)
        path = path + short[:, None] * bone.gradient(path)
    return path


def _on_lamina(post: Posts, bone: Implicit) -> Point:
    """Under the notch on the back of the lamina, as near to it as there is lamina behind."""
    foot = post.lamina_foot
    for inwards, down in _UNDER_NECK:
        height = post.neck_point(0.0)[2] - down
        start = np.array([inwards * foot[0], foot[1] + 25.0, height])
        found = trace_mm(bone, start, np.array([0.0, -1.0, 0.0]), off_mm=NERVE_OFF_MM)
        if found[1] > foot[1] - 0.5 * post.spec.lamina_thickness_mm:
            return found
    raise InputError("the back of a lamina is not found under the neck of its superior process")


def _rounded(corners: Point) -> Point:
    """A polyline with its corners cut twice (Chaikin), ends kept, at most 0.5 mm a step."""
    path = corners
    for _ in range(2):
        first = 0.8 * path[:-1] + 0.2 * path[1:]
        second = 0.2 * path[:-1] + 0.8 * path[1:]
        inner = np.stack([first, second], axis=1).reshape(-1, 3)
        path = np.concatenate([path[:1], inner[1:-1], path[-1:]])
    return resample(path, 0.5)


def root_path(spec: VertebraSpec, side: Side, *, flatter_deg: float = 0.0) -> Tube:
    """The exiting root of this level, body frame: sac, under the pedicle, foramen, ventral ramus.

    Diameters as measured on MRI (KHAS23), the widest place is the ganglion, in the medial half of
    the foramen (SILV15). Seen from behind it descends straight at the take-off angle of SILV15,
    from the sac past the pedicle's medial border to the disc, as wide of the sac there as in
    neurography (doi:10.1186/s13018-022-03428-3); then it steepens into the psoas. A foramen that
    is low makes it ``flatter_deg`` less steep.
    """
    post, radius = Posts(spec, side), 0.5 * spec.root_mm
    ganglion_radius, inner = 0.5 * spec.ganglion_mm, 0.5 * spec.canal_width_mm
    own = spec.root_takeoff_deg
    drop, falls = np.tan(np.radians([own, own - flatter_deg]))
    under = np.tan(np.radians(max(own - _FLATTER_DEG - flatter_deg, 0.0)))
    nearer = np.cos(np.radians(own)) / np.cos(np.radians(own - flatter_deg))  # as far off it
    corner = post.pedicle[2] - 0.5 * spec.pedicle_height_mm
    corner -= nearer * (radius + _UNDER_PEDICLE_MM)
    middle, ventral = spec.back_mm + 0.5 * spec.canal_depth_mm, spec.root_ventral_mm
    before = spec.back_mm + ganglion_radius - 0.9
    medial, beyond = inner - radius - 3.0, _GANGLION_SHARE * spec.pedicle_width_mm
    axilla = post.at(medial, middle, corner + drop * (inner - medial))
    start = axilla + post.at(-3.0, 0.0, 3.0 * drop + 6.0)
    below = post.at(inner, 0.5 * (middle + before), corner)
    ganglion = post.at(inner + beyond, before, corner - under * beyond)
    outside = ganglion + post.at(7.0, -0.35 * ventral, -7.0 * falls)
    ramus = outside + post.at(8.0, -ventral, -8.0 * falls)
    far = ramus + post.at(3.0, -0.8 * ventral, -18.0)
    points = np.stack([start, axilla, below, ganglion, outside, ramus, far])
    radii = np.array([0.6, 0.85, 1.0, 0.0, 1.0, 1.1, 1.1]) * radius
    radii[_GANGLION] = ganglion_radius
    return Tube(points, radii)


def root_over(spec: VertebraSpec, side: Side, body: Transform, bones: Sequence[Implicit]) -> Tube:
    """`root_path` in the patient, no flatter than it has to be to pass over the bones below it.

    Where none passes, the one that comes least into them; `beside_bones` moves the rest.
    """
    tried: list[tuple[float, Tube]] = []
    for flatter in _FLATTER:
        root = root_path(spec, side, flatter_deg=flatter).moved(body)
        points, radius = _fine(root, _GANGLION - 1)
        into = [float((radius - bone.distance_mm(points)).max()) for bone in bones]
        lacking = max(into, default=0.0)
        tried.append((max(lacking, _PUSHED_MM), root))
        if lacking <= _PUSHED_MM:
            break
    return min(tried, key=lambda one: one[0])[1]


def beside_bones(root: Tube, bones: Sequence[Implicit]) -> Tube:
    """A root of `root_path` that bones below its ganglion push aside."""
    points, radius = _fine(root, _GANGLION)
    points = np.concatenate([root.points_mm[:_GANGLION], clear_of(points, radius, bones)])
    return Tube(points, np.concatenate([root.radius_mm[:_GANGLION], radius]))


def _fine(root: Tube, first: int) -> tuple[Point, Point]:
    """Places (N, 3) every 2 mm from a point of a root on, and its radius (N,) there."""
    tail = root.points_mm[first:]
    points = resample(tail, _STEP_MM)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(tail, axis=0), axis=1))])
    places = np.linspace(0.0, along[-1], len(points))
    return points, np.interp(places, along, root.radius_mm[first:])


def clear_of(points: Point, radius: Point, bones: Sequence[Wall]) -> Point:
    """A path (N, 3) moved, smoothly, to where circles of ``radius`` (N,) are clear of bones, or as
    far from those on both sides as they let it."""
    for _ in range(_PUSHES):
        push = np.zeros_like(points)
        for bone in bones:
            lacking = radius + CLEAR_MM - bone.distance_mm(points)
            near = lacking > 0
            push[near] += 0.5 * lacking[near, None] * bone.gradient(points[near])
        if not push.any():
            break
        points = points + gaussian_filter1d(push, 1.0, axis=0, mode="nearest")
    return points


_GANGLION_LONG = 1.7
"""Length of a dorsal root ganglion over its width: 4.3 mm at L1 to 11 at L5 (texts, from memory)
over widths of 4.4 to 6.5 (SILV15) is 1.0 to 1.7; the upper bound is taken (proposed)."""


def ganglion(spec: VertebraSpec, side: Side) -> Tube:
    """The dorsal root ganglion of this level, body frame: the widest stretch of `root_path`."""
    root = root_path(spec, side)
    middle, radius = root.points_mm[_GANGLION], float(root.radius_mm[_GANGLION])
    along = unit(root.points_mm[_GANGLION + 1] - root.points_mm[_GANGLION - 1])
    half = max(_GANGLION_LONG - 1.0, 0.2) * radius
    points = middle + np.outer([-half, 0.0, half], along)
    return Tube(points, radius * np.array([0.85, 1.0, 0.85]))
