"""Labelled bone as a wall."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.label_wall import LabelWall
from needle_sim.anatomy.phantom.course import clear_of
from needle_sim.anatomy.surface import LabelSurface
from needle_sim.volume.volume import Volume, axis_aligned

RADIUS_MM = 15.0


def ball(centre_mm: float) -> LabelSurface:
    """A labelled ball on the x axis, its surface points exact."""
    place = axis_aligned([1.0] * 3, [centre_mm - 20.0, -20.0, -20.0])
    points = place.apply(np.indices((41, 41, 41)).reshape(3, -1).T.astype(float))
    inside = np.linalg.norm(points - [centre_mm, 0.0, 0.0], axis=1) < RADIUS_MM
    part = Volume(inside.reshape(41, 41, 41).astype(np.uint16), place, "label")
    share = np.arange(2500) + 0.5  # a spiral of even density
    up, turn = 1.0 - 2.0 * share / 2500, np.pi * (1.0 + 5.0**0.5) * share
    flat = np.sqrt(1.0 - up**2)
    out = np.stack([flat * np.cos(turn), flat * np.sin(turn), up], axis=1)
    return LabelSurface(out * RADIUS_MM + [centre_mm, 0.0, 0.0], out, 0.0, 1.0, part)


def test_the_distance_from_a_ball_is_that_from_its_centre_less_its_radius():
    wall = LabelWall.of(ball(0.0))
    points = np.random.default_rng(0).normal(size=(200, 3))
    points *= np.linspace(12.0, 18.0, 200)[:, None] / np.linalg.norm(points, axis=1)[:, None]
    true = np.linalg.norm(points, axis=1) - RADIUS_MM
    assert np.abs(wall.distance_mm(points) - true).max() < 0.3
    assert (wall.gradient(points) * points).sum(axis=1) / np.linalg.norm(
        points, axis=1
    ) == pytest.approx(1.0, abs=0.05)


def test_a_tube_through_the_rim_of_a_ball_is_cleared_of_it():
    wall, radius = LabelWall.of(ball(0.0)), np.full(50, 0.5)
    line = np.stack([np.linspace(-25, 25, 50), np.full(50, 14.0), np.zeros(50)], axis=1)
    found = clear_of(line, radius, [wall])
    assert np.linalg.norm(found, axis=1).min() > RADIUS_MM + 0.5 - 0.3
    assert found[[0, -1]] == pytest.approx(line[[0, -1]], abs=0.01)
