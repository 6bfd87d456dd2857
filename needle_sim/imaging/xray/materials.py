"""`prepare`: a CT once turned into basis materials, cropped and laid out for the projector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.imaging.xray.casting.layout import STORAGES, Layout, Storage, laid_out
from needle_sim.imaging.xray.flanks import flanks
from needle_sim.imaging.xray.skin_mask import body_of
from needle_sim.volume.even import evened
from needle_sim.volume.volume import Volume

Grid = NDArray[np.float32]

AIR_BELOW_HU = -900.0
"""At and below this a voxel is air and stops nothing: noise in air must not fog the picture."""

SOFT_BELOW_HU = 120.0
"""Up to here a voxel is soft tissue of density 1 + HU/1000; above it bone is mixed in
(proposed)."""

BONE_HU = 1558.0
"""HU of solid cortical bone (ICRU-44, 1.92 g/cm3) at 70 keV, about the mean of 120 kV behind a
patient: 1000 (0.4935 / 0.1929 - 1) with the attenuation of xraydb 4.5.8 (Elam tables)."""

BONE_G_CM3 = 1.92
"""Density of cortical bone, ICRU Report 44."""

METAL_FROM_HU = 3000.0
"""From here on a voxel is metal: a 12-bit CT ends at 3071 HU."""

METAL_G_CM3 = 4.43
"""Metal in a CT is taken as solid titanium (alloy Ti-6Al-4V), the usual spinal implant
(proposed)."""

CONTINUED_MM = 300.0
"""How far the body is taken to go on beyond the ends of a volume (proposed)."""

FADE_MM = 10.0
"""Border in which a finer inset takes the place of the volume around it (proposed)."""

_COARSE_MM = 5.0
_SMOOTH_MM = 30.0  # bone of an end slice must not be drawn out to a rod

COMPOSITION = MappingProxyType(
    {"soft": "water", "bone": "cortical_bone", "metal": "titanium", "iodine": "iodine"}
)
"""Attenuation table of each basis material. Soft tissue is water, so that 0 HU is water exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """One basis material: its density in the smallest box that holds it, with a border of zeros.

    Parameters
    ----------
    rows : Layout, g/cm3
        (I, J, K), rows along k.
    turned : Layout, g/cm3
        (I, K, J), the same with rows along j, for rays along k.
    patient_from_voxel : Transform
        Of the box, border included.
    """

    rows: Layout
    turned: Layout
    patient_from_voxel: Transform

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows and columns of the box, border included."""
        return self.rows.shape

    @property
    def density(self) -> Grid:
        """The density (I, J, K), g/cm3, written out in full."""
        return self.rows.dense()


@dataclass(frozen=True, slots=True, eq=False)
class Materials:
    """Basis materials of a patient.

    Parameters
    ----------
    bases : mapping of name to Basis
        ``soft``, ``bone``, ``metal``; absent when empty.
    beyond : Basis or None
        The body that the volume cuts off, taken as soft tissue of the smoothed density of the two
        end slices, continued outwards.
    inset : mapping of name to Basis
        A part of the patient on a finer grid; ``bases`` fade out where it fades in.
    flanks : Basis or None
        Soft tissue beside the volume where it cuts the sides of the trunk, made up: `flanks`.
    """

    bases: Mapping[str, Basis]
    beyond: Basis | None = None
    inset: Mapping[str, Basis] = field(default_factory=dict)
    flanks: Basis | None = None

    def __post_init__(self) -> None:
        for name in ("bases", "inset"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def nbytes(self) -> int:
        """Memory that it takes, bytes."""
        every = [*self.bases.values(), *self.inset.values()]
        every += [one for one in (self.beyond, self.flanks) if one is not None]
        return sum(one.rows.nbytes + one.turned.nbytes for one in every)


def densities(hu: NDArray[Any]) -> dict[str, Grid]:
    """Density of each basis material, g/cm3, same shape as ``hu``.

    Soft tissue is water of density 1 + HU/1000. From `SOFT_BELOW_HU` to `BONE_HU` a voxel is a
    mixture of the two ends by its HU, so that its attenuation at 70 keV is that of the CT; denser
    bone is bone packed closer. Two-material mixing after Schneider et al. (1996),
    doi:10.1088/0031-9155/41/1/009.
    """
    value = np.asarray(hu, dtype=np.float32)
    water = 1.0 + value / 1000.0
    share = np.clip((value - SOFT_BELOW_HU) / (BONE_HU - SOFT_BELOW_HU), 0.0, 1.0)
    soft = np.where(value < SOFT_BELOW_HU, water, (1.0 + SOFT_BELOW_HU / 1000.0) * (1.0 - share))
    bone = BONE_G_CM3 * np.where(value > BONE_HU, water / (1.0 + BONE_HU / 1000.0), share)
    metal = value >= METAL_FROM_HU
    soft[(value <= AIR_BELOW_HU) | metal] = 0.0
    bone[metal] = 0.0
    found = {"soft": soft, "bone": bone, "metal": METAL_G_CM3 * metal}
    return {name: grid.astype(np.float32) for name, grid in found.items()}


def prepare(
    volume: Volume, *, inset: Volume | None = None, storage: Storage = "float32"
) -> Materials:
    """Basis materials of a CT, once per volume.

    Parameters
    ----------
    volume : Volume
        ``quantity`` "hu"; any direction, spacing or shear. Uneven slices are read on even ones.
    inset : Volume, optional
        A part of the same patient on a finer grid of the same directions, such as
        ``Anatomy.inset``: it takes the volume's place, with a border of `FADE_MM` between the two.
    storage : "float32" or "int16"
        Densities in 16 bits take half the memory, and are rounded to 1/32767 of the greatest.

    Returns
    -------
    Materials
        Each material cropped to its own box; empty ones are left out.
    """
    for one in (volume,) if inset is None else (volume, inset):
        if one.quantity != "hu":
            raise InputError(f"X-ray materials come from a volume in HU, got {one.quantity!r}")
        if storage not in STORAGES:
            raise InputError(f"storage must be one of {', '.join(STORAGES)}, got {storage!r}")
    volume = evened(volume)
    beside = flanks(volume)
    made_up = None if beside is None else lay_out(*beside)
    if inset is None:
        return Materials(_bases(volume, None, storage), _beyond(volume), flanks=made_up)
    inset = evened(inset)
    share, coarse = _fade(inset, inset), _fade(inset, volume)
    bases = _bases(volume, coarse, storage, less=True)
    return Materials(bases, _beyond(volume), _bases(inset, share, storage), made_up)


def _bases(
    volume: Volume, fade: Sequence[Grid] | None, storage: Storage, *, less: bool = False
) -> dict[str, Basis]:
    """Each material of a volume, times a weight (or 1 ``less`` it), the product of its axes'."""
    table = densities(np.arange(-1100, 3101)) if volume.array.dtype.kind in "iu" else None
    found = {}
    for name, least in (("soft", AIR_BELOW_HU), ("bone", SOFT_BELOW_HU), ("metal", METAL_FROM_HU)):
        box = _box(volume.array > least if name != "metal" else volume.array >= least)
        if box is not None:
            hu = volume.array[box]
            if table is None:
                grid = densities(hu)[name]
            else:
                grid = table[name][np.clip(hu, -1100, 3100).astype(np.intp) + 1100]
            if fade is not None:
                z, y, x = (one[part] for one, part in zip(fade, box, strict=True))
                weight = z[:, None, None] * y[:, None] * x
                grid = grid * (1.0 - weight if less else weight)
            if name == "bone" and not grid.any():
                continue
            corner = [part.start for part in box]
            place = _shifted(volume.patient_from_voxel, corner)
            found[name] = lay_out(grid, place, storage=storage)
    return found


def _fade(inset: Volume, grid: Volume) -> list[Grid]:
    """How much of an inset counts at the voxels of a grid: 0 to 1 along each axis (I,), (J,), (K,).

    From 0 at its outermost voxels to 1 at `FADE_MM` inside.
    """
    step = inset.patient_from_voxel.inverse() @ grid.patient_from_voxel
    turn = step.matrix[:3, :3]
    if np.abs(turn - np.diag(np.diag(turn))).max() > 1e-4 or (np.diag(turn) <= 0).any():
        raise InputError(
            "the axes of an inset must run along those of the volume; resample it to such a grid"
        )
    found = []
    for axis, side in enumerate(inset.spacing_mm):
        at = step.matrix[axis, 3] + turn[axis, axis] * np.arange(grid.shape[axis])
        inner = np.minimum(at, inset.shape[axis] - 1 - at) * side
        share = np.clip(inner / FADE_MM, 0.0, 1.0)
        found.append((share * share * (3.0 - 2.0 * share)).astype(np.float32))
    return found


def _beyond(volume: Volume) -> Basis | None:
    """The end slices of the body continued by `CONTINUED_MM`, on a coarse grid."""
    sides = np.linalg.norm(volume.patient_from_voxel.matrix[:3, :3], axis=0)
    ends = [_section(volume.array[index], sides[1:]) for index in (0, -1)]
    if not any(end.any() for end in ends):
        return None
    coarse = np.maximum(np.rint(_COARSE_MM / sides), 1.0)
    step = int(coarse[1]), int(coarse[2])
    ends = [end[:: step[0], :: step[1]] for end in ends]
    thick = _COARSE_MM / sides[0]
    more, whole = round(CONTINUED_MM / _COARSE_MM), len(volume.array) / thick
    inside = int(np.ceil(whole))
    grid = np.zeros((2 * more + inside, *ends[0].shape), np.float32)
    grid[:more], grid[more + inside :] = ends
    # the first layer inside begins at the volume's first face, the last ends at or after its last
    thick = thick * whole / inside
    scale = np.diag([thick, step[0], step[1], 1.0])
    scale[0, 3] = (0.5 - more) * thick - 0.5
    place = volume.patient_from_voxel @ Transform(scale, target=VOXEL, source=VOXEL)
    return lay_out(grid, place)


def _section(hu: NDArray[Any], sides_mm: NDArray[np.float64]) -> Grid:
    """Density (J, K) of the body in a slice, what it encloses filled, specks and detail gone."""
    body = body_of(hu).astype(np.float32)
    found = densities(hu)
    dense = np.asarray(found["soft"] + found["bone"], dtype=np.float32)
    size = [max(1, round(_SMOOTH_MM / side)) for side in sides_mm]
    inside = np.maximum(ndimage.uniform_filter(body, size), 1e-3)
    smooth = ndimage.uniform_filter(dense * body, size) / inside
    return np.asarray(body * smooth, dtype=np.float32)


def lay_out(
    density: NDArray[Any], patient_from_voxel: Transform, *, storage: Storage = "float32"
) -> Basis:
    """A basis material from its density (I, J, K), g/cm3; a border of zeros is put around it."""
    grid = np.ascontiguousarray(density, dtype=np.float32)
    place = _shifted(patient_from_voxel, [-1, -1, -1])
    return Basis(*laid_out(grid, storage=storage), place)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    """The smallest box of slices that holds every True, None without one."""
    spans = []
    for axis in range(3):
        others = tuple(one for one in range(3) if one != axis)
        at = np.flatnonzero(mask.any(axis=others))
        if not at.size:
            return None
        spans.append(slice(int(at[0]), int(at[-1]) + 1))
    return spans[0], spans[1], spans[2]


def _shifted(patient_from_voxel: Transform, start: list[int]) -> Transform:
    shift = np.eye(4)
    shift[:3, 3] = start
    return patient_from_voxel @ Transform(shift, target=VOXEL, source=VOXEL)
