"""`prepare`: what a probe sees of a patient region, once for all poses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, special

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.acoustics import AIR, BONES, acoustic_of
from needle_sim.imaging.ultrasound.textures import tiles
from needle_sim.jit import in_slabs
from needle_sim.volume.volume import Volume, axis_aligned

STEP_MM = 0.6
"""Voxel of a scene (proposed: about 1.5 wavelengths of a 3.5 MHz probe, a quarter of its line)."""

REACH_MM = 90.0
MOST_VOXELS = 120_000_000

_BAND_MM = 2.6  # the exact distance from bone is evaluated this near to its surface
_COARSE = 4
_NO_STAMP = 255
_KINDS = {"none": 0, "fine": 1, "fibres": 2, "strands": 3, "lobules": 4, "blotches": 5}
_SPACE_TISSUE = {"canal": "epidural_fat", "disc": "annulus", "flavum": "ligament"}
_STRUCTURE_TISSUE = {"dura": "csf", "root": "nerve", "medial_branch": "nerve", "vessel": "blood"}


@dataclass(frozen=True, slots=True, eq=False)
class Echoes:
    """A region of a patient as sound meets it.

    Parameters
    ----------
    grid : (I, J, K) uint32 array
        Label (bits 0-7), texture (8-15: quarter decibels about 128) and signed distance from bone
        (16-31: 1/64 mm about 32768) of each voxel; upright, in patient LPS.
    patient_from_voxel : Transform
    step_mm : float
    """

    grid: NDArray[np.uint32]
    patient_from_voxel: Transform
    step_mm: float

    def __post_init__(self) -> None:
        if self.grid.ndim != 3 or self.grid.dtype != np.uint32 or min(self.grid.shape) < 2:
            raise InputError(
                f"a scene needs a (I, J, K) uint32 grid, got {self.grid.shape} {self.grid.dtype}"
            )
        self.grid.flags.writeable = False

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3), patient LPS."""
        ends = self.patient_from_voxel.apply([[0, 0, 0], np.array(self.grid.shape) - 1])
        return np.stack([ends.min(axis=0), ends.max(axis=0)])

    def words(self, points_mm: ArrayLike) -> NDArray[np.uint32]:
        """Words of the nearest voxel (...) at patient points (..., 3); the rim goes on outside."""
        at = np.rint(self.patient_from_voxel.inverse().apply(points_mm)).astype(int)
        i, j, k = np.moveaxis(np.clip(at, 0, np.array(self.grid.shape) - 1), -1, 0)
        return np.asarray(self.grid[i, j, k])

    def labels_at(self, points_mm: ArrayLike) -> NDArray[np.uint16]:
        """Tissue labels (...) at patient points (..., 3); 0 is outside the body."""
        words = self.words(points_mm)
        found = (words & 255).astype(np.uint16)
        found[(words >> 16) < 32768] = BONES[0]
        return found


def prepare(
    anatomy: Anatomy, near_mm: ArrayLike, *, reach_mm: float = REACH_MM, step_mm: float = STEP_MM
) -> Echoes:
    """The scene about a point, for `sonogram`; the same for every pose of the probe.

    Tissue comes from the voxels, smoothed by a vote of neighbours, with sac, nerves, vessels and
    known spaces over them. Bone is exact where the anatomy has exact bones, and from the voxels
    elsewhere: there its surface is where their share, blurred by about a voxel, is a half.

    Parameters
    ----------
    anatomy : Anatomy
    near_mm : (3,) array_like
        Middle of the region, patient LPS: about the target, so that skin and target are in it.
    reach_mm : float, mm
        Half of its side; beyond it, and beyond the volume, its rim goes on.
    step_mm : float, mm

    Raises
    ------
    InputError
        The region misses the volume, or would need more than `MOST_VOXELS`.
    """
    near = as_points(np.atleast_2d(np.asarray(near_mm, dtype=np.float64)), "near_mm")[0]
    if not (0.1 <= step_mm <= 3.0 and 10.0 <= reach_mm <= 300.0):
        raise InputError(
            f"a scene needs step_mm 0.1 to 3 and reach_mm 10 to 300: {step_mm=} {reach_mm=}"
        )
    edges = anatomy.labels.corners_mm()
    low, high = np.maximum(near - reach_mm, edges[0]), np.minimum(near + reach_mm, edges[1])
    if not (high - low > 2 * step_mm).all():
        raise InputError(
            f"the region about {near.round(1)} misses the volume, which spans {edges[0].round(1)} "
            f"to {edges[1].round(1)} mm (patient LPS)"
        )
    shape = tuple(int(n) for n in (np.floor((high - low) / step_mm) + 1)[::-1])
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise InputError(
            f"a scene of {shape} voxels is larger than {MOST_VOXELS}; lower reach_mm ({reach_mm}) "
            f"or raise step_mm ({step_mm})"
        )
    place = axis_aligned((step_mm,) * 3, low.tolist())
    exact = _exact_bone(anatomy, place, (shape[0], shape[1], shape[2]), step_mm)
    part = _crop(anatomy.labels, low, high)
    voxel_bone = _voxel_bone(part, exact, place)
    stamp = _stamps(anatomy, part, place, exact.shape, step_mm)
    grid = np.empty(shape, dtype=np.uint32)
    back = (part.patient_from_voxel.inverse() @ place).matrix
    settings = (
        tiles(step_mm),
        _midline(anatomy, place, shape[0]),
        np.array(low),
        step_mm,
        label("fat"),
        label("muscle"),
        *BONES,
    )
    kinds = np.array([_KINDS[acoustic_of(n).texture] for n in range(len(tissues()))])

    def fill(start: int, stop: int) -> None:
        given = (part.array, voxel_bone, back, stamp, exact, kinds, *settings)
        _kernels.assemble(*given, start, stop, grid)

    in_slabs(fill, shape[0], slab=16)
    return Echoes(grid, place, step_mm)


def _crop(labels: Volume, low: NDArray[np.float64], high: NDArray[np.float64]) -> Volume:
    """The voxels about a box, with a margin for blurs."""
    ends = np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)
    at = labels.voxels(ends)
    margin = np.ceil(4.0 / labels.spacing_mm)
    first, last = np.floor(at.min(axis=0) - margin), np.ceil(at.max(axis=0) + margin) + 1
    return labels.crop(first.astype(int).tolist(), last.astype(int).tolist())


def _points(place: Transform, box: tuple[slice, ...], every: int = 1) -> NDArray[np.float64]:
    """Patient points (i, j, k, 3) of a box of the grid."""
    axes = [np.arange(one.start, one.stop, every) for one in box]
    return place.apply(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))


def _box_of(
    box_mm: NDArray[np.float64], place: Transform, shape: tuple[int, ...], margin_mm: float
) -> tuple[slice, ...] | None:
    at = place.inverse().apply(box_mm + np.array([[-margin_mm], [margin_mm]]))
    start = np.maximum(np.floor(at.min(axis=0)).astype(int), 0)
    stop = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 1, shape)
    if not (start < stop).all():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))


def _exact_bone(
    anatomy: Anatomy, place: Transform, shape: tuple[int, int, int], step_mm: float
) -> NDArray[np.int16]:
    """Distance from the exact bones in 1/64 mm, true near a surface and rough further off."""
    out = np.full(shape, 32000, dtype=np.int16)
    for bone in anatomy.bones.values():
        box = _box_of(np.asarray(bone.box_mm), place, shape, _BAND_MM + 1.0)
        if box is not None:
            found = np.clip(
                np.rint(_near_surface(bone, place, box) / _kernels.TO_MM), -32000, 32000
            )
            out[box] = np.minimum(out[box], found.astype(np.int16))
    return out


def _near_surface(bone: Bone, place: Transform, box: tuple[slice, ...]) -> NDArray[np.float32]:
    """Distance over a box: from a coarse grid, and exact where that is near to 0."""
    wide = tuple(slice(one.start, one.stop + _COARSE) for one in box)
    points = _points(place, wide, _COARSE)
    coarse = bone.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:3])
    size = [one.stop - one.start for one in box]
    axes = [np.arange(n) / _COARSE for n in size]
    fine = coarse
    for axis, at in enumerate(axes):
        low = np.minimum(at.astype(int), fine.shape[axis] - 2)
        share = (at - low).reshape([-1 if n == axis else 1 for n in range(3)])
        fine = np.take(fine, low, axis) * (1 - share) + np.take(fine, low + 1, axis) * share
    found = fine.astype(np.float32)
    near = np.argwhere(np.abs(found) < _BAND_MM)
    if len(near):
        start = [one.start for one in box]
        found[tuple(near.T)] = bone.distance_mm(place.apply(near + start))
    return found


def _voxel_bone(part: Volume, exact: NDArray[np.int16], place: Transform) -> NDArray[np.float32]:
    """Distance (voxels of ``part``) from bone that no exact surface accounts for, mm.

    A half-space blurred by a Gaussian of width s has the share Phi(-d / s) at distance d.
    """
    bony = (part.array == BONES[0]) | (part.array == BONES[1])
    at = np.argwhere(bony)
    margin = float(part.spacing_mm.max())
    index = np.rint(place.inverse().apply(part.patient_from_voxel.apply(at))).astype(int)
    index = np.clip(index, 0, np.array(exact.shape) - 1)
    taken = exact[tuple(index.T)] * _kernels.TO_MM < margin
    bony[tuple(at[taken].T)] = False
    blur_mm = max(0.8, 0.5 * margin)
    if not bony.any():
        return np.full(part.shape, 8.0, dtype=np.float32)
    share = ndimage.gaussian_filter(
        bony.astype(np.float32), blur_mm / part.spacing_mm, truncate=3.0
    )
    return np.asarray(-blur_mm * special.ndtri(np.clip(share, 1e-3, 1 - 1e-3)), dtype=np.float32)


def _stamps(
    anatomy: Anatomy, part: Volume, place: Transform, shape: tuple[int, ...], step_mm: float
) -> NDArray[np.uint8]:
    """Labels of spaces and structures by their exact shapes; `_NO_STAMP` elsewhere."""
    out = np.full(shape, _NO_STAMP, dtype=np.uint8)
    for kind in ("canal", "disc", "flavum"):
        for space in anatomy.spaces.values():
            if space.kind != kind or (kind == "disc" and space.provenance == "constructed"):
                continue  # a phantom's own voxels know the nucleus too
            box = _box_of(np.asarray(space.shape.box_mm), place, shape, 0.0)
            if box is not None:
                points = _points(place, box)
                inside = space.shape.distance_mm(points.reshape(-1, 3)) < 0
                out[box][inside.reshape(points.shape[:3])] = label(_SPACE_TISSUE[kind])
    for kind, tissue in _STRUCTURE_TISSUE.items():
        for one in anatomy.structures.values():
            for tube in _stretches(one.tubes if one.kind == kind else ()):
                reach = tube.radius_mm.max()
                ends = np.stack([tube.points_mm.min(axis=0), tube.points_mm.max(axis=0)])
                box = _box_of(ends, place, shape, reach)
                if box is not None:
                    points = _points(place, box)
                    inside = distance_to_tubes_mm(points.reshape(-1, 3), [tube]) < 0
                    out[box][inside.reshape(points.shape[:3])] = label(tissue)
    return out


def _stretches(tubes: tuple[Tube, ...]) -> Iterator[Tube]:
    """Short tubes, so that the box about each is small."""
    for tube in tubes:
        edges = [*range(0, len(tube.points_mm) - 1, 8), len(tube.points_mm) - 1]
        for start, stop in pairwise(edges):
            yield Tube(tube.points_mm[start : stop + 1], tube.radius_mm[start : stop + 1])


def _midline(anatomy: Anatomy, place: Transform, count: int) -> NDArray[np.float64]:
    """x (I,) of the spine in each plane of the grid: along the bodies, else the volume's middle."""
    at = np.array([one.matrix[:3, 3] for one in anatomy.bodies.values()])
    z = place.apply(np.stack([np.arange(count), np.zeros(count), np.zeros(count)], axis=1))[:, 2]
    if not len(at):
        return np.full(count, anatomy.labels.centre_mm[0])
    order = np.argsort(at[:, 2])
    return np.interp(z, at[order, 2], at[order, 0])


__all__ = ["AIR", "Echoes", "prepare"]
