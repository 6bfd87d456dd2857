"""A grid in blocks: exact near a surface, straight between the middles elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.planning.distance_map import (
    BAND_MM,
    BLOCK,
    FAR_MM,
    Member,
    block_centres_mm,
    distance_map,
    from_blocks,
    points_of_blocks,
    tubes_in_runs,
)


def test_the_nodes_of_all_blocks_are_the_grid():
    low = np.array([1.0, -2.0, 3.0])
    points = points_of_blocks(block_centres_mm(low, 8, 0.5), 0.5)
    expected = {
        tuple(low + 0.5 * np.array([x, y, z])) for x in range(8) for y in range(8) for z in range(8)
    }
    assert len(points) == 8**3
    assert {tuple(np.round(point, 9)) for point in points} == expected


def test_the_nodes_of_a_block_run_along_z_y_x():
    inside = points_of_blocks(np.zeros((1, 3)), 1.0).reshape(BLOCK, BLOCK, BLOCK, 3)
    assert inside[1, 0, 0] - inside[0, 0, 0] == pytest.approx([0, 0, 1])
    assert inside[0, 0, 1] - inside[0, 0, 0] == pytest.approx([1, 0, 0])


def test_a_straight_field_is_known_everywhere_from_the_middles():
    low, slope = np.array([-3.0, 5.0, 7.0]), np.array([0.3, -0.7, 1.1])
    centres = block_centres_mm(low, 12, 1.0)
    found = from_blocks((centres @ slope).reshape(3, 3, 3))
    z, y, x = np.meshgrid(*(np.arange(12.0),) * 3, indexing="ij")
    nodes = np.stack([x, y, z], axis=-1) + low
    assert found == pytest.approx(nodes @ slope, abs=1e-5)
    assert found.dtype == np.float32


def ball(x_mm: float, radius_mm: float) -> Member:
    return Member(lambda points: np.linalg.norm(points - [x_mm, 0, 0], axis=1) - radius_mm)


def test_nodes_near_a_surface_are_exact_and_the_nearest_is_known():
    low = np.full(3, -23.5)
    found, which = distance_map([ball(-12.0, 5.0), ball(12.0, 3.0)], low, 48, 1.0)
    z, y, x = np.meshgrid(*(np.arange(48.0) - 23.5,) * 3, indexing="ij")
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    true = np.minimum(ball(-12.0, 5.0)[0](points), ball(12.0, 3.0)[0](points)).reshape(x.shape)
    near = (true > -2.0) & (true < BAND_MM)
    assert np.abs(found - true)[near].max() < 1e-5
    assert np.abs(found - true)[~near].max() < 1.0
    assert (which[:, :, :4] == 0).all()
    assert (which[:, :, -4:] == 1).all()


def test_without_members_all_is_far():
    found, _ = distance_map([], np.zeros(3), 8, 1.0)
    assert (found == FAR_MM).all()


def test_tubes_in_runs_are_exact_near_and_never_too_small():
    rng = np.random.default_rng(2)
    way = np.cumsum(np.array([0, 0, 1.0]) + rng.normal(0, 2, (200, 3)), axis=0)
    tubes = [Tube(way, rng.uniform(0.5, 3, 200)), Tube(way[:2] + 30.0, 1.0)]
    points = points_of_blocks(block_centres_mm(np.zeros(3), 60, 2.0), 2.0)
    true, found = distance_to_tubes_mm(points, tubes), tubes_in_runs(tubes)(points)
    near = true < 2 * BAND_MM
    assert near.sum() > 1000
    assert (found == true)[near].all()
    assert (found >= true).all()
