"""`VoxelSurface`: where the voxels of a CT have bone, which a fitted bone cannot overrule.

A fit follows a bone's label to a millimetre or two on average. A process may still come out too
long or too thick and shut a window that is open in the CT; sound meets what the voxels have.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.imaging.ultrasound.acoustics import BONES
from needle_sim.volume.volume import Volume

Floats = NDArray[np.float64]

BLUR_MM = 0.8
"""Least blur of voxels, which takes their steps away."""

_AROUND_MM = 6.0
_LEAST = 1e-3  # of the share: distances saturate at 3.1 widths of the blur


def blur_mm(volume: Volume) -> float:
    """Width (one sigma) of the Gaussian that bone voxels are blurred with: half of the largest."""
    return max(BLUR_MM, 0.5 * float(volume.spacing_mm.max()))


def blurred(bony: NDArray[np.bool_], volume: Volume) -> NDArray[np.float32]:
    """Share (I, J, K) of bone about each voxel of a volume."""
    width = blur_mm(volume) / volume.spacing_mm
    return np.asarray(ndimage.gaussian_filter(bony.astype(np.float32), width, truncate=3.0))


def distance_of_share(share: NDArray[np.floating], width_mm: float) -> NDArray[np.floating]:
    """Distance from a surface in mm, negative inside, for the share of bone about a place.

    A half-space blurred by a Gaussian of width s has the share Phi(-d / s) at distance d; so the
    surface lies where half of the blurred voxels are bone.
    """
    return np.asarray(-width_mm * special.ndtri(np.clip(share, _LEAST, 1.0 - _LEAST)))


@dataclass(frozen=True, slots=True, eq=False)
class VoxelSurface:
    """Bone of the voxels about the fitted bones of an anatomy.

    Parameters
    ----------
    share : Volume
        Of bone about each voxel, blurred.
    """

    share: Volume

    def distance_mm(self, points_mm: Floats) -> Floats:
        """Signed distance (P,) of points (P, 3), right within about a voxel, negative in bone."""
        found = self.share.sample(points_mm, outside=0.0)
        return np.asarray(distance_of_share(found, blur_mm(self.share)))


def voxel_surface(anatomy: Anatomy) -> VoxelSurface | None:
    """That of an anatomy with fitted bones, made once; none where bones are exact by making."""
    if not any(name in anatomy.bones for name in anatomy.fit_rms_mm):
        return None
    found = _made.get(anatomy)
    if found is None:
        found = _made[anatomy] = _surface(anatomy)
    return found


def as_seen_mm(anatomy: Anatomy, name: str, points_mm: Floats, distance_mm: Floats) -> Floats:
    """Distance (P,) from a bone as sound meets it: a fitted one only where the voxels have bone.

    Parameters
    ----------
    name : str
        Of the bone, whose own distance at the points (P, 3) is ``distance_mm`` (P,).
    """
    voxels = voxel_surface(anatomy) if name in anatomy.fit_rms_mm else None
    if voxels is None:
        return distance_mm
    near = distance_mm < BLUR_MM
    found = distance_mm.copy()
    found[near] = np.maximum(found[near], voxels.distance_mm(points_mm[near]))
    return found


_made: weakref.WeakKeyDictionary[Anatomy, VoxelSurface] = weakref.WeakKeyDictionary()


def _surface(anatomy: Anatomy) -> VoxelSurface:
    boxes = np.stack([bone.box_mm for bone in anatomy.bones.values()])
    low, high = boxes[:, 0].min(axis=0) - _AROUND_MM, boxes[:, 1].max(axis=0) + _AROUND_MM
    corners = np.stack(np.meshgrid(*np.stack([low, high], axis=1), indexing="ij"), axis=-1)
    at = anatomy.labels.voxels(corners.reshape(-1, 3))
    first, last = np.floor(at.min(axis=0)), np.ceil(at.max(axis=0)) + 1
    part = anatomy.labels.crop(first.astype(int).tolist(), last.astype(int).tolist())
    bony = (part.array == BONES[0]) | (part.array == BONES[1])
    return VoxelSurface(part.like(blurred(bony, part), "mask"))
