"""`prepare`: what a probe sees of a patient's region, once for all poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.acoustics import AIR, BONES, acoustic_of, kin
from needle_sim.imaging.ultrasound.field import _kernels
from needle_sim.imaging.ultrasound.field.bone_field import exact_bone, voxel_bone
from needle_sim.imaging.ultrasound.field.grid import Grid
from needle_sim.imaging.ultrasound.field.stamps import stamps
from needle_sim.imaging.ultrasound.field.textures import tiles
from needle_sim.jit import in_slabs
from needle_sim.volume.volume import Volume

Floats = NDArray[np.float64]

STEP_MM = 0.65
"""Voxel of a scene (proposed: about 1.5 wavelengths of 3.5 MHz, a third of its beam's width)."""

REACH_MM = 85.0
MOST_VOXELS = 120_000_000

_AIR_MM = 8.0  # kept beyond the skin
_KINDS = {"none": 0, "fine": 1, "fibres": 2, "strands": 3, "lobules": 4, "blotches": 5}


@dataclass(frozen=True, slots=True, eq=False)
class Echoes:
    """A region of a patient as sound meets it.

    Parameters
    ----------
    grid : (I, J, K) uint32 array
        Label (bits 0-7), texture (8-15: quarter decibels about 128) and signed distance from bone
        (16-31: 1/64 mm about 32768) of each voxel; upright, in patient LPS.
    patient_from_voxel : Transform
    step_mm : float, mm
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

    @classmethod
    def around(cls, anatomy: Anatomy, near_mm: ArrayLike, *, reach_mm: float = REACH_MM) -> Echoes:
        """The scene about a point (3,): made once, then `sonogram` takes it for every pose."""
        return prepare(anatomy, near_mm, reach_mm=reach_mm)

    @property
    def corners_mm(self) -> Floats:
        """Low and high corner (2, 3), patient LPS."""
        ends = self.patient_from_voxel.apply(np.stack([np.zeros(3), np.array(self.grid.shape) - 1]))
        return np.stack([ends.min(axis=0), ends.max(axis=0)])

    def words(self, points_mm: ArrayLike) -> NDArray[np.uint32]:
        """Words of the nearest voxel (...) at patient points (..., 3); the rim goes on outside."""
        at = np.rint(self.patient_from_voxel.inverse().apply(points_mm)).astype(int)
        i, j, k = np.moveaxis(np.clip(at, 0, np.array(self.grid.shape) - 1), -1, 0)
        return np.asarray(self.grid[i, j, k])

    def labels_at(self, points_mm: ArrayLike) -> NDArray[np.uint16]:
        """Tissue labels (...) at patient points (..., 3); 0 is outside the body."""
        words = self.words(points_mm)
        return np.where((words >> 16) < 32768, BONES[0], words & 255).astype(np.uint16)


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
        The region misses the body, or would need more than `MOST_VOXELS`.
    """
    near = as_points(np.atleast_2d(np.asarray(near_mm, dtype=np.float64)), "near_mm")[0]
    grid = _grid_about(anatomy.labels, near, reach_mm, step_mm)
    part = _crop(anatomy.labels, grid)
    exact = exact_bone(anatomy, grid)
    given = (part.array, voxel_bone(part, exact, grid))
    back = (part.patient_from_voxel.inverse() @ grid.patient_from_voxel).matrix
    kinds = np.array([_KINDS[acoustic_of(n).texture] for n in range(len(tissues()))])
    marks = (label("fat"), label("muscle"), *BONES)
    told = (kin(), tiles(step_mm), _midline(anatomy, grid), grid.low_mm, step_mm, *marks)
    over = stamps(anatomy, grid)
    out = np.empty(grid.shape, dtype=np.uint32)

    def fill(start: int, stop: int) -> None:
        _kernels.assemble(*given, back, over, exact, kinds, *told, start, stop, out)

    in_slabs(fill, grid.shape[0], slab=16)
    return Echoes(out, grid.patient_from_voxel, step_mm)


def _grid_about(labels: Volume, near: Floats, reach_mm: float, step_mm: float) -> Grid:
    """The grid of what lies within reach, in the volume, and not far off the body."""
    if not (0.1 <= step_mm <= 3.0 and 10.0 <= reach_mm <= 300.0):
        raise InputError(
            f"a scene needs step_mm 0.1 to 3 and reach_mm 10 to 300, got {step_mm} and {reach_mm}"
        )
    edges = labels.corners_mm()
    low, high = np.maximum(near - reach_mm, edges[0]), np.minimum(near + reach_mm, edges[1])
    if not (high - low > 2 * step_mm).all():
        raise InputError(
            f"the region about {near.round(1)} misses the volume, which spans {edges[0].round(1)} "
            f"to {edges[1].round(1)} mm (patient LPS)"
        )
    axes = [np.arange(a, b, 4.0) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    body = points[labels.sample(points, outside=0) != AIR]
    if not len(body):
        raise InputError(f"no body lies within {reach_mm:g} mm of {near.round(1)} (patient LPS)")
    low = np.maximum(low, body.min(axis=0) - _AIR_MM)
    high = np.minimum(high, body.max(axis=0) + _AIR_MM)
    k, j, i = (int(n) for n in np.floor((high - low) / step_mm) + 1)
    if i * j * k > MOST_VOXELS:
        raise InputError(
            f"a scene of {i} x {j} x {k} voxels is larger than {MOST_VOXELS}; lower reach_mm "
            f"({reach_mm:g}) or raise step_mm ({step_mm:g})"
        )
    return Grid(low, step_mm, (i, j, k))


def _crop(labels: Volume, grid: Grid) -> Volume:
    """The voxels about a grid, with a margin for blurs."""
    ends = grid.patient_from_voxel.apply(np.stack([np.zeros(3), np.array(grid.shape) - 1]))
    corners = np.stack(np.meshgrid(*ends.T), axis=-1).reshape(-1, 3)
    at, margin = labels.voxels(corners), np.ceil(4.0 / labels.spacing_mm)
    first, last = np.floor(at.min(axis=0) - margin), np.ceil(at.max(axis=0) + margin) + 1
    return labels.crop(first.astype(int).tolist(), last.astype(int).tolist())


def _midline(anatomy: Anatomy, grid: Grid) -> Floats:
    """x (I,) of the spine in each plane of the grid: along the bodies, else the volume's middle."""
    at = np.array([one.matrix[:3, 3] for one in anatomy.bodies.values()])
    if not len(at):
        return np.full(grid.shape[0], anatomy.labels.centre_mm[0])
    order = np.argsort(at[:, 2])
    z = grid.low_mm[2] + grid.step_mm * np.arange(grid.shape[0])
    return np.asarray(np.interp(z, at[order, 2], at[order, 0]))
