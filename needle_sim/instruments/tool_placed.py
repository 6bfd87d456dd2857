"""`PlacedTool`: a tool laid along a path in the patient; and bone cement, which has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry import solids
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import unit
from needle_sim.instruments.part import Part, part
from needle_sim.instruments.tool import Tool
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.instruments.way import Way

Floats = NDArray[np.float64]

_LEAST_MM = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTool:
    """A tool, here: what pictures draw.

    Parameters
    ----------
    name : str
    parts : tuple of Part
        A later one takes the place of an earlier one where they overlap.
    line_mm : (N, 3) array
        Its axis, rear end first and tip last.
    """

    name: str
    parts: tuple[Part, ...]
    line_mm: Floats

    def __post_init__(self) -> None:
        if not self.parts:
            raise InputError(f"{self.name} has no parts")
        object.__setattr__(self, "line_mm", as_points(self.line_mm, "line_mm", least=1))


def place(
    tool: Tool | str,
    trajectory: Trajectory,
    *,
    facing: ArrayLike | None = None,
    in_tissue: bool = True,
    name: str | None = None,
) -> PlacedTool:
    """Lay a tool along a path.

    Parameters
    ----------
    tool : Tool or str
        The name of a preset will do.
    trajectory : Trajectory
        Its tip is the tool's; bends are mitred. What is longer than the path goes on straight out
        of the entry, and displaces no tissue there.
    facing : (3,) array, optional
        Where slots and flat sides of a tool face, patient LPS; towards the head by default.
    in_tissue : bool
        Whether tissue gives way to it inside of the entry.
    """
    kind = Tool.preset(tool) if isinstance(tool, str) else tool
    over = 0.0 if kind.length_mm is None else kind.length_mm - trajectory.depth_mm
    if over < -_LEAST_MM:
        raise InputError(
            f"the path is {trajectory.depth_mm:.1f} mm long and the tool {kind.length_mm:g} mm: "
            f"{-over:.1f} mm too short"
        )
    points = trajectory.points_mm
    if over > _LEAST_MM:
        behind = points[0] - unit(points[1] - points[0]) * over
        points = np.concatenate([behind[None], points])
    way = Way(points, trajectory.depth_mm if in_tissue else 0.0)
    way.check_bends()
    parts = [one for stretch in kind.stretches for one in way.parts(stretch, facing=facing)]
    told = tool if isinstance(tool, str) else "tool"
    return PlacedTool(told if name is None else name, tuple(parts), points)


def cement(
    centres_mm: ArrayLike,
    diameters_mm: ArrayLike,
    *,
    axes: ArrayLike | None = None,
    material: str = "bone_cement",
    name: str = "cement",
) -> PlacedTool:
    """Bone cement as a union of ellipsoids.

    Parameters
    ----------
    centres_mm : (N, 3) array
        Patient LPS.
    diameters_mm : (N, 3) or (N,) array, mm
        Along the axes; round when one is given.
    axes : (3, 3) or (N, 3, 3) array, optional
        Columns; those of the patient by default.
    """
    centres = as_points(centres_mm, "centres_mm of cement")
    sizes = np.asarray(diameters_mm, dtype=np.float64)
    sizes = np.broadcast_to(sizes[:, None] if sizes.ndim == 1 else sizes, centres.shape)
    turns = np.broadcast_to(np.eye(3) if axes is None else axes, (len(centres), 3, 3))
    blobs = [
        part(solids.ellipsoid(centre, size, turn), material)
        for centre, size, turn in zip(centres, sizes.tolist(), turns, strict=True)
    ]
    return PlacedTool(name, tuple(blobs), centres)
