"""The dural sac of fitted vertebrae: an oval in the canal, with epidural fat behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from needle_sim.anatomy.joined import column_of
from needle_sim.anatomy.phantom.course import CLEAR_MM
from needle_sim.anatomy.phantom.nerves import behind_disc
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.shapes import Implicit, Tube

Points = NDArray[np.float64]

SAC_MM = (18.0, 13.0)
"""Width and depth of the sac where the canal has room: 184 mm2 beside 152 +- 54 (LIM17,
PMC5728944); depth 12-15 mm, from memory."""

_FAT_MM = 3.6
"""Of the canal's depth that the sac leaves, most of it dorsally (as in the phantom)."""

_BEYOND_MM = 30.0
_STEP_MM = 2.0
_SCALES = np.linspace(1.0, 0.6, 21)


def dural_sac(
    fits: Mapping[str, VertebraFit],
    bones: Sequence[Implicit],
    pushed: Callable[[Points, Points, Sequence[Implicit]], Points],
) -> tuple[Tube, ...]:
    """An oval sac as parallel tubes through the canals, 30 mm beyond the ends, patient.

    Behind each disc it lies next to it, so that the dorsal fat is deepest between two laminae;
    where bones leave less room it is narrower. ``pushed(points, radius, bones)`` moves a path of
    circles off the bones.
    """
    line, left, most = _canal_line(fits)
    half = 0.5 * np.array(SAC_MM)
    line = pushed(line, most * half[1], bones)
    shares = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    # circles that touch an ellipse from inside: centre and radius of each
    beside = shares * (half[0] ** 2 - half[1] ** 2) / half[0] * 0.999
    radius = half[1] * np.sqrt(1 - beside**2 / (half[0] ** 2 - half[1] ** 2))
    fits_in = np.zeros((len(_SCALES), len(line)), dtype=bool)
    for n, scale in enumerate(_SCALES):
        lanes = line + scale * beside[:, None, None] * left
        free = np.min([bone.distance_mm(lanes.reshape(-1, 3)) for bone in bones], axis=0)
        room = free.reshape(len(beside), -1) - scale * radius[:, None]
        fits_in[n] = (room >= CLEAR_MM).all(axis=0)
    scale = np.where(fits_in.any(axis=0), _SCALES[fits_in.argmax(axis=0)], _SCALES[-1])
    scale = np.minimum(scale, most)
    even = gaussian_filter1d(minimum_filter1d(scale, 5, mode="nearest"), 1.0, mode="nearest")
    scale = np.minimum(scale, even)
    return tuple(
        Tube(line + (scale * across)[:, None] * left, scale * size)
        for across, size in zip(beside, radius, strict=True)
    )


def _canal_line(fits: Mapping[str, VertebraFit]) -> tuple[Points, Points, Points]:
    """Axis (N, 3) of the sac from the feet up, direction to the left (N, 3), largest scale (N,)."""
    column = column_of(fits)
    levels = column.levels[::-1]
    shares = {one: _share(fits[one]) for one in levels}
    knots = []
    for n, level in enumerate(levels):
        for point in _middles(fits[level], alone=n + 1 == len(levels)):
            knots.append(_knot(fits[level], point, shares[level]))
        above = levels[n + 1] if n + 1 < len(levels) else ""
        if (above, level) in column.pairs:
            share = min(shares[level], shares[above])
            place = behind_disc(column, above, level, 0.5 * share * SAC_MM[1])
            knots.append(np.concatenate([place, knots[-1][3:6], [share]]))
    if fits[levels[0]].sacrum is None:
        knots.insert(0, _beyond(knots[0], fits[levels[0]], -_BEYOND_MM))
    knots.append(_beyond(knots[-1], fits[levels[-1]], _BEYOND_MM))
    steps = np.linalg.norm(np.diff(np.stack(knots)[:, :3], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0.0, along[-1], int(along[-1] / _STEP_MM))
    course = PchipInterpolator(along, np.stack(knots))(at)
    return course[:, :3], course[:, 3:6], course[:, 6]


def _share(fit: VertebraFit) -> float:
    """How much of its full size the sac has in this canal, so that fat is left."""
    room = (fit.spec.canal_depth_mm - _FAT_MM) / SAC_MM[1]
    return float(np.clip(room, _SCALES[-1], 1.0))


def _middles(fit: VertebraFit, *, alone: bool) -> list[Points]:
    """Where the sac's middle runs through a vertebra, body frame, from below upwards."""
    if fit.sacrum is not None:
        inside = canal_points(fit.spec, fit.sacrum)  # the sac ends at the middle of S2: HIN14
        lower = [0.5 * (inside[1] + inside[2]), inside[1]]
        return [*lower, inside[0]] if alone else lower
    return [np.array([0.0, fit.spec.back_mm + 0.5 * fit.spec.canal_depth_mm - 0.5, 0.0])]


def _knot(fit: VertebraFit, point: Points, share: float) -> Points:
    pose = fit.patient_from_body
    return np.concatenate([pose.apply(point), pose.matrix[:3, 0], [share]])


def _beyond(knot: Points, fit: VertebraFit, up_mm: float) -> Points:
    """A knot farther along the outermost vertebra's own axis."""
    found = knot.copy()
    found[:3] += up_mm * fit.patient_from_body.matrix[:3, 2]
    return found
