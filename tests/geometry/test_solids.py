"""Convex bodies: a point is inside by their forms and planes exactly where it is by definition."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.solids import block, capsule, cone, ellipsoid
from needle_sim.geometry.transform import unit

START, END = np.array([3.0, -2.0, 1.0]), np.array([9.0, 6.0, 7.0])
AXIS, LENGTH = unit(END - START), float(np.linalg.norm(END - START))
TURN = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]


def inside(solid, points):
    """Whether points (N, 3) are in a body, from its forms and planes."""
    x, y, z = (points - solid.centre_mm).T
    terms = np.stack([x * x, y * y, z * z, x * y, x * z, y * z, x, y, z, np.ones_like(x)])
    found = np.zeros(len(points), dtype=bool)
    for form, planes in zip(solid.forms, solid.planes, strict=True):
        here = form @ terms <= 0
        for plane in planes:
            here &= (points - solid.centre_mm) @ plane[:3] <= plane[3]
        found |= here
    return found


def cloud(solid, count=20_000):
    low, high = solid.spine_mm.min(axis=0), solid.spine_mm.max(axis=0)
    wide = 1.5 * solid.reach_mm + 1.0
    return np.random.default_rng(7).uniform(low - wide, high + wide, (count, 3))


def on_axis(points):
    along = (points - START) @ AXIS
    return along, np.linalg.norm(points - START - along[:, None] * AXIS, axis=1)


def in_cone(points, first=4.0, last=1.0):
    along, away = on_axis(points)
    radius = 0.5 * (first + (last - first) * along / LENGTH)
    return (along >= 0) & (along <= LENGTH) & (away <= radius)


def in_capsule(points):
    along, _ = on_axis(points)
    nearest = START + np.clip(along, 0, LENGTH)[:, None] * AXIS
    return np.linalg.norm(points - nearest, axis=1) <= 1.5


def in_ellipsoid(points):
    return (((points - START) @ TURN / np.array([2.0, 5.0, 3.0])) ** 2).sum(axis=1) <= 1


def in_block(points):
    return (np.abs((points - START) @ TURN) <= np.array([2.0, 5.0, 3.0])).all(axis=1)


def in_bevelled(points):
    along, away = on_axis(points)
    face = unit(AXIS + np.array([0.0, 0.0, 1.5]))
    return (along >= 0) & (away <= 2) & ((points - END) @ face <= 0)


BODIES = {
    "cone": (cone(START, END, (4.0, 1.0)), in_cone),
    "pointed": (cone(START, END, (4.0, 0.0)), lambda at: in_cone(at, last=0.0)),
    "cylinder": (cone(START, END, (4.0, 4.0)), lambda at: in_cone(at, last=4.0)),
    "bevel": (cone(START, END, (4.0, 4.0), cuts=(None, AXIS + np.array([0, 0, 1.5]))), in_bevelled),
    "capsule": (capsule(START, END, 3.0), in_capsule),
    "ellipsoid": (ellipsoid(START, (4.0, 10.0, 6.0), TURN), in_ellipsoid),
    "block": (block(START, (4.0, 10.0, 6.0), TURN), in_block),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_holds_what_its_definition_says(name):
    solid, meant = BODIES[name]
    points = cloud(solid)
    assert meant(points).any()
    assert np.array_equal(inside(solid, points), meant(points))


@pytest.mark.parametrize("name", BODIES)
def test_nothing_of_a_body_is_farther_from_its_spine_than_its_reach(name):
    solid, _ = BODIES[name]
    points = cloud(solid)
    start, end = solid.spine_mm
    step = end - start
    share = np.clip((points - start) @ step / (step @ step), 0, 1)
    away = np.linalg.norm(points - start - share[:, None] * step, axis=1)
    assert away[inside(solid, points)].max() <= solid.reach_mm + 1e-9


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: cone(START, START, (1.0, 1.0)), "length and a width"),
        (lambda: cone(START, END, (0.0, 0.0)), "length and a width"),
        (lambda: cone(START, END, (1.0, 1.0), cuts=(AXIS, None)), "face out"),
        (lambda: cone([np.nan, 0, 0], END, (1.0, 1.0)), "length"),
        (lambda: ellipsoid(START, (1.0, 0.0, 1.0)), "three diameters"),
        (lambda: ellipsoid(START, (1.0, 1.0, 1.0), 2 * np.eye(3)), "right angles"),
        (lambda: ellipsoid([np.inf, 0, 0], (1.0, 1.0, 1.0)), "finite"),
        (lambda: block(START, (1.0, -1.0, 1.0), np.eye(3)), "three sides"),
    ],
)
def test_a_body_that_is_none_is_refused(make, says):
    with pytest.raises(InputError, match=says):
        make()
