"""Which voxels a shape fills, against every voxel of its box."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.blocks import Grid
from needle_sim.geometry.shapes import Implicit, bar, box, drum


def shapes() -> dict[str, Implicit]:
    body = drum((44.0, 34.0), (46.0, 33.0), (27.0, 26.0), waist_mm=2.0, dish_mm=1.5)
    return {
        "ball": Implicit.of([bar([1.3, -0.4, 2.1], [1.3, -0.4, 2.1], (11.0, 11.0))]),
        "vertebra": Implicit.of([body, bar([0, 12, 4], [9, 30, 6], (4.0, 7.0), squared=True)]),
        "sheet": Implicit.of([box((14.0, 0.4, 9.0), round_mm=0.2)]),
    }


@pytest.mark.parametrize("voxel_mm", [0.7, 2.0])
@pytest.mark.parametrize("name", shapes())
@pytest.mark.parametrize("inner_mm", [0.0, 3.0])
def test_near_and_filled_voxels_are_those_of_the_distance(name, voxel_mm, inner_mm):
    shape = shapes()[name]
    side = int(4 * np.ceil(80.0 / voxel_mm / 4))
    grid = Grid(np.array([-40.0, -30.0, -40.0]), (side, side, side), voxel_mm)
    z, y, x = np.meshgrid(*(grid.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    depth = shape.distance_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3))
    filled, near, found, places = grid.near(shape, inner_mm=inner_mm)

    assert (depth[filled] < -inner_mm).all()
    np.testing.assert_allclose(found, depth[near], atol=1e-9)
    np.testing.assert_allclose(places[:, 2], z.ravel()[near])
    seen = np.zeros(depth.size, dtype=bool)
    seen[filled] = seen[near] = True
    assert seen[depth < 0.5 * voxel_mm].all()
    assert len(np.unique(near)) + len(np.unique(filled)) == len(near) + len(filled) == seen.sum()


def test_nodes_span_the_box_and_what_lies_around_it():
    grid = Grid(np.array([-40.0, -40.0, -40.0]), (80, 80, 80), 1.0)
    shape = shapes()["ball"]
    nodes, first = grid.nodes(shape, 2.0)
    low = grid.low_mm + first[::-1]

    assert (low <= shape.box_mm[0] - 2.0).all()
    assert (low + 4.0 * (np.array(nodes.shape[::-1]) - 1) >= shape.box_mm[1] + 2.0).all()
    assert nodes[0, 0, 0] == pytest.approx(shape.distance_mm(low[None])[0], rel=1e-6)


def test_a_shape_beside_the_grid_has_no_nodes_to_pour():
    grid = Grid(np.array([200.0, 0.0, 0.0]), (8, 8, 8), 1.0)
    nodes, _ = grid.nodes(shapes()["ball"], 1.0)

    assert 0 in [side - 1 for side in nodes.shape]
