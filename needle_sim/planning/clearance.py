"""Distance from a path to what it must not hit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy, Bone, Structure
from needle_sim.anatomy.tissue import bone_labels
from needle_sim.errors import InputError
from needle_sim.geometry.paths import resample
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.volume.volume import Volume

Field = NDArray[np.float64]
Distance = Callable[[Field], Field]
REACH_MM = 75.0  # half the side of the box around the target in which obstacles are looked for
HAZARDS = ("dura", "root", "vessel")
VOXEL_BONE = "bone seen in voxels"
_NEAR_MM = 12.0
_FAR_MM = 1e3  # farther than anything in the patient


@dataclass(frozen=True, slots=True, eq=False)
class Obstacles:
    """What surrounds a target: exact bones, bone known from voxels only, nerves and vessels.

    ``voxel_bone`` is a distance map in mm (float32), or None where all bone is exact.
    """

    bones: Mapping[str, Bone]
    voxel_bone: Volume | None
    structures: Mapping[str, Structure]

    @classmethod
    def around(cls, anatomy: Anatomy, centre_mm: ArrayLike, *, voxels: bool = True) -> Obstacles:
        """Cut from an anatomy within `REACH_MM` of a point (3,); ``voxels`` is slower by far."""
        centre = np.asarray(centre_mm, dtype=np.float64)
        low, high = centre - REACH_MM, centre + REACH_MM
        bones = {
            name: bone
            for name, bone in anatomy.bones.items()
            if (bone.box_mm[0] < high).all() and (bone.box_mm[1] > low).all()
        }
        structures = {
            name: one
            for name, one in anatomy.structures.items()
            if one.kind in HAZARDS and one.distance_mm(centre[None])[0] < REACH_MM
        }
        exact = cls(bones, None, structures)
        if not voxels:
            return exact
        margin = partial_volume_mm(anatomy.labels)
        known = voxel_bone(anatomy.labels, centre, margin, exact.exact_bone_mm)
        return cls(bones, known, structures)

    def exact_bone_mm(self, points_mm: Field) -> Field:
        """Signed distance (P,) to the nearest bone with an exact surface.

        Farther than `_NEAR_MM` from a bone's box, the distance to the box: never too much.
        """
        best = np.full(len(points_mm), _FAR_MM)
        for bone in self.bones.values():
            low, high = bone.box_mm
            box = np.linalg.norm(
                np.maximum(np.maximum(low - points_mm, points_mm - high), 0), axis=1
            )
            near = box < np.minimum(_NEAR_MM, best)
            box[near] = bone.distance_mm(points_mm[near])
            best = np.minimum(best, box)
        return best

    def voxel_bone_mm(self, points_mm: Field) -> Field:
        """Distance (P,) to the nearest bone that is known from voxels only."""
        if self.voxel_bone is None:
            return np.full(len(points_mm), _FAR_MM)
        return self.voxel_bone.sample(points_mm, outside=_FAR_MM)


def voxel_bone(
    labels: Volume, centre_mm: Field, margin_mm: float, exact_mm: Distance
) -> Volume | None:
    """Distance map of the voxels labelled bone within `REACH_MM`, but for those of exact bones.

    ``exact_mm`` gives the distance of points (P, 3) from those; up to ``margin_mm`` outside, a bony
    voxel is partial volume of theirs. None where nothing is left.
    """
    at = labels.voxels(centre_mm)
    reach = REACH_MM / labels.spacing_mm
    low_ijk, high_ijk = np.floor(at - reach).astype(int), np.ceil(at + reach).astype(int) + 1
    near = labels.crop(low_ijk.tolist(), high_ijk.tolist())
    bony = np.isin(near.array, bone_labels())
    index = np.argwhere(bony)
    if len(index) == 0:
        return None
    rest = exact_mm(near.patient_from_voxel.apply(index)) > margin_mm
    if not rest.any():
        return None
    free = np.ones(near.shape, dtype=bool)
    free[tuple(index[rest].T)] = False
    sides = tuple(float(step) for step in near.spacing_mm)
    away = ndimage.distance_transform_edt(free, sampling=sides).astype(np.float32)
    return Volume(away, near.patient_from_voxel, "dose")


def partial_volume_mm(labels: Volume) -> float:
    """How far outside of an exact bone a bony voxel may lie and still be a part of it."""
    return 1.5 * float(labels.spacing_mm.max())


def clearances_mm(
    anatomy: Anatomy, placed: PlacedNeedle, *, near: Obstacles | None = None
) -> dict[str, float]:
    """Least distance from the needle's surface, in the patient, to each nerve and vessel in reach.

    Keys are the names of structures, plus ``bone`` (exact surfaces only); negative where it enters.
    """
    path = resample(placed.trajectory.points_mm, 0.25)
    radius = placed.needle.outer_mm / 2
    if near is None:
        near = Obstacles.around(anatomy, placed.trajectory.tip_mm, voxels=False)
    found = {
        name: float(one.distance_mm(path).min()) - radius for name, one in near.structures.items()
    }
    if near.bones:
        found["bone"] = float(near.exact_bone_mm(path).min()) - radius
    return found


def skin_entry_mm(anatomy: Anatomy, tip_mm: ArrayLike, outward: ArrayLike) -> Field | None:
    """Where the line from a tip (3,) along ``outward`` leaves the body, to 0.05 mm.

    None where it leaves the volume before it leaves the body.
    """
    tip, along = np.asarray(tip_mm, dtype=np.float64), np.asarray(outward, dtype=np.float64)
    depth = np.arange(0.0, 300.0, 0.5)
    line = tip + depth[:, None] * along
    body = anatomy.labels.sample(line, outside=0) != 0
    inside = anatomy.labels.contains(line)
    if not body[0]:
        raise InputError(f"the tip {np.round(tip, 1).tolist()} lies outside the body")
    last = int(np.flatnonzero(body & inside).max())
    beyond = line[last] + along * float(anatomy.labels.spacing_mm.max())
    if last + 1 >= len(line) or not anatomy.labels.contains(beyond[None])[0]:
        return None
    fine = line[last] + np.arange(0.0, 0.5, 0.05)[:, None] * along
    still = anatomy.labels.sample(fine, outside=0) != 0
    return np.asarray(fine[int(np.flatnonzero(still).max())])
