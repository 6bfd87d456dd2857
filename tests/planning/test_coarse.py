"""Blocks of nodes tile a grid, and a straight field comes back from their middles."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.planning.coarse import BLOCK, block_centres_mm, from_blocks, points_of_blocks


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
