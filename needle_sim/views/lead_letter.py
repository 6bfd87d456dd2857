"""`lead_letter`: the side's letter as lead on the detector's cover, where a screen would write it.

Blur, noise and window act on it as on needle and bone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.solids import block, capsule
from needle_sim.imaging.xray.carm import points_at
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.instruments.part import Part, part
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.views.display import Display

Floats = NDArray[np.float64]

HEIGHT_SHARE = 0.06  # of the picture
ACROSS, DOWN = 0.085, 0.09  # of the picture, from its upper corner: the middle of the letter
_ROUND = 0.21  # the same of a round field
_WIDE, _STROKE = 0.62, 0.19  # of the letter's height
_THICK_MM = 1.5
_COVER_MM = 4.0  # of the letter before the detector's entrance
_BOWL = np.radians(np.linspace(90.0, -90.0, 9))  # of the letter R


def lead_letter(shot: Radiograph, *, display: Display | None = None) -> PlacedTool:
    """The letter that a picture of this pose shows, as a tool for `expose(..., tools=[letter])`.

    Parameters
    ----------
    shot : Radiograph
        Of the pose; a picture without noise will do.
    display : Display, optional
        How it is shown; as for a prone patient by default.

    Raises
    ------
    InputError
        Blades leave the corner dark: no lead is seen there.
    """
    if "collimation" in shot.truth:
        raise InputError("a lead letter lies in the corner that the blades shut; leave them open")
    shown = Display.for_prone(shot) if display is None else display
    said = shown.marker_at(shot)
    rows, columns = shown.drawn_shape
    across, far = (ACROSS, DOWN) if shot.intensifier is None else (_ROUND, _ROUND)
    x = columns * (across if said.corner == "upper left" else 1.0 - across)
    middle = points_at(shot.carm, _detector_place(shown, x, rows * far), _depth_mm(shot))
    right, down = shown.directions(shot)
    high = HEIGHT_SHARE * rows * shot.carm.pixel_mm
    axes = np.stack([right, -down, shot.carm.beam_direction], axis=1)
    parts = tuple(_stroke(line, middle, axes, high) for line in _STROKES[said.letter])
    return PlacedTool(f"lead letter {said.letter}", parts, middle[None])


def _depth_mm(shot: Radiograph) -> float:
    return float(shot.carm.source_detector_mm - _COVER_MM)


def _detector_place(shown: Display, x: float, y: float) -> Floats:
    """Row and column (2,) of the detector that are drawn at x and y."""
    origin, by_row, by_column = shown.place([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    turn = np.stack([by_row - origin, by_column - origin], axis=1)
    return np.asarray(np.linalg.solve(turn, np.array([x, y]) - origin))


def _stroke(line: Floats, middle: Floats, axes: Floats, high_mm: float) -> Part:
    """A flat bar of lead between two places (2, 2) of the letter's square."""
    start, end = (middle + high_mm * axes[:, :2] @ (at - [0.5 * _WIDE, 0.5]) for at in line)
    if np.linalg.norm(end - start) < 0.3 * _STROKE * high_mm:
        return part(capsule(start, end, _STROKE * high_mm), "lead", in_tissue=False)
    along = (end - start) / np.linalg.norm(end - start)
    turn = np.stack([along, np.cross(axes[:, 2], along), axes[:, 2]], axis=1)
    sides = float(np.linalg.norm(end - start)) + 0.7 * _STROKE * high_mm, _STROKE * high_mm
    bar = block(0.5 * (start + end), (*sides, _THICK_MM), turn)
    return part(bar, "lead", in_tissue=False)


def _pairs(points: Floats) -> list[Floats]:
    return [points[n : n + 2] for n in range(len(points) - 1)]


def _letters() -> dict[str, list[Floats]]:
    upright = np.array([[0.08, 0.1], [0.08, 0.9]])
    foot = np.array([[0.08, 0.1], [_WIDE - 0.05, 0.1]])
    bowl = np.stack([0.3 + 0.22 * np.cos(_BOWL), 0.69 + 0.21 * np.sin(_BOWL)], axis=1)
    ring = np.concatenate([[[0.08, 0.9]], bowl, [[0.08, 0.48]]])
    leg = np.array([[0.28, 0.48], [_WIDE - 0.08, 0.1]])
    return {"L": [upright, foot], "R": [upright, *_pairs(ring), leg]}


_STROKES = _letters()
