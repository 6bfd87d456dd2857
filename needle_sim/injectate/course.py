"""Courses of small vessels about a vertebra, in its own directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from needle_sim.geometry.paths import resample

Knots = NDArray[np.float64]

_PLEXUS_MM = 7.0  # of each channel behind the bodies from the midline (texts)


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """Where a vessel starts in a vertebra: +x left, +y backwards, +z up, from the body's middle.

    ``tip`` (3,), mm; ``side`` 1 left or -1; how far the body reaches back and aside, mm; ``up`` 1
    or -1 is the way that the blood takes.
    """

    tip: NDArray[np.float64]
    side: float
    back_mm: float
    half_mm: float
    up: float

    @property
    def groove(self) -> NDArray[np.float64]:
        """Where the vein of the foramen meets the ascending lumbar vein, between body and psoas."""
        aside = max(self.half_mm + 5.0, abs(self.tip[0]) + 3.0)
        return np.array([self.side * aside, self.back_mm - 9.0, self.tip[2] + 2.0 * self.up])

    @property
    def beside(self) -> NDArray[np.float64]:
        """On the channel of the plexus behind the body on this side."""
        height = self.tip[2] + 7.0 * self.up
        return np.array([self.side * _PLEXUS_MM, self.back_mm + 2.0, height])


def venous(about: About, *, epidural: bool) -> Knots:
    """Knots (K, 3) along the plexus behind the bodies, or out to the ascending lumbar vein."""
    side, up = about.side, about.up
    if epidural:
        way = [[0, 0, 0], [2, 1, 16], [-1.5, 0, 33], [2, 1.5, 52], [-_PLEXUS_MM, 3, 78]]
        return np.concatenate([[about.tip], about.beside + np.array(way) * [side, 1.0, up]])
    groove = about.groove
    roof = 0.5 * (about.tip + groove) + np.array([0.0, -1.0, 3.0])
    limb = [[0, 0, 0], [1, -2, 22], [-1, -4, 48], [-3, -9, 80]]
    return np.concatenate([[about.tip, roof], groove + np.array(limb) * [side, 1.0, up]])


def tributaries(about: About, *, epidural: bool) -> tuple[Knots, ...]:
    """Knots (K, 3) of what fills with a vein, each from where it leaves it.

    The plexus is a ladder: a rung behind each body leads to the channel of the other side, and the
    foramina drain it to the ascending lumbar veins. These have a limb each way, and take the
    segmental vein that comes round the body.
    """
    mirror = np.array([about.side, 1.0, about.up])
    groove, beside = about.groove, about.beside
    if epidural:
        aside = abs(groove[0]) - _PLEXUS_MM
        rung = [[0, 0, 3], [-7, -1.0, 6], [-14, 0, 8], [-15, 1, 22], [-12.5, 0, 40], [-15, 1, 58]]
        out = [[0.8, 0, 9], [8, 2, 13], [aside, -11, 15], [aside + 1, -13, 34]]
        down = [[-0.5, 0, -1], [1.5, 1, -12], [0, 0.5, -28]]
        return tuple(beside + np.array(one) * mirror for one in (rung, out, down))
    round_it = [[0, 0, 1], [-1.5, -10, 6], [-6, -22, 9], [-16, -31, 11]]
    limb = [[0, 0, 0], [0.5, 0, -13], [-1.5, -2, -34]]
    start = about.tip + 0.2 * (groove - about.tip)
    inner = np.stack([start, 0.5 * (start + beside) + [0.0, 1.0, 0.0], beside,
                      beside + np.array([1.0, 0.5, 15.0]) * mirror,
                      beside + np.array([-1.0, 0.0, 34.0]) * mirror])  # fmt: skip
    return groove + np.array(round_it) * mirror, inner, groove + np.array(limb) * mirror


def arterial(about: About) -> Knots:
    """Inwards along the root, then straight up in the front of the canal: a hairpin's leg."""
    tip, side, back = about.tip, about.side, about.back_mm
    return np.stack(
        [
            tip,
            np.array([0.55 * tip[0], back + 4.0, tip[2] + 4.0]),
            np.array([side * 2.0, back + 7.0, tip[2] + 16.0]),
            np.array([side * 0.5, back + 7.5, tip[2] + 40.0]),
            np.array([0.0, back + 8.0, tip[2] + 85.0]),
        ]
    )


def winding(knots: Knots, rng: np.random.Generator, amplitude_mm: float) -> NDArray[np.float64]:
    """A smooth path (N, 3) through knots (K, 3) that winds about it; first point kept."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    at = np.arange(0.0, along[-1], 0.6)
    path = PchipInterpolator(along, knots)(at)
    phases = rng.uniform(0, 2 * np.pi, (3, 2))
    waves = rng.uniform([[9.0, 19.0]] * 3, [[15.0, 32.0]] * 3)
    grow = np.minimum(at / 12.0, 1.0)
    for axis in range(3):
        for phase, wave in zip(phases[axis], waves[axis], strict=True):
            swing = np.sin(2 * np.pi * at / wave + phase) - np.sin(phase)
            path[:, axis] += 0.5 * amplitude_mm * grow * swing
    path = ndimage.gaussian_filter1d(path, 4.0, axis=0, mode="nearest")
    path += (knots[0] - path[0]) * np.exp(-at / 6.0)[:, None]
    return resample(path, 0.6)
