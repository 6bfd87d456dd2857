"""Whether a probe's face lies on the skin, and which way to move it where it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.acoustics import AIR
from needle_sim.imaging.ultrasound.march import Rays
from needle_sim.imaging.ultrasound.scene import Echoes
from needle_sim.imaging.ultrasound.touch import CONTACT_MM

MOST_OFF_MM = 3.0
"""Gap between face and skin that gel bridges (proposed)."""

MOST_IN_MM = 15.0
"""How far the face may be pressed in (proposed; the tissue is not deformed)."""

_SEARCH_MM, _STEP_MM = 60.0, 0.25


def skin_mm(echoes: Echoes, patient_from_probe: Transform) -> float:
    """Where the skin lies along the probe's axis: over 0 is before the face, under 0 behind it.

    `InputError` where there is no skin within 60 mm.
    """
    along = np.arange(-_SEARCH_MM, _SEARCH_MM + 0.5 * _STEP_MM, _STEP_MM)
    points = patient_from_probe.apply(np.stack([0 * along, 0 * along, along], axis=1))
    inside = (echoes.words(points) & 255) != AIR
    face = len(along) // 2
    at = points[face].round(1)
    if not inside.any():
        raise InputError(
            f"the probe's axis meets no skin within {_SEARCH_MM:g} mm of its face at {at} (patient "
            "LPS, mm); move it to the body and point its +z into it"
        )
    away = f"the probe at {at} (patient LPS, mm) points away from the body; turn its +z into it"
    if inside[face]:
        air, before = np.flatnonzero(~inside[:face]), np.flatnonzero(~inside[face:])
        deep = face - air[-1] if len(air) else len(along)
        if deep * _STEP_MM > MOST_IN_MM and len(before) and before[0] < deep:
            raise InputError(away)
        if not len(air):
            raise InputError(
                f"the probe's face at {at} (patient LPS, mm) lies over {_SEARCH_MM:g} mm inside "
                "the body or at the rim of the scene; move it along its -z, out of the body"
            )
        return float(along[air[-1] + 1])
    ahead = np.flatnonzero(inside[face:])
    if not len(ahead):
        raise InputError(away)
    return float(along[face + ahead[0]])


def check_contact(echoes: Echoes, patient_from_probe: Transform) -> None:
    """Refuse a face off the skin or too deep in it; `InputError` says how far to move it."""
    gap = skin_mm(echoes, patient_from_probe)
    if gap > MOST_OFF_MM:
        raise InputError(
            f"the probe's face is {gap:.1f} mm off the skin, at most {MOST_OFF_MM:g} are bridged "
            f"by gel; move it {gap:.1f} mm along its +z, towards the body"
        )
    if -gap > MOST_IN_MM:
        raise InputError(
            f"the probe's face is {-gap:.1f} mm inside the body, at most {MOST_IN_MM:g} can be "
            f"pressed in; move it {-gap:.1f} mm along its -z, out of the body"
        )


def line_gaps_mm(echoes: Echoes, rays: Rays, stride: int) -> NDArray[np.float64]:
    """Gap (L,) under the face along every ``stride``-th line; inf where it is not bridged."""
    middle = slice(stride // 2, None, stride)
    every = max(1, round(_GAP_STEP_MM / rays.step_mm))
    along = np.arange(0, round(CONTACT_MM / rays.step_mm) + 1, every)
    begin, step = rays.begin[middle, None], rays.steps[middle, None]
    at = np.rint(begin + along[:, None] * step).astype(np.int32)
    most = np.array(echoes.grid.shape) - 1
    i, j, k = np.moveaxis(np.clip(at, 0, most), -1, 0)
    body = (echoes.grid[i, j, k] & 255) != AIR
    return np.where(body.any(axis=1), along[body.argmax(axis=1)] * rays.step_mm, np.inf)


_GAP_STEP_MM = 0.5
