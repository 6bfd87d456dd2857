"""Rays against convex parts in plain NumPy: every part at every ray, and what lies along them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.materials import Materials
from needle_sim.instruments.part import Part

Floats = NDArray[np.float64]


def intervals(source_mm: Floats, along: Floats, part: Part) -> Floats:
    """First and last mm (2, N) of unit rays (N, 3) in a part of one convex form; 0 for a miss."""
    (form,), (planes,) = part.solid.forms, part.solid.planes
    square = np.diag(form[:3])
    for n, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        square[i, j] = square[j, i] = 0.5 * form[3 + n]
    start = source_mm - part.solid.centre_mm
    a = np.einsum("ni,ij,nj->n", along, square, along)
    b = along @ (square @ start + 0.5 * form[6:9])
    c = start @ square @ start + form[6:9] @ start + form[9]
    root = b**2 - a * c
    half = np.sqrt(np.maximum(root, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = (-b - half) / a, (-b + half) / a
        for plane in planes:
            slope, left = along @ plane[:3], plane[3] - plane[:3] @ start
            near = np.where(slope < 0, np.maximum(near, left / slope), near)
            far = np.where(slope > 0, np.minimum(far, left / slope), far)
    hit = (root > 0) & (far > near)
    return np.where(hit, [near, far], 0.0)


def chords(
    source_mm: Floats, rays_mm: Floats, parts: Sequence[Part]
) -> tuple[NDArray[np.intp], dict[str, Floats], Floats, NDArray[np.bool_]]:
    """Which rays (H) of N meet a part of an instrument, mass (H) of each material, and tissue.

    That is the ends of steps (E, H), and in which of them (E - 1, H) tissue gave way.
    """
    along = rays_mm / np.linalg.norm(rays_mm, axis=-1, keepdims=True)
    met = np.stack([intervals(source_mm, along, part) for part in parts], axis=1)
    hit = np.flatnonzero((met[1] > met[0]).any(axis=0))
    near, far = met[:, :, hit]
    ends = np.sort(np.concatenate([near, far]), axis=0)
    middle, length = 0.5 * (ends[1:] + ends[:-1]), np.diff(ends, axis=0)
    last = np.full(middle.shape, -1)
    for n in range(len(parts)):
        last[(near[n] < middle) & (middle < far[n])] = n
    gave = np.zeros(last.shape, dtype=bool)
    mass: dict[str, Floats] = {}
    for n, part in enumerate(parts):
        gave |= (last == n) & part.in_tissue & (part.kind != "cut")
        for name, density in part.g_cm3.items():
            found = 0.1 * density * np.where(last == n, length, 0.0).sum(axis=0)
            mass[name] = mass.get(name, 0.0) + found
    return hit, mass, ends, gave


def gone(
    patient: Materials,
    source_mm: Floats,
    rays_mm: Floats,
    ends: Floats,
    gave: NDArray[np.bool_],
    *,
    looks: int = 8,
) -> dict[str, Floats]:
    """Mass (N) of each basis material where tissue gave way, from ``looks`` a step."""
    along = rays_mm / np.linalg.norm(rays_mm, axis=-1, keepdims=True)
    length = np.where(gave, np.diff(ends, axis=0), 0.0)
    found: dict[str, Floats] = {}
    beyond = [] if patient.beyond is None else [("soft", patient.beyond)]
    for name, basis in (*patient.bases.items(), *patient.inset.items(), *beyond):
        grid, place = basis.density, basis.patient_from_voxel.inverse()
        for look in (np.arange(looks) + 0.5) / looks:
            at = ends[:-1] + look * length
            points = place.apply(source_mm + at[..., None] * along)
            density = ndimage.map_coordinates(grid, np.moveaxis(points, -1, 0), order=1)
            found[name] = found.get(name, 0.0) + (0.1 * density * length).sum(axis=0) / looks
    return found
