"""`HazardMaps`: four distance maps around a target, and straight paths looked at through them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.named_tissue import obstacle
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.jit import in_slabs
from needle_sim.planning import _kernels
from needle_sim.planning.clearance import (
    VOXEL_BONE,
    Obstacles,
    partial_volume_mm,
    voxel_bone,
)
from needle_sim.planning.distance_map import BLOCK, FAR_MM, Member, distance_map, tubes_in_runs

Field = NDArray[np.float64]
KINDS = ("bone", "dura", "root", "vessel")
STEP_MM = 1.0
NODES = 152  # a side: 151 mm
SOFT_EDGE_MM = 0.95  # bone known from voxels only counts as so much thicker
NOWHERE = 255
_SNAP_MM = 8.0  # centres of maps lie on this lattice, so that neighbouring targets share one
_KEPT = 3
_SLAB = 8192
_kept: list[tuple[weakref.ref[Anatomy], tuple[int, ...], HazardMaps]] = []
_turn = threading.RLock()  # an anatomy may go while a list of maps is looked through


class Traced(NamedTuple):
    """What paths (C,) met: least distance to each kind of `KINDS` (C, 4), and where one broke off.

    ``met_mm`` is the way from the tip to the first distance that is too small, -1 where none is.
    """

    least_mm: NDArray[np.float32]
    met_mm: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HazardMaps:
    """Signed distances to bone, dura, roots and vessels on one grid around a target.

    Between nodes the maps are trilinear. Within 10 mm of a surface they are right to 0.5 mm, and
    outside of it too large by at most 0.3 mm (both tested; where the distance of a bone has jumps
    of its own, in 999 of 1000 places). Farther away they are interpolated from a lattice of 4 mm.

    Parameters
    ----------
    distance_mm : (I, J, K, 4) array of float32
        By kind, at nodes along z, y and x; negative inside. Bone holds exact bones and, made
        thicker by `SOFT_EDGE_MM`, the bone known from voxels only.
    nearest : (I/4, J/4, K/4, 4) array of uint8
        Which of ``names`` is nearest to a block of nodes; `NOWHERE` where there is none.
    names : tuple of str
        What is in the maps, e.g. ``"bone of L4"``, ``"bone seen in voxels"``, ``"L4 right root"``.
    low_mm : (3,) array
        First node, patient LPS (x, y, z).
    near : Obstacles
        The exact surfaces that the maps were made from.
    """

    distance_mm: NDArray[np.float32]
    nearest: NDArray[np.uint8]
    names: tuple[str, ...]
    low_mm: Field
    near: Obstacles

    def __post_init__(self) -> None:
        shape = self.distance_mm.shape
        if len(shape) != 4 or shape[3] != len(KINDS) or min(shape[:3], default=0) < 2:
            raise InputError(f"hazard maps are (I, J, K, {len(KINDS)}), got {shape}")
        for name, kind in (("distance_mm", np.float32), ("nearest", np.uint8)):
            array = np.ascontiguousarray(getattr(self, name), dtype=kind).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "low_mm", as_points([self.low_mm], "low_mm")[0])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of `KINDS` that are around the target at all."""
        there = (self.nearest != NOWHERE).any(axis=(0, 1, 2))
        return tuple(kind for kind, found in zip(KINDS, there, strict=True) if found)

    @classmethod
    def around(cls, anatomy: Anatomy, centre_mm: ArrayLike) -> HazardMaps:
        """The maps of 151 mm about a point (3,), made once for an anatomy and a region.

        The box is centred on a lattice of 8 mm, so that it does not depend on what was asked for
        before. The last few maps are kept while their anatomy lives.
        """
        centre = as_points(np.atleast_2d(np.asarray(centre_mm)), "centre_mm")[0]
        cell = tuple(round(x / _SNAP_MM) for x in centre)
        with _turn:
            for known, place, maps in tuple(_kept):
                if known() is anatomy and place == cell:
                    return maps
        made = _made(anatomy, _SNAP_MM * np.array(cell, dtype=np.float64))
        with _turn:
            _kept.append((weakref.ref(anatomy, _let_go), cell, made))
            del _kept[:-_KEPT]
        return made

    def trace(
        self,
        tips_mm: ArrayLike,
        axes: ArrayLike,
        *,
        reach_mm: float,
        least_mm: Mapping[str, float] | None = None,
        far_mm: float = 30.0,
        finest_mm: float = 0.5,
    ) -> Traced:
        """Walk straight paths back from their tips through the maps.

        Parameters
        ----------
        tips_mm, axes : (C, 3) array
            Tips, and unit directions of travel towards them.
        reach_mm : float
            How far back from the tip; a path also ends where it leaves the maps.
        least_mm : mapping of str to float, optional
            Distance of the axis from each kind below which a path breaks off; kinds that are not
            named do not count. Then ``least_mm`` of the answer holds what was met on the way only.
            Without it every path is walked to its end.
        far_mm : float
            Distances beyond this are not told apart.
        finest_mm : float
            Shortest step; what lies between two looks is missed by at most half of it.
        """
        tips, along = (_checked(one, name) for one, name in ((tips_mm, "tips"), (axes, "axes")))
        if tips.shape != along.shape:
            raise InputError(f"{len(tips)} tips do not go with {len(along)} axes")
        least = np.array([(least_mm or {}).get(kind, -np.inf) for kind in KINDS], dtype=np.float32)
        out = np.empty((len(tips), 4), dtype=np.float32)
        met = np.empty(len(tips), dtype=np.float32)
        flat = self.distance_mm.reshape(-1, 4)
        shape = np.array(self.distance_mm.shape[:3])
        limits = float(reach_mm), least, np.float32(far_mm), np.float32(finest_mm), least_mm is None

        def part(start: int, stop: int) -> None:
            _kernels.trace(
                flat, shape, self.low_mm, STEP_MM, tips[start:stop], along[start:stop], *limits,
                out[start:stop], met[start:stop],
            )  # fmt: skip

        in_slabs(part, len(tips), slab=_SLAB)
        return Traced(out, met)

    def sample(self, points_mm: ArrayLike) -> NDArray[np.float32]:
        """Distances (P, 4) at points (P, 3); `FAR_MM` outside of the maps."""
        points = _checked(points_mm, "points")
        found = self.trace(
            points, np.tile([0.0, 0.0, 1.0], (len(points), 1)), reach_mm=1e-9, far_mm=FAR_MM
        )
        return found.least_mm

    def named(self, points_mm: ArrayLike, kinds: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Index (P,) in ``names`` of the nearest structure of a kind (P,) at points (P, 3)."""
        at = (np.asarray(points_mm) - self.low_mm)[:, ::-1] / (BLOCK * STEP_MM)
        block = np.clip(at.astype(int), 0, np.array(self.nearest.shape[:3]) - 1)
        return np.asarray(self.nearest[block[:, 0], block[:, 1], block[:, 2], kinds])


def _let_go(gone: weakref.ref[Anatomy]) -> None:
    with _turn:
        _kept[:] = [one for one in _kept if one[0] is not gone]


def forget() -> None:
    """Let go of all kept maps: the next plan makes its own."""
    with _turn:
        _kept.clear()


def _checked(points_mm: ArrayLike, name: str) -> Field:
    points = np.ascontiguousarray(points_mm, dtype=np.float64).view()
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"{name} must be (C, 3), got {points.shape}")
    if not np.isfinite(points).all():
        raise InputError(f"{name} hold values that are not finite")
    points.flags.writeable = False
    return points


def _made(anatomy: Anatomy, centre: Field) -> HazardMaps:
    near = Obstacles.around(anatomy, centre, voxels=False)
    low = centre - 0.5 * (NODES - 1) * STEP_MM
    names: list[str] = []
    maps = np.empty((NODES, NODES, NODES, len(KINDS)), dtype=np.float32)
    blocks = NODES // BLOCK
    nearest = np.full((blocks, blocks, blocks, len(KINDS)), NOWHERE, dtype=np.uint8)
    for index, kind in enumerate(KINDS):
        members = _members(near, kind)
        if len(names) + len(members) >= NOWHERE - 1:
            raise InputError(f"at most {NOWHERE - 2} structures fit in maps, there are more")
        maps[..., index], which = distance_map(list(members.values()), low, NODES, STEP_MM)
        if members:
            nearest[..., index] = which + len(names)
        names.extend(members)
    near = _with_voxel_bone(anatomy, near, centre, maps[..., 0], low)
    if near.voxel_bone is not None:
        thick = Member(lambda points: near.voxel_bone_mm(points) - SOFT_EDGE_MM)
        seen, _ = distance_map([thick], low, NODES, STEP_MM)
        middle = slice(BLOCK // 2, None, BLOCK)
        nearer = (seen < maps[..., 0])[middle, middle, middle]
        nearest[..., 0][nearer] = len(names)
        names.append(VOXEL_BONE)
        np.minimum(maps[..., 0], seen, out=maps[..., 0])
    return HazardMaps(maps, nearest, tuple(names), low, near)


def _members(near: Obstacles, kind: str) -> dict[str, Member]:
    if kind == "bone":
        return {obstacle(name): Member(bone.distance_mm) for name, bone in near.bones.items()}
    return {
        name: Member(one.distance_mm, tubes_in_runs(one.tubes))
        for name, one in near.structures.items()
        if one.kind == kind
    }


def _with_voxel_bone(
    anatomy: Anatomy, near: Obstacles, centre: Field, bone: NDArray[np.float32], low: Field
) -> Obstacles:
    """The same with the bone that is known from voxels only; exact bone is read off its map."""
    known = np.ascontiguousarray(bone)

    def exact_mm(points: Field) -> Field:
        at = (points - low).T[::-1] / STEP_MM
        found = ndimage.map_coordinates(
            known, at, output=np.float64, order=1, mode="nearest", prefilter=False
        )
        return np.asarray(found)

    margin = partial_volume_mm(anatomy.labels)
    return replace(near, voxel_bone=voxel_bone(anatomy.labels, centre, margin, exact_mm))
