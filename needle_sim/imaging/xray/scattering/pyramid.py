"""`Pyramid`: the patient in a few cells of the pyramid of rays between focal spot and detector."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.beam import material
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.casting.layout import Layout
from needle_sim.imaging.xray.materials import COMPOSITION, Basis, Materials
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.scattering import _kernels

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

CELLS = 8
"""Cells of the pyramid along the longer side of the detector."""

MARGIN = 2
"""Cells beyond each side of the detector, in which photons of the beam walk about."""

LAYERS = 10
"""Layers of cells between the first and the last of the body."""

_COARSE_MM = 8.0  # about the side of the blocks in which a patient is looked up
_LOOKS = 64  # along a ray, to find the body and to average it in a layer
_AIR_G_CM3 = 0.05
_LIKE_KEV = 60.0  # at which metal is weighed as bone
_kept: WeakKeyDictionary[Layout, tuple[Image, tuple[int, int, int]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """Cells of a patient; lengths in cm from the focal spot.

    Parameters
    ----------
    rows, columns : (R,), (C,) arrays
        Slopes of the middles of the cells to the central ray.
    depths : (K,) array, cm
        Middles of the layers, ``step_cm`` apart.
    step_cm : float, cm
    density : (2, R, C, K) array, g/cm3
        Soft tissue and bone.
    """

    rows: Floats
    columns: Floats
    depths: Floats
    step_cm: float
    density: Floats

    @property
    def slant(self) -> Floats:
        """Way (R, C, 1) through a layer over its thickness."""
        return np.asarray(np.sqrt(1.0 + self.rows[:, None] ** 2 + self.columns**2))[..., None]

    @property
    def middle(self) -> float:
        """Depth of the middle of the body, cm."""
        return 0.5 * float(self.depths[0] + self.depths[-1])


def pooled(image: Image, cells: tuple[int, int]) -> Floats:
    """Means (R, C) of an image over as good as even blocks."""
    edges = [np.arange(n) * side // n for n, side in zip(cells, image.shape, strict=True)]
    total = np.add.reduceat(np.add.reduceat(image, edges[0], axis=0), edges[1], axis=1)
    counts = [np.diff([*e, side]) for e, side in zip(edges, image.shape, strict=True)]
    return np.asarray(total / (counts[0][:, None] * counts[1]), dtype=np.float64)


def cells_of(carm: CArm) -> tuple[int, int]:
    """Cells down and across the detector."""
    longer = max(carm.shape)
    rows, columns = (max(3, round(CELLS * side / longer)) for side in carm.shape)
    return min(rows, carm.shape[0]), min(columns, carm.shape[1])


def pyramid(paths: PathLengths) -> Pyramid | None:
    """The patient of path lengths in cells; None where there is nobody.

    Where only path lengths are known, the body is a block of water about the isocentre, as thick as
    its mass.
    """
    carm, cells = paths.carm, cells_of(paths.carm)
    half = (0.5 * side * carm.pixel_mm / carm.source_detector_mm for side in carm.shape)
    rows, columns = (
        (np.arange(-MARGIN, n + MARGIN) + 0.5) * 2.0 * h / n - h
        for n, h in zip(cells, half, strict=True)
    )
    if paths.patient is None:
        looked = _block(paths, cells)
    else:
        looked = _looked_up(paths.patient, carm, rows, columns)
    depths, density = looked
    filled = (density.sum(axis=0) > _AIR_G_CM3).any(axis=(0, 1))
    if not filled.any():
        return None
    step = depths[1] - depths[0]
    at = np.flatnonzero(filled)
    low, high = depths[at[0]] - 0.5 * step, depths[at[-1]] + 0.5 * step
    edges = np.linspace(low, high, LAYERS + 1)
    middles, layer = 0.5 * (edges[1:] + edges[:-1]), edges[1] - edges[0]
    mass = np.cumsum(density, axis=3) * step
    mass = np.concatenate([np.zeros_like(mass[..., :1]), mass], axis=3)
    place = np.clip((edges - depths[0]) / step + 0.5, 0, len(depths))
    whole = np.minimum(place.astype(int), len(depths) - 1)
    part = place - whole
    at_edges = mass[..., whole] * (1.0 - part) + mass[..., whole + 1] * part
    return Pyramid(rows, columns, middles, layer, np.diff(at_edges, axis=3) / layer)


def _block(paths: PathLengths, cells: tuple[int, int]) -> tuple[Floats, Floats]:
    soft = np.zeros(cells)
    bone = np.zeros(cells)
    for name, image in paths.mass_g_cm2.items():
        like, share = _like(name)
        into = soft if like == 0 else bone
        into += share * pooled(image, cells)
    thick = np.pad(soft + bone, MARGIN, mode="edge")
    middle = 0.1 * paths.carm.source_isocentre_mm
    half = min(0.5 * max(float(thick.max()), 1e-3), 0.95 * middle)
    half = min(half, 0.99 * (0.1 * paths.carm.source_detector_mm - middle))
    edges = np.linspace(middle - half, middle + half, _LOOKS + 1)
    wide = np.minimum(0.5 * thick, half)[..., None]
    over = np.minimum(edges[1:], middle + wide) - np.maximum(edges[:-1], middle - wide)
    # the way through a slanted column is longer than it is thick
    share = np.maximum(over, 0.0) / (edges[1] - edges[0]) / np.maximum(2.0 * wide, 1e-9)
    masses = [np.pad(one, MARGIN, mode="edge")[..., None] for one in (soft, bone)]
    return 0.5 * (edges[1:] + edges[:-1]), np.stack([share * mass for mass in masses])


def _like(name: str) -> tuple[int, float]:
    """Whether a basis counts as soft tissue (0) or bone (1), and how much of it for its mass."""
    if name == "soft":
        return 0, 1.0
    if name == "bone":
        return 1, 1.0
    at = int(_LIKE_KEV)
    weighs = material(COMPOSITION[name]).mu_rho[at - 10] / material("cortical_bone").mu_rho[at - 10]
    return 1, float(weighs)


def _looked_up(
    patient: Materials, carm: CArm, rows: Floats, columns: Floats
) -> tuple[Floats, Floats]:
    """Depths (L,) and densities (2, R, C, L) where a patient is, averaged in blocks."""
    made_up = [("soft", one) for one in (patient.beyond, patient.flanks) if one is not None]
    every = [*patient.bases.items(), *patient.inset.items(), *made_up]
    near, far = _between(every, carm, rows, columns)
    edges = np.linspace(near, far, _LOOKS + 1)
    depths = 0.5 * (edges[1:] + edges[:-1])
    down, across = np.meshgrid(rows, columns, indexing="ij")
    along = [carm.column_direction * across[..., None], carm.row_direction * down[..., None]]
    rays = carm.beam_direction + along[0] + along[1]
    density = np.zeros((2, len(rows), len(columns), len(depths)))
    for name, basis in every:
        like, share = _like(name)
        blocks, factor = _blocks(basis)
        voxel_from_patient = basis.patient_from_voxel.inverse()
        start = voxel_from_patient.apply(carm.source_mm)
        way = rays @ voxel_from_patient.matrix[:3, :3].T
        at = start + way[:, :, None] * (10.0 * depths)[:, None]
        at = (at + 0.5) / np.array(factor) - 0.5
        density[like] += share * ndimage.map_coordinates(
            blocks, np.moveaxis(at, -1, 0), order=1, mode="constant"
        )
    return depths, density


def _between(
    every: list[tuple[str, Basis]], carm: CArm, rows: Floats, columns: Floats
) -> tuple[float, float]:
    """Depths, cm, between which boxes lie that the beam may meet."""
    near, far = np.inf, 0.0
    most = 0.1 * carm.source_detector_mm
    inverse = carm.patient_from_carm.inverse()
    for _, basis in every:
        sides = np.array(basis.shape) - 1.0
        corners = np.stack(np.meshgrid(*([0.0, side] for side in sides), indexing="ij"), axis=-1)
        local = inverse.apply(basis.patient_from_voxel.apply(corners.reshape(-1, 3)))
        near = min(near, 0.1 * float(local[:, 2].min()))
        far = max(far, 0.1 * float(local[:, 2].max()))
    near, far = max(near, 0.02 * most), min(far, 0.995 * most)
    return (near, far) if near < far else (0.5 * most, 0.51 * most)


def _blocks(basis: Basis) -> tuple[Image, tuple[int, int, int]]:
    """The density of a basis in blocks, and voxels a block; worked out once."""
    layout = basis.rows
    if layout not in _kept:
        sides = np.linalg.norm(basis.patient_from_voxel.matrix[:3, :3], axis=0)
        factor = tuple(int(max(1, round(_COARSE_MM / side))) for side in sides)
        shape = tuple(-(-n // f) for n, f in zip(layout.shape, factor, strict=True))
        total = np.zeros(shape, dtype=np.float32)
        _kernels.summed(layout.values, layout.origin, layout.filled, layout.shape, factor, total)
        total *= np.float32(layout.scale / np.prod(factor))
        _kept[layout] = total, factor  # type: ignore[assignment]
    return _kept[layout]
