"""Chords of rays through needles: steel, plastic of the hub, and the tissue that gives way.

A stretch of a needle is a convex body (a cylinder cut by planes), so a ray meets it in one
interval; a tube is the outer body less its bore.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.instruments.placed import PlacedNeedle

Floats = NDArray[np.float64]

HUB_OUTER_MM, HUB_INNER_MM, HUB_LENGTH_MM = 6.0, 4.0, 10.0
"""A plastic hub of the size of a Luer cone (model choice): end-on it is a ring about a dot."""

HUB_G_CM3 = 1.2
"""Density of the hub, about that of polycarbonate; it attenuates as water does (model choice)."""

SUBRAYS = 3
"""Rays a side in each pixel that a needle touches."""

_NEAR_MM = 1.0  # what is nearer to the focal spot than this is not drawn


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of a needle: a round tube cut by planes.

    ``normals`` (P, 3) point out of what is kept; ``kept_to`` (P,) is normal times a point of each
    plane. ``tissue`` is True where the stretch lies under the skin.
    """

    start: Floats
    end: Floats
    outer_mm: float
    inner_mm: float
    normals: Floats
    kept_to: Floats
    steel: bool
    tissue: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """Chords of all needles in the pixels that they touch.

    Parameters
    ----------
    rows, columns : (N,) int arrays
    steel_g_cm2, plastic_g_cm2, tissue_cm : (N, S) float32 arrays
        Per sub-ray; the last is the length of displaced tissue.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    steel_g_cm2: NDArray[np.float32]
    plastic_g_cm2: NDArray[np.float32]
    tissue_cm: NDArray[np.float32]


def parts_of(placed: PlacedNeedle) -> list[Part]:
    """The shaft of a needle stretch by stretch, and its hub."""
    needle, points = placed.needle, placed.shaft_mm
    keep = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9])
    entry = 1 if keep[1] else 0  # index of the skin entry among the points that are kept
    points = points[keep]
    axes = unit(np.diff(points, axis=0))
    tangents = unit(np.concatenate([axes[:1], axes[:-1] + axes[1:], axes[-1:]]))
    ends = tangents.copy()
    tip = points[-1].copy()
    bevel = np.deg2rad(needle.bevel_deg)
    if needle.bevel_deg < 90:
        clock = np.deg2rad(placed.bevel_clock_deg)
        frame = placed.trajectory.patient_from_needle
        face = frame.turn([np.sin(clock), np.cos(clock), 0.0])
        ends[-1] = np.sin(bevel) * axes[-1] + np.cos(bevel) * face
        tip -= 0.5 * needle.outer_mm * face  # the point of the bevel is on the wall
    found = []
    for index, (start, end) in enumerate(pairwise(points)):
        stop = tip if index == len(axes) - 1 else end
        normals = np.stack([-tangents[index], ends[index + 1]])
        kept_to = np.array([normals[0] @ start, normals[1] @ stop])
        diameters = needle.outer_mm, needle.inner_mm
        found.append(Part(start, end, *diameters, normals, kept_to, True, index >= entry))
    outward = -axes[0] * HUB_LENGTH_MM
    normals = np.stack([-axes[0], axes[0]])
    kept_to = np.array([normals[0] @ (points[0] + outward), normals[1] @ points[0]])
    hub = (points[0] + outward, points[0], HUB_OUTER_MM, HUB_INNER_MM, normals, kept_to)
    return [*found, Part(*hub, steel=False, tissue=False)]


def shadow(carm: CArm, needles: Sequence[PlacedNeedle], steel_g_cm3: float) -> Shadow:
    """Chords of needles on the sub-rays of the pixels that they touch."""
    parts = [part for placed in needles for part in parts_of(placed)]
    masks = [_touched(carm, part) for part in parts]
    touched = np.zeros(carm.shape, dtype=bool)
    for rows, columns in masks:
        touched[rows, columns] = True
    at_row, at_column = np.nonzero(touched)
    number = np.full(carm.shape, -1, dtype=np.intp)
    number[at_row, at_column] = np.arange(len(at_row))
    sums = np.zeros((3, len(at_row), SUBRAYS**2), dtype=np.float32)
    offsets = (np.arange(SUBRAYS) + 0.5) / SUBRAYS - 0.5
    sub_row, sub_column = (one.reshape(-1) for one in np.meshgrid(offsets, offsets))
    for part, (rows, columns) in zip(parts, masks, strict=True):
        rays = np.stack(
            np.broadcast_arrays(rows[:, None] + sub_row, columns[:, None] + sub_column, 1.0),
            axis=-1,
        )
        wall_cm, body_cm = chords_cm(carm.source_mm, rays @ carm.pixel_rays().T, part)
        here = number[rows, columns]
        sums[0 if part.steel else 1][here] += wall_cm * (steel_g_cm3 if part.steel else HUB_G_CM3)
        if part.tissue:
            sums[2][here] += body_cm
    return Shadow(at_row, at_column, sums[0], sums[1], sums[2])


def chords_cm(source_mm: Floats, rays_mm: Floats, part: Part) -> tuple[Floats, Floats]:
    """Length (...), cm, of rays (..., 3) from focal spot to pixel in the wall and in the body."""
    body = _interval(source_mm, rays_mm, part, part.outer_mm)
    bore = _interval(source_mm, rays_mm, part, part.inner_mm) if part.inner_mm > 0 else 0.0
    length_cm = np.linalg.norm(rays_mm, axis=-1) * 0.1
    return np.asarray((body - bore) * length_cm), np.asarray(body * length_cm)


def _interval(source_mm: Floats, rays_mm: Floats, part: Part, diameter_mm: float) -> Floats:
    """Share (...) of each ray inside a cylinder cut by the planes of the part."""
    axis = unit(part.end - part.start)
    to_source = source_mm - part.start
    across = to_source - (to_source @ axis) * axis
    along = rays_mm @ axis
    a = np.maximum((rays_mm**2).sum(axis=-1) - along**2, 1e-12)
    b = rays_mm @ across
    root = b**2 - a * (across @ across - 0.25 * diameter_mm**2)
    half = np.sqrt(np.maximum(root, 0.0)) / a
    near, far = np.maximum(-b / a - half, 0.0), np.minimum(-b / a + half, 1.0)
    for normal, kept_to in zip(part.normals, part.kept_to, strict=True):
        slope = rays_mm @ normal
        slope = np.where(np.abs(slope) < 1e-9, 1e-9, slope)  # along the plane: in or out for good
        at = (kept_to - source_mm @ normal) / slope
        far = np.where(slope > 0, np.minimum(far, at), far)
        near = np.where(slope > 0, near, np.maximum(near, at))
    return np.asarray(np.where(root > 0, np.maximum(far - near, 0.0), 0.0))


def seen_polyline(carm: CArm, points_mm: Floats) -> Floats:
    """Row and column (N, 2) of a polyline (M, 3); what lies behind the focal spot is cut off."""
    depth = carm.patient_from_carm.inverse().apply(points_mm)[:, 2] - _NEAR_MM
    seen = []
    for index, point in enumerate(points_mm):
        if index and depth[index - 1] * depth[index] < 0:
            share = depth[index - 1] / (depth[index - 1] - depth[index])
            seen.append(points_mm[index - 1] + share * (point - points_mm[index - 1]))
        if depth[index] >= 0:
            seen.append(point)
    return project_points(carm, np.array(seen)) if seen else np.empty((0, 2))


def _touched(carm: CArm, part: Part) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels that a part may touch: near the line between its ends."""
    # a bevel or a mitre reaches past the end of the axis by less than the diameter
    over = part.outer_mm * unit(part.end - part.start)
    ends = seen_polyline(carm, np.stack([part.start - over, part.end + over]))
    nothing = np.empty(0, dtype=np.intp)
    if len(ends) < 2:
        return nothing, nothing
    depth = carm.patient_from_carm.inverse().apply(np.stack([part.start, part.end]))[:, 2]
    largest = carm.source_detector_mm / max(float(depth.min()) - part.outer_mm, _NEAR_MM)
    margin = 0.5 * part.outer_mm * largest / carm.pixel_mm + 2.0
    last = np.array(carm.shape) - 1
    low = np.clip(np.floor(ends.min(axis=0) - margin), 0, last + 1).astype(int)
    high = np.clip(np.ceil(ends.max(axis=0) + margin), -1, last).astype(int)
    if (high < low).any():
        return nothing, nothing
    rows = np.arange(low[0], high[0] + 1)[:, None]
    columns = np.arange(low[1], high[1] + 1)[None, :]
    line = ends[1] - ends[0]
    back_row, back_column = rows - ends[0, 0], columns - ends[0, 1]
    share = (back_row * line[0] + back_column * line[1]) / max(float(line @ line), 1e-12)
    share = np.clip(share, 0.0, 1.0)
    away = (back_row - share * line[0]) ** 2 + (back_column - share * line[1]) ** 2
    found = np.nonzero(away <= margin**2)
    return found[0] + low[0], found[1] + low[1]
