"""How C-arm and table are moved: distances, table moves; what they do to the pose in the patient.

A `CArm` is placed in the patient, so a move of the table is a move of the isocentre the other way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm, aimed

Position = Literal["prone", "supine"]
POSITIONS: tuple[Position, ...] = ("prone", "supine")
_MOST_MOVE_MM = 2000.0


def checked_position(position: str) -> Position:
    """``"prone"`` or ``"supine"``; anything else is refused."""
    for known in POSITIONS:
        if position == known:
            return known
    raise InputError(f"position must be one of {', '.join(POSITIONS)}, got {position!r}")


def above_deg(position: str) -> float:
    """``orbital_deg`` of a detector straight above the table: 0 prone, 180 supine."""
    return 0.0 if checked_position(position) == "prone" else 180.0


def move_table(
    carm: CArm,
    *,
    raised_mm: float = 0.0,
    towards_left_mm: float = 0.0,
    towards_head_mm: float = 0.0,
    position: str = "prone",
) -> CArm:
    """The pose after the table has carried the patient while the C-arm stood still.

    Parameters
    ----------
    carm : CArm
    raised_mm : float, mm
        Height; up is away from the floor.
    towards_left_mm : float, mm
        Lateral, towards the patient's left.
    towards_head_mm : float, mm
        Longitudinal, in the direction of the patient's head.
    position : "prone" or "supine"
        Which side of the patient is up.
    """
    moves = (raised_mm, towards_left_mm, towards_head_mm)
    if not all(abs(move) <= _MOST_MOVE_MM for move in moves):
        raise InputError(f"a table moves at most {_MOST_MOVE_MM:g} mm either way, got {moves} mm")
    up = 1.0 if checked_position(position) == "prone" else -1.0  # +y is posterior
    patient = np.array([towards_left_mm, up * raised_mm, towards_head_mm])
    return aimed(carm, np.array(carm.isocentre_mm) - patient)


def with_distances(
    carm: CArm,
    *,
    source_detector_mm: float | None = None,
    source_isocentre_mm: float | None = None,
    within_mm: tuple[float, float] | None = None,
) -> CArm:
    """The same pose with another source-image distance, or tube nearer to the isocentre.

    ``within_mm`` are the least and most source-image distance of a device (`Modes`).
    """
    far = carm.source_detector_mm if source_detector_mm is None else source_detector_mm
    near = carm.source_isocentre_mm if source_isocentre_mm is None else source_isocentre_mm
    if within_mm is not None and not within_mm[0] <= far <= within_mm[1]:
        raise InputError(
            f"the source-image distance of this device is {within_mm[0]:g} to {within_mm[1]:g} mm, "
            f"got {far:g}"
        )
    return replace(carm, source_detector_mm=far, source_isocentre_mm=near)
