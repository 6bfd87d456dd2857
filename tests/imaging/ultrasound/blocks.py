"""Scenes with a known answer: the skin is the plane y = 0, the body lies in front of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import Transform, rigid, unit
from needle_sim.imaging.ultrasound._kernels import TO_MM
from needle_sim.imaging.ultrasound.probe import PROBE
from needle_sim.imaging.ultrasound.scene import Echoes
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.volume.volume import axis_aligned

Field = NDArray[np.float64]
Rule = Callable[[Field, Field, Field], Field]
AIR_MM = 8.0


def block(
    tissue: str | Rule = "muscle",
    bone: Rule | None = None,
    *,
    half_mm: float = 45.0,
    depth_mm: float = 125.0,
    step_mm: float = 0.6,
) -> Echoes:
    """A scene of even tissue. Rules take x, depth under the skin and z, mm, and give labels or the
    signed distance from bone."""
    side = np.arange(-half_mm, half_mm + 0.5 * step_mm, step_mm)
    y = np.arange(-depth_mm, AIR_MM + 0.5 * step_mm, step_mm)
    z, down, x = np.meshgrid(side, -y, side, indexing="ij")
    known = label(tissue) if isinstance(tissue, str) else tissue(x, down, z)
    labels = np.where(down < 0, 0, known).astype(np.uint32)
    away = np.full(x.shape, 400.0) if bone is None else bone(x, down, z)
    steps = np.clip(np.rint(away / TO_MM), -32000, 32000).astype(np.int64) + 32768
    grid = ((steps << 16) | (128 << 8) | labels).astype(np.uint32)
    return Echoes(grid, axis_aligned((step_mm,) * 3, (side[0], y[0], side[0])), step_mm)


def facing(
    at_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    off_mm: float = 0.0,
    turn_deg: float = 0.0,
) -> Transform:
    """A probe over the skin, marker to the patient's left, ``off_mm`` away from the body."""
    turn = np.radians(turn_deg)
    z = np.array([0.0, -1.0, 0.0])
    x = np.array([np.cos(turn), 0.0, np.sin(turn)])
    face = np.asarray(at_mm, dtype=np.float64) - off_mm * z
    return rigid(np.stack([x, np.cross(z, x), z], axis=1), face, source=PROBE)


def shaft(
    pose: Transform,
    tip: tuple[float, float, float],
    along: tuple[float, float, float],
    *,
    length_mm: float = 60.0,
    outer_mm: float = 0.72,
) -> PlacedNeedle:
    """A straight needle with tip and direction in the probe's frame, inside the body."""
    end = np.asarray(tip, dtype=np.float64)
    start = end - length_mm * unit(along)
    needle = Needle(22, outer_mm, 0.41, length_mm + 1e-6, bevel_deg=20.0)
    return PlacedNeedle(needle, Trajectory.straight(pose.apply(start), pose.apply(end)))
