"""A bone as it looks from a side: a shaded picture of its exact surface, and what it hides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit

_SURFACE_MM = 0.05
_STEPS = 160
_CAREFUL = 0.8  # share of a distance that is stepped: cuts make some too large
_BONE = np.array([236.0, 226.0, 203.0]) / 255.0
_FAR_MM = 2.2  # of the half width: where rays begin before the middle


@dataclass(frozen=True, slots=True, eq=False)
class BoneView:
    """A parallel view of a bone.

    Parameters
    ----------
    centre_mm : (3,) array
        In the middle of the picture, in the frame of the bone.
    right, up, eye : (3,) array
        Unit vectors: to the right and up in the picture, and out of it to the eye.
    half_mm : float
        Half the width and half the height of the picture.
    picture : (N, N, 4) array
        Colours 0 to 1 with opacity, the first row on top.
    depth_mm : (N, N) array
        Of the surface towards the eye from the centre; -inf beside the bone.
    """

    centre_mm: NDArray[np.float64]
    right: NDArray[np.float64]
    up: NDArray[np.float64]
    eye: NDArray[np.float64]
    half_mm: float
    picture: NDArray[np.float64]
    depth_mm: NDArray[np.float64]

    def flat_mm(self, point_mm: ArrayLike) -> NDArray[np.float64]:
        """Where a point (3,) falls in the picture (2,): right and up from its middle."""
        away = np.asarray(point_mm, dtype=np.float64) - self.centre_mm
        return np.array([away @ self.right, away @ self.up])

    def hidden_mm(self, point_mm: ArrayLike) -> float:
        """How deep a point (3,) lies behind the surface that the eye sees; negative before it."""
        x, y = self.flat_mm(point_mm)
        count = len(self.depth_mm)
        column, row = (int((v / self.half_mm + 1.0) * 0.5 * count) for v in (x, -y))
        if not (0 <= row < count and 0 <= column < count):
            return -np.inf
        away = np.asarray(point_mm, dtype=np.float64) - self.centre_mm
        return float(self.depth_mm[row, column] - away @ self.eye)


def bone_view(
    bone: Bone, *, eye: ArrayLike, up: ArrayLike, half_mm: float, pixels: int = 480
) -> BoneView:
    """Look at a bone from a side; parallel rays, light from over the viewer's right shoulder.

    Parameters
    ----------
    bone : Bone
        A signed distance with its box.
    eye, up : (3,) array
        Towards the viewer, and what is up in the picture (made perpendicular to it).
    half_mm : float, mm
        Half the width of the picture, around the middle of the bone's box.
    pixels : int
        Along each edge.
    """
    if not (half_mm > 0 and 8 <= pixels <= 4000):
        raise InputError(f"half_mm must be positive and pixels 8 to 4000: {half_mm=} {pixels=}")
    towards = unit(np.asarray(eye, dtype=np.float64))
    right = unit(np.cross(np.asarray(up, dtype=np.float64), towards))
    above = np.cross(towards, right)
    centre = np.asarray(bone.box_mm).mean(axis=0)
    at = ((np.arange(pixels) + 0.5) / pixels * 2.0 - 1.0) * half_mm
    start = _FAR_MM * half_mm
    rays = centre + at[None, :, None] * right - at[:, None, None] * above + start * towards
    gone = _marched(bone, rays.reshape(-1, 3), towards, 2.0 * start)
    hit = np.isfinite(gone)
    colours = np.zeros((pixels * pixels, 4))
    seen = rays.reshape(-1, 3)[hit] - gone[hit, None] * towards
    colours[hit] = _shaded(bone, seen, towards, right, above)
    depth = np.where(hit, start - gone, -np.inf)
    shape = (pixels, pixels)
    return BoneView(
        centre, right, above, towards, half_mm, colours.reshape(*shape, 4), depth.reshape(shape)
    )


def _marched(
    bone: Bone, starts: NDArray[np.float64], towards: NDArray[np.float64], most_mm: float
) -> NDArray[np.float64]:
    """How far (P,) each ray runs until it meets the bone; inf where it does not."""
    gone = np.zeros(len(starts))
    still = np.arange(len(starts))
    met = np.zeros(len(starts), dtype=bool)
    for _ in range(_STEPS):
        if not len(still):
            break
        away = bone.distance_mm(starts[still] - gone[still, None] * towards)
        met[still[away < _SURFACE_MM]] = True
        gone[still] += np.where(away < _SURFACE_MM, 0.0, np.maximum(_CAREFUL * away, _SURFACE_MM))
        still = still[(away >= _SURFACE_MM) & (gone[still] < most_mm)]
    return np.where(met, gone, np.inf)


def _shaded(
    bone: Bone,
    points: NDArray[np.float64],
    eye: NDArray[np.float64],
    right: NDArray[np.float64],
    up: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Colours (P, 4): light from the upper right before the bone, darker in its hollows."""
    steps = 0.2 * np.eye(3)
    normal = np.stack(
        [bone.distance_mm(points + one) - bone.distance_mm(points - one) for one in steps], axis=1
    )
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = unit(eye + 0.6 * up + 0.45 * right)
    open_sky = np.ones(len(points))
    for reach in (1.5, 4.0):
        open_sky += np.clip(bone.distance_mm(points + reach * normal) / reach, 0.0, 1.0)
    shade = 0.16 + 0.84 * np.clip(normal @ light, 0.0, 1.0)
    shade *= open_sky / 3.0
    edge = np.clip(normal @ eye, 0.0, 1.0) ** 0.35
    colours = _BONE * (shade * (0.35 + 0.65 * edge))[:, None]
    return np.concatenate([np.sqrt(np.clip(colours, 0.0, 1.0)), np.ones((len(points), 1))], axis=1)
