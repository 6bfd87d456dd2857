"""Where a probe sits: its frame on the skin, and the small moves of a hand from there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform, rigid, unit
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.touch import pressed

Field = NDArray[np.float64]
LEFT, POSTERIOR, HEAD = np.eye(3)  # patient LPS
MOST_SWEEP_MM, MOST_SWEEP_DEG = 200.0, 90.0
"""The longest slide and the widest fan across the plane (proposed)."""

_REACH_MM = 200.0  # longer than any way from the spine to the skin
_STEP_MM = 0.5
_FINE_MM = 0.05
_HALF_FACE_MM = 20.0
_MOST_ROCK_DEG = 25.0  # (proposed)


def exits_mm(anatomy: Anatomy, inside_mm: Field, outward: Field) -> tuple[Field, NDArray[np.bool_]]:
    """Where lines from points (N, 3) along unit directions (N, 3) leave the body, to 0.05 mm.

    Returns
    -------
    exits : (N, 3) array
        The last place on each line that is in the body.
    known : (N,) array of bool
        False where a line starts outside the body, or leaves the volume before the body.
    """
    steps = np.arange(0.0, _REACH_MM, _STEP_MM)
    lines = inside_mm[:, None] + steps[:, None] * outward[:, None]
    body = anatomy.labels.sample(lines, outside=0) != 0
    last = body.shape[1] - 1 - body[:, ::-1].argmax(axis=1)
    ends = inside_mm + steps[last][:, None] * outward
    beyond = ends + outward * float(anatomy.labels.spacing_mm.max())
    known = body[:, 0] & (last < len(steps) - 1) & anatomy.labels.contains(beyond)
    fine = ends[:, None] + np.arange(0.0, _STEP_MM, _FINE_MM)[:, None] * outward[:, None]
    still = anatomy.labels.sample(fine, outside=0) != 0
    most = still.shape[1] - 1 - still[:, ::-1].argmax(axis=1)
    return fine[np.arange(len(fine)), most], np.asarray(known)


def skin_mm(anatomy: Anatomy, inside_mm: ArrayLike, outward: ArrayLike) -> Field:
    """Where the line from a point (3,) in the body along ``outward`` (3,) leaves it, to 0.05 mm.

    Raises
    ------
    InputError
        The point lies outside the body, or the line leaves the volume before it leaves the body.
    """
    start, along = np.asarray(inside_mm, dtype=np.float64), unit(outward)
    if anatomy.labels.sample(start[None], outside=0)[0] == 0:
        raise InputError(
            f"a probe cannot be aimed at {_said(start)} (patient LPS, mm): it lies outside the "
            "body; aim at a point within it"
        )
    found, known = exits_mm(anatomy, start[None], along[None])
    if not known[0]:
        raise InputError(
            f"the skin over {_said(start)} (patient LPS, mm) lies outside the volume: the probe "
            f"would sit beyond {_said(found[0])}; choose another level, or a CT with the back in "
            "its field of view"
        )
    return np.asarray(found[0])


def on_skin(anatomy: Anatomy, aim_mm: ArrayLike, beam: ArrayLike, marker: ArrayLike) -> Transform:
    """``patient_from_probe`` with the middle of the face on the skin and the beam on a point.

    Parameters
    ----------
    aim_mm : (3,) array
        A point in the body, patient LPS, that the middle of the beam meets.
    beam, marker : (3,) array
        Into the body (+z of the probe), and to the marked edge of the face (+x); what of
        ``marker`` lies along the beam is taken off.
    """
    z = unit(beam)
    x = unit(np.asarray(marker, dtype=np.float64) - (np.asarray(marker) @ z) * z)
    axes = np.stack([x, np.cross(z, x), z], axis=1)
    return rigid(axes, skin_mm(anatomy, aim_mm, -z), source=PROBE)


def rocked(anatomy: Anatomy, aim_mm: ArrayLike, beam: ArrayLike, marker: ArrayLike) -> Field:
    """A beam (3,) onto a point, rocked in the scan plane until the face lies flat on the skin.

    Flat along the line between the skin 20 mm to either side; rocked by at most 25 degrees, and not
    at all where the skin there lies outside the volume.
    """
    aim, z = np.asarray(aim_mm, dtype=np.float64), unit(beam)
    x = unit(np.asarray(marker, dtype=np.float64) - (np.asarray(marker) @ z) * z)
    ends, known = exits_mm(anatomy, aim + _HALF_FACE_MM * np.stack([x, -x]), np.stack([-z, -z]))
    if not known.all():
        return z
    across = ends[0] - ends[1]
    slope = np.arctan2(across @ z, across @ x)
    turn = np.sign(slope) * min(abs(slope), np.radians(_MOST_ROCK_DEG))
    return np.asarray(np.cos(turn) * z - np.sin(turn) * x)


def sweep(
    anatomy: Anatomy,
    patient_from_probe: Transform,
    frames: int,
    *,
    mm: float = 0.0,
    deg: float = 0.0,
    probe: Probe | None = None,
) -> tuple[Transform, ...]:
    """The poses of a sweep across the scan plane, the given pose in its middle.

    Parameters
    ----------
    frames : int
        Number of poses, at least 1.
    mm : float, mm
        Length of a slide along the probe's y; each pose is seated on the skin again.
    deg : float, degrees
        Angle of a fan about the middle of the face (a tilt about the probe's x).
    probe : Probe, optional
        Pressed in at each place of a slide until its face touches along its length.

    Raises
    ------
    InputError
        No frames, or a slide leaves the volume.
    """
    if frames < 1:
        raise InputError(f"a sweep needs at least 1 frame, got {frames}")
    check_sweep(mm, deg)
    shares = np.linspace(-0.5, 0.5, frames) if frames > 1 else np.zeros(1)
    moves = [(mm * s, deg * s) for s in shares.tolist()]
    return tuple(_moved(anatomy, patient_from_probe, *one, probe) for one in moves)


def check_sweep(mm: float, deg: float) -> None:
    """`InputError` for a sweep that no hand makes; it says how far one may go."""
    for value, most, unit_name in ((mm, MOST_SWEEP_MM, "mm"), (deg, MOST_SWEEP_DEG, "degrees")):
        if not abs(value) <= most:  # neither is NaN
            raise InputError(
                f"a sweep goes over at most {most:g} {unit_name}, got {value:g}: take less, or "
                "several sweeps"
            )


def _moved(
    anatomy: Anatomy, start: Transform, mm: float, deg: float, probe: Probe | None
) -> Transform:
    x, y, z = start.matrix[:3, :3].T
    turn = np.radians(deg)
    beam = np.cos(turn) * z + np.sin(turn) * y
    if mm == 0.0:
        axes = np.stack([x, np.cross(beam, x), beam], axis=1)
        return rigid(axes, start.matrix[:3, 3], source=start.source)
    inside = start.matrix[:3, 3] + mm * y + _BELOW_SKIN_MM * z
    seat = on_skin(anatomy, inside, beam, x)
    return seat if probe is None else pressed(anatomy, seat, probe)


_BELOW_SKIN_MM = 25.0  # deeper than the back curves along a slide


def _said(point: Field) -> str:
    return ",".join(f"{value:.1f}" for value in point)
