"""How the face of a probe lies against the skin, and how far a hand presses it in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.geometry.transform import Transform, rigid
from needle_sim.imaging.ultrasound.probe import PROBE, Probe

Floats = NDArray[np.float64]

CONTACT_MM = 14.0
"""The widest gap under the face that gel and bulging tissue fill: lines with more than half of it
weaken, those with more hear nothing (proposed)."""

MOST_PRESS_MM = 8.0
"""How far a hand presses a probe in, so that its ends touch too (proposed; the tissue is not
deformed: it shows what lies under the pressed face)."""

_LINES = 15
_STEP_MM = 0.75
_WAY_MM = np.arange(0.0, CONTACT_MM + _STEP_MM, _STEP_MM)
_PRESSES_MM = np.arange(0.0, MOST_PRESS_MM + 0.5, 1.0)
_GAIN = 0.25  # of a line that a further millimetre must win


def coupling(gap_mm: Floats) -> Floats:
    """Share of the amplitude that crosses a gap (...): all of it up to half of `CONTACT_MM`."""
    return np.asarray(np.clip(2.0 - 2.0 * gap_mm / CONTACT_MM, 0.0, 1.0))


def gaps_mm(
    anatomy: Anatomy, faces_mm: Floats, beams: Floats, markers: Floats, probe: Probe
) -> Floats:
    """Way (N, 15) from the face to the body along lines from end to end; inf where it is too far.

    Parameters
    ----------
    faces_mm, beams, markers : (N, 3) arrays
        Middles of the face, directions into the body (+z) and to the marked edge (+x).
    """
    starts, along = probe.rays(_LINES)
    axes = np.stack([markers, beams], axis=1)  # (N, 2, 3): the lines have no y
    begin = faces_mm[:, None] + starts[:, [0, 2]] @ axes
    points = begin[:, :, None] + _WAY_MM[:, None] * (along[:, [0, 2]] @ axes)[:, :, None]
    body = anatomy.labels.sample(points, outside=0) != 0
    return np.where(body.any(axis=2), _WAY_MM[body.argmax(axis=2)], np.inf)


def pressed_mm(
    anatomy: Anatomy, faces_mm: Floats, beams: Floats, markers: Floats, probe: Probe
) -> tuple[Floats, Floats]:
    """How far to press each face (N,) that it touches along its length, and its share that does.

    Returns
    -------
    press_mm : (N,) array
        The least that serves, at most `MOST_PRESS_MM`.
    touching : (N,) array
        Mean `coupling` of its lines then.
    """
    shares = np.stack(
        [
            coupling(gaps_mm(anatomy, faces_mm + far * beams, beams, markers, probe)).mean(axis=1)
            for far in _PRESSES_MM
        ]
    )
    worth = shares - _GAIN / _LINES * _PRESSES_MM[:, None]
    best = worth.argmax(axis=0)
    return _PRESSES_MM[best], shares[best, np.arange(len(faces_mm))]


def pressed(anatomy: Anatomy, patient_from_probe: Transform, probe: Probe) -> Transform:
    """A pose with the probe pressed in along its axis, as far as its face gains contact."""
    x, _, z = patient_from_probe.matrix[:3, :3].T
    face = patient_from_probe.matrix[:3, 3]
    far, _ = pressed_mm(anatomy, face[None], z[None], x[None], probe)
    return rigid(patient_from_probe.matrix[:3, :3], face + far[0] * z, source=PROBE)
