"""The iliac wings, in the body frame of S1 (they turn with it: the pelvis is one piece)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import lateral_mass, side_posts
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import unit

_X = np.array([1.0, 0.0, 0.0])

# Crest from posterior superior to anterior superior iliac spine, and the lower edge under it, from
# the joint to the roof of the socket; mm from the middle of the upper endplate of S1, in a pelvis
# with a sacral slope of 34 degrees: lateral, posterior, cranial. (Proportions of atlas figures.)
_CREST = (
    (45.0, 44.0, -44.0),
    (57.0, 43.0, -16.0),
    (77.0, 30.0, 14.0),
    (100.0, 8.0, 33.0),
    (121.0, -28.0, 26.0),
    (128.0, -60.0, 2.0),
    (122.0, -82.0, -34.0),
)
_BASE = (
    (52.0, 44.0, -62.0), (59.0, 34.0, -58.0), (66.0, 16.0, -66.0), (76.0, -4.0, -76.0),
    (86.0, -24.0, -88.0), (97.0, -44.0, -94.0), (104.0, -56.0, -98.0),
)  # fmt: skip
_NOMINAL_SLOPE_DEG = 34.0

# Half thickness from the posterior to the anterior end: of the crest (18.9 +- 2.3 mm at the
# tubercle, 45 % more than 30 mm behind the anterior spine: Ebraheim 1997, Spine 22:847; least 100
# to 120 mm behind it: Mangla 2025, doi:10.14712/23362936.2025.2), of the plate under it (22 cm2
# with less than 5 mm between its cortices, from 14 to 20 mm under the crest on: Wang 2020,
# doi:10.17632/n5bkvctf4c.1), and of the lower edge, thick over the socket (proposed).
_ALONG = (0.0, 0.28, 0.5, 0.72, 0.86, 1.0)
_HALF_MM = (
    (6.6, 5.6, 5.2, 7.4, 6.2, 5.4), (4.6, 3.7, 2.3, 2.0, 2.6, 4.4), (4.2, 4.4, 5.0, 6.4, 8.0, 9.0),
)  # fmt: skip
_WAIST = 0.4  # of the way from crest to lower edge the plate is thinnest (proposed)
_BOW_MM = 5.0  # so far the iliac fossa is hollowed there (proposed)


def wing_edges(
    spec: VertebraSpec, sizes: Mapping[str, float], side: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Crest and lower edge (12, 3) of one wing, back to front, body frame of S1."""
    post = side_posts(Segments(spec, sizes), side)
    scale = 0.5 * sizes["width_mm"] / 56.0
    return _pelvic(_finer(_CREST), post, scale), _pelvic(_finer(_BASE), post, scale)


def ilium_shape(spec: VertebraSpec, sizes: Mapping[str, float], side: str) -> Implicit:
    """One iliac wing with its crest and the sacroiliac joint space, body frame of S1."""
    axis = Segments(spec, sizes)
    post = side_posts(axis, side)
    scale = 0.5 * sizes["width_mm"] / 56.0
    crest, base = wing_edges(spec, sizes, side)
    rows = []
    for n, waist in enumerate(_waists(crest, base, post.sign)):
        run = unit(crest[min(n + 1, len(crest) - 1)] - crest[max(n - 1, 0)])
        top, thin, low = (scale * float(np.interp(n / 11.0, _ALONG, one)) for one in _HALF_MM)
        rows.append(
            bar(crest[n], waist, (14.0, top), end_radii_mm=(12.5, thin), across=run, cap_mm=top,
                blend_mm=5.0)
        )  # fmt: skip
        rows.append(
            bar(waist, base[n], (12.5, thin), end_radii_mm=(11.0, low), across=run, cap_mm=4.0,
                blend_mm=5.0)
        )  # fmt: skip
    joint = _pelvic(np.array([(54.0, 38.0, -24.0), (62.0, 22.0, -56.0)]), post, scale)
    rows.append(
        bar(joint[0], joint[1], (9.0, 15.0), across=_X, blend_mm=6.0)
    )  # tuberosity behind the joint
    rows += lateral_mass(axis, post, grown_mm=2.0, step="cut")
    return Implicit.of(rows)


def _waists(
    crest: NDArray[np.float64], base: NDArray[np.float64], sign: float
) -> NDArray[np.float64]:
    """The thinnest places (12, 3) of the plate, bowed outwards but for the joint and the spine."""
    way = base - crest
    out = np.cross(np.gradient(crest, axis=0), way)
    out = out * np.where(out[:, :1] * sign > 0.0, 1.0, -1.0)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    bow = _BOW_MM * np.interp(np.arange(len(crest)), [2.0, 5.0, 9.0, 11.0], [0.0, 1.0, 1.0, 0.2])
    return np.asarray(crest + _WAIST * way + bow[:, None] * out)


def _finer(points: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    """Twelve points on a smooth curve through the given ones."""
    knots = np.array(points)
    at = np.linspace(0.0, len(knots) - 1.0, 12)
    return np.asarray(CubicSpline(np.arange(len(knots)), knots)(at))


def _pelvic(points: NDArray[np.float64], post: Posts, scale: float) -> NDArray[np.float64]:
    """From the upright pelvis to the body frame of S1."""
    spec = post.spec
    tilt = np.radians(_NOMINAL_SLOPE_DEG) - np.arctan(spec.wedge_slope)
    up = np.array([0.0, -np.sin(tilt), np.cos(tilt)])
    axes = np.stack([_X, np.cross(up, _X), up], axis=1)
    placed = scale * points * np.array([post.sign, 1.0, 1.0])
    return np.asarray(placed @ axes + np.array([0.0, 0.0, 0.5 * spec.height_mm]))
