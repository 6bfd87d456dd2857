"""`Solid`: a convex body that a line meets in one stretch, told in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit

Floats = NDArray[np.float64]

_FLAT = 1e-3  # cosine of the angle between an axis and the normal of a plane that cuts it


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A convex body: a quadric cut by planes, or some of them whose union is convex.

    Parameters
    ----------
    centre_mm : (3,) array
        Patient LPS; forms and planes count from here.
    forms : (Q, 10) array
        Coefficients of xx, yy, zz, xy, xz, yz, x, y, z and 1; inside a form is 0 or less.
    planes : tuple of Q (P, 4) arrays
        Of each form, unit normal out of the body and distance from the centre.
    spine_mm : (2, 3) array
        No point of the body is farther than ``reach_mm`` from the line between these two.
    reach_mm : float
    """

    centre_mm: Floats
    forms: Floats
    planes: tuple[Floats, ...]
    spine_mm: Floats
    reach_mm: float

    def __post_init__(self) -> None:
        held = (self.centre_mm, self.forms, self.spine_mm, *self.planes)
        if not all(np.isfinite(one).all() for one in held) or not self.reach_mm > 0:
            raise InputError("a body needs finite points and a diameter over 0 mm")
        for one in held:
            one.flags.writeable = False


def cone(
    start_mm: ArrayLike,
    end_mm: ArrayLike,
    diameters_mm: tuple[float, float],
    *,
    cuts: tuple[ArrayLike | None, ArrayLike | None] = (None, None),
    through_mm: tuple[ArrayLike | None, ArrayLike | None] = (None, None),
) -> Solid:
    """A cylinder or a blunt cone between two points.

    Parameters
    ----------
    start_mm, end_mm : (3,) arrays
        Ends of its axis.
    diameters_mm : (float, float), mm
        At the two ends; one of them may be 0.
    cuts : pair of (3,) arrays or None
        Normals, pointing out, of the planes that end it: along the axis when None. Mitres, bevels.
    through_mm : pair of (3,) arrays or None
        A point of each plane; the end of the axis when None.
    """
    start, end = (np.array(one, dtype=np.float64) for one in (start_mm, end_mm))
    length = float(np.linalg.norm(end - start))
    first, last = 0.5 * diameters_mm[0], 0.5 * diameters_mm[1]
    if not (length > 0 and min(first, last) >= 0 and max(first, last) > 0):
        raise InputError(f"a cone needs a length and a width, got {length:g} mm, {diameters_mm=}")
    axis, centre, reach = (end - start) / length, 0.5 * (start + end), max(first, last)
    slope, middle = (last - first) / length, 0.5 * (first + last)
    square = np.eye(3) - (1.0 + slope**2) * np.outer(axis, axis)
    planes, spine = np.empty((2, 4)), np.stack([start, end])
    for n, (sign, point) in enumerate(((-1.0, start), (1.0, end))):
        cut, through = cuts[n], through_mm[n]
        normal = sign * axis if cut is None else unit(cut)
        upright = sign * float(normal @ axis)
        if not upright > _FLAT:
            raise InputError("a plane that ends a body must face out of it, across its axis")
        at = point if through is None else np.asarray(through, dtype=np.float64)
        planes[n] = *normal, normal @ (at - centre)
        # the axis meets the plane here, and its wall no farther out than that
        meets = float(normal @ (at - point)) / upright
        spine[n] += sign * axis * (meets + reach * np.sqrt(max(1 - upright**2, 0.0)) / upright)
    form = _form(square, -middle * slope * axis, -(middle**2))
    return Solid(centre, form[None], (planes,), spine, reach)


def capsule(start_mm: ArrayLike, end_mm: ArrayLike, diameter_mm: float) -> Solid:
    """All points within half the diameter of the line between two points."""
    ends = np.array([start_mm, end_mm], dtype=np.float64)
    body = cone(ends[0], ends[1], (diameter_mm, diameter_mm))
    balls = [
        _form(np.eye(3), -at, float(at @ at) - 0.25 * diameter_mm**2)
        for at in ends - body.centre_mm
    ]
    none = np.empty((0, 4))
    planes = (*body.planes, none, none.copy())
    forms = np.concatenate([body.forms, balls])
    return Solid(body.centre_mm.copy(), forms, planes, ends, 0.5 * diameter_mm)


def ellipsoid(
    centre_mm: ArrayLike, diameters_mm: Sequence[float], axes: ArrayLike | None = None
) -> Solid:
    """An ellipsoid of three diameters along the columns of ``axes``, else of the patient."""
    centre = np.array(centre_mm, dtype=np.float64)
    half = 0.5 * np.array(diameters_mm, dtype=np.float64)
    turn = np.eye(3) if axes is None else np.asarray(axes, dtype=np.float64)
    if half.shape != (3,) or not (half > 0).all():
        raise InputError(f"an ellipsoid needs three diameters over 0 mm, got {diameters_mm}")
    if not np.allclose(turn.T @ turn, np.eye(3), atol=1e-9):
        raise InputError("the axes of an ellipsoid must be at right angles and of length 1")
    order = np.argsort(half)
    along = turn[:, order[2]] * (half[order[2]] - half[order[1]])
    square = (turn / half**2) @ turn.T * half[0] ** 2  # mm, as the other forms
    form = _form(square, np.zeros(3), -(half[0] ** 2))
    spine = np.stack([centre - along, centre + along])
    return Solid(centre, form[None], (np.empty((0, 4)),), spine, float(half[order[1]]))


def block(centre_mm: ArrayLike, sides_mm: Sequence[float], axes: ArrayLike) -> Solid:
    """A box with three sides along the columns of ``axes`` (3, 3)."""
    centre = np.array(centre_mm, dtype=np.float64)
    half, turn = 0.5 * np.array(sides_mm, dtype=np.float64), np.asarray(axes, dtype=np.float64)
    if half.shape != (3,) or not (half > 0).all():
        raise InputError(f"a block needs three sides over 0 mm, got {sides_mm}")
    planes = np.concatenate([np.column_stack([sign * turn.T, half]) for sign in (-1.0, 1.0)])
    form = _form(np.zeros((3, 3)), np.zeros(3), -1.0)  # everywhere: the planes are all there is
    along = turn[:, 2] * half[2]
    spine, reach = np.stack([centre - along, centre + along]), float(np.hypot(half[0], half[1]))
    return Solid(centre, form[None], (planes,), spine, reach)


def _form(square: Floats, linear: Floats, constant: float) -> Floats:
    """x A x + 2 b x + c as ten coefficients."""
    a, b = square, 2.0 * linear
    mixed = (2 * a[0, 1], 2 * a[0, 2], 2 * a[1, 2])
    return np.array([a[0, 0], a[1, 1], a[2, 2], *mixed, *b, constant])
