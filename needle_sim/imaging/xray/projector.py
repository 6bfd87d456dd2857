"""`project`: mass per area of each basis material along the ray of each pixel.

Planes of a volume that are crossed by all rays map onto each other by a scaling about the focal
spot. So the sum over planes is taken in one image of slopes, separable linear interpolation on each
plane, and only then resampled to the detector (Catmull-Rom) and weighted by the obliquity of each
ray. All of it happens in voxel indices, where lines stay lines for any affine map, sheared ones
included. The per-ray method of Joseph stays beside it as the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.casting import _kernels
from needle_sim.imaging.xray.casting.layout import Layout
from needle_sim.imaging.xray.materials import Basis, Materials
from needle_sim.jit import in_slabs

Method = Literal["factored", "joseph", "exact"]
METHODS: tuple[Method, ...] = ("factored", "joseph", "exact")
Image = NDArray[np.float32]
Floats = NDArray[np.float64]

STEP_VOXELS = 0.75
"""Sample distance of the image of slopes on the middle plane, in voxels."""

MISSING_G_CM2 = 2.0
"""A ray with more than this of the body beyond the ends of the volume is cut (proposed)."""

_MM_TO_CM = 0.1
_SLAB = 16
_SAMPLE_US, _PIXEL_US = 0.0015, 0.025  # about what a sample of a plane and a pixel take
_kept: WeakKeyDictionary[Layout, Image] = WeakKeyDictionary()
# array axes that serve as planes, rows and columns when planes are taken along axis 0, 1 or 2
_ORDER = ((0, 1, 2), (1, 0, 2), (2, 0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class PathLengths:
    """Mass per area along each ray.

    Parameters
    ----------
    carm : CArm
        The pose.
    mass_g_cm2 : mapping of name to (R, C) float32 array, g/cm2
        Per basis material (`materials.COMPOSITION`); zero where it is absent.
    beyond_g_cm2 : (R, C) float32 array, optional
        Body beyond the cut ends of the volume, where nothing is known but that it goes on; no part
        of ``mass_g_cm2``.
    flanks_g_cm2 : (R, C) float32 array, optional
        Tissue made up at the sides of the volume; no part of ``mass_g_cm2`` either.
    patient : Materials, optional
        What was projected: instruments look up there what gives way to them.
    """

    carm: CArm
    mass_g_cm2: Mapping[str, Image]
    beyond_g_cm2: Image | None = None
    patient: Materials | None = None
    flanks_g_cm2: Image | None = None

    def __post_init__(self) -> None:
        for name, image in self.mass_g_cm2.items():
            if image.shape != self.carm.shape:
                raise InputError(f"{name} has shape {image.shape}, the detector {self.carm.shape}")
            image.flags.writeable = False
        for made_up in (self.beyond_g_cm2, self.flanks_g_cm2):
            if made_up is not None:
                if made_up.shape != self.carm.shape:
                    raise InputError(f"beyond has {made_up.shape}, the detector {self.carm.shape}")
                made_up.flags.writeable = False
        object.__setattr__(self, "mass_g_cm2", MappingProxyType(dict(self.mass_g_cm2)))

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Rays (R, C) that miss over `MISSING_G_CM2` of body because the volume ends."""
        if self.beyond_g_cm2 is None:
            return np.zeros(self.carm.shape, dtype=np.bool_)
        return np.asarray(self.beyond_g_cm2 > MISSING_G_CM2)

    def continued(self) -> PathLengths:
        """The same patient gone on beyond the ends of the volume, as soft tissue without detail."""
        more = [one for one in (self.beyond_g_cm2, self.flanks_g_cm2) if one is not None]
        if not more:
            return self
        mass = dict(self.mass_g_cm2)
        for one in more:
            mass["soft"] = mass["soft"] + one if "soft" in mass else one
        return PathLengths(self.carm, mass, patient=self.patient)


def project(materials: Materials, carm: CArm, *, method: Method = "factored") -> PathLengths:
    """Mass per area of each basis material along the ray of each pixel.

    Parameters
    ----------
    materials : Materials
        From `prepare`.
    carm : CArm
        The pose.
    method : "factored", "joseph" or "exact"
        The last two walk each ray on its own and are there as references: ``"joseph"``
        interpolates between voxels, some ten times slower; ``"exact"`` takes voxels as boxes.

    Returns
    -------
    PathLengths
        g/cm2; the same bytes for any number of threads.
    """
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    found: dict[str, Image] = {}
    for name, basis in (*materials.bases.items(), *materials.inset.items()):
        view = _view(basis, carm)
        image = _factored(view, carm) if method == "factored" else _by_ray(view, carm, method)
        found[name] = found[name] + image if name in found else image
    beyond = None if materials.beyond is None else _factored(_view(materials.beyond, carm), carm)
    sides = None if materials.flanks is None else _factored(_view(materials.flanks, carm), carm)
    return PathLengths(carm, found, beyond, materials, sides)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A basis as seen from a pose: planes, rows, columns; all in voxel indices of that order."""

    layout: Layout
    shape: tuple[int, int, int]
    steps: tuple[int, int]  # row number = plane * steps[0] + row * steps[1]
    source: tuple[float, float, float]
    rays: Floats  # (6, 3): voxel steps in plane, row, column order, then LPS


def _view(basis: Basis, carm: CArm) -> _View:
    voxel_from_patient = basis.patient_from_voxel.inverse()
    source = voxel_from_patient.apply(carm.source_mm)
    rays_mm = carm.pixel_rays()
    rays = voxel_from_patient.matrix[:3, :3] @ rays_mm
    rows, columns = carm.shape
    corners = np.array(
        [[0, 0, 1], [0, columns - 1, 1], [rows - 1, 0, 1], [rows - 1, columns - 1, 1]]
    )
    at_corners = rays @ corners.T
    same_sign = np.abs(np.sign(at_corners).sum(axis=1)) == 4
    outside = (source < 0) | (source > np.array(basis.shape) - 1)
    least = np.where(same_sign & outside, np.abs(at_corners).min(axis=1), -1.0)
    planes_along = int(least.argmax())
    if not least[planes_along] > 0:
        raise InputError(
            "the focal spot lies inside the patient, or the field is wider than the patient is "
            f"far: {carm.source_isocentre_mm=}; lengthen it or move the isocentre"
        )
    order = list(_ORDER[planes_along])
    turned = planes_along == 2
    layout = basis.turned if turned else basis.rows
    shape = np.array(basis.shape)[order]
    # rows are numbered i * J + j, or i * K + k when turned
    steps = (layout.shape[1], 1) if planes_along == 0 else (1, layout.shape[1])
    return _View(
        layout,
        (int(shape[0]), int(shape[1]), int(shape[2])),
        steps,
        (float(source[order[0]]), float(source[order[1]]), float(source[order[2]])),
        np.ascontiguousarray(np.concatenate([rays[order], rays_mm])),
    )


def _by_ray(view: _View, carm: CArm, method: Method) -> Image:
    out = np.zeros(carm.shape, dtype=np.float32)
    walk = _kernels.joseph if method == "joseph" else _kernels.exact
    planes, rows, _ = view.shape
    grid = _dense(view.layout).reshape(-1)
    how = grid, *view.steps, planes, rows, view.source, view.rays, _MM_TO_CM
    in_slabs(lambda start, stop: walk(*how, start, stop, out), carm.shape[0], slab=_SLAB)
    return out


def _dense(layout: Layout) -> Image:
    """A layout in full; the last one is kept, for references that are called again and again."""
    if layout not in _kept:
        _kept.clear()
        _kept[layout] = layout.dense()
    return _kept[layout]


def _slopes(view: _View, carm: CArm, along: int) -> tuple[float, float, int]:
    """First slope, step and count that cover what the detector sees of the box along an axis."""
    planes = view.shape[0]
    depth = np.abs(np.array([0.0, planes - 1.0]) - view.source[0])
    edges = np.array([0.0, view.shape[along] - 1.0]) - view.source[along]
    of_box = edges[:, None] / depth
    rows, columns = carm.shape
    corners = np.array(
        [[0, 0, 1], [0, columns - 1, 1], [rows - 1, 0, 1], [rows - 1, columns - 1, 1]]
    )
    seen = (view.rays[along] @ corners.T) / np.abs(view.rays[0] @ corners.T)
    low, high = max(of_box.min(), seen.min()), min(of_box.max(), seen.max())
    step = STEP_VOXELS / depth.mean()
    count = max(0, int(np.ceil((high - low) / step))) + 7 if high > low else 0
    return float(low - 3 * step), float(step), count


def _factored(view: _View, carm: CArm) -> Image:
    out = np.zeros(carm.shape, dtype=np.float32)
    held = view.layout
    planes, _, columns = view.shape
    u0, du, high = _slopes(view, carm, 1)
    v0, dv, wide = _slopes(view, carm, 2)
    if high == 0 or wide == 0:
        return out
    sums = np.empty((high, wide), dtype=np.float32)
    slopes = (u0, du, v0, dv)
    per_unit = _kernels.MOST / max(held.most, 1e-30)

    def add(start: int, stop: int) -> None:
        line = np.empty(columns + 2, dtype=np.int32)
        words = np.empty((_kernels.BLOCK, columns + 2), dtype=np.uint32)
        where = held.values, held.origin, held.filled, *view.steps, *view.shape, per_unit
        _kernels.plane_sums(*where, view.source, *slopes, start, stop, line, words, sums)

    def turn(start: int, stop: int) -> None:
        _kernels.resample(
            sums, view.rays, *slopes, _MM_TO_CM * held.scale / per_unit, start, stop, out
        )

    in_slabs(add, high, slab=_SLAB, row_us=wide * planes * _SAMPLE_US)
    in_slabs(turn, carm.shape[0], slab=4 * _SLAB, row_us=carm.shape[1] * _PIXEL_US)
    return out
