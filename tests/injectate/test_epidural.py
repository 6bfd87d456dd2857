import numpy as np
import pytest
from scipy import ndimage

from needle_sim.injectate import texture
from needle_sim.injectate.epidural import STEP_MM, epidural_room
from needle_sim.injectate.front import front
from tests.injectate.cases import EPIDURAL, UP


@pytest.fixture(scope="module")
def room(spine):
    return epidural_room(spine, EPIDURAL, UP, 2.0, texture.drawn(None))


def test_room_is_canal_and_foramen_without_sac_and_root(spine, room):
    points = room.lattice.points_mm()
    open_ = room.porosity.reshape(-1) > 0.02
    for name in ("dura", "L4 left root"):
        assert spine.structures[name].distance_mm(points[open_]).min() > -0.6 * STEP_MM
    off = np.minimum(
        *(
            spine.spaces[name].shape.distance_mm(points[open_])
            for name in ("canal", "L4 left foramen")
        )
    )
    beside_root = spine.structures["L4 left root"].distance_mm(points[open_]) < 2.0
    assert ((off < STEP_MM) | beside_root).all()


def test_fat_lobules_stay_free(spine, room):
    share = room.porosity[room.porosity > 0]
    # a honeycomb: much of it hardly filled, much of it nearly full
    assert (share < 0.2).mean() > 0.2
    assert (share > 0.6).mean() > 0.1


def test_the_way_forward_down_and_across_is_harder(spine):
    rooms = [epidural_room(spine, EPIDURAL, UP, 2.0, np.random.default_rng(n)) for n in range(6)]
    points = rooms[0].lattice.points_mm()
    open_ = np.min([one.porosity for one in rooms], axis=0).reshape(-1) > 0.02
    slow = np.exp(np.mean([np.log(one.resistance) for one in rooms], axis=0)).reshape(-1)
    near = open_ & (np.abs(points[:, 2]) < 25)
    dorsal, ventral = points[:, 1] > 6.8, points[:, 1] < -6.8
    assert slow[near & ventral].mean() > 2 * slow[near & dorsal].mean()
    up, down = points[:, 2] > 6, points[:, 2] < -6
    assert slow[near & dorsal & down].mean() > 1.15 * slow[near & dorsal & up].mean()
    middle = np.abs(points[:, 0]) < 0.6
    beside = np.abs(np.abs(points[:, 0]) - 3.5) < 0.6
    assert slow[near & dorsal & middle].mean() > 1.2 * slow[near & dorsal & beside].mean()


def test_a_root_is_the_easy_way_out_of_the_canal(spine):
    room = epidural_room(spine, EPIDURAL, UP, 2.0, texture.drawn(None))
    points = room.lattice.points_mm()
    root = spine.structures["L4 left root"].distance_mm(points)
    out = (room.porosity.reshape(-1) > 0.02) & (points[:, 0] > 13)
    slow = room.resistance.reshape(-1)
    assert np.median(slow[out & (root < 1)]) < 0.6 * np.median(slow[out & (root > 3)])


def test_the_edge_of_the_fluid_is_feathered(spine):
    # seen from behind, the iodine falls from nine tenths to one tenth of its most over millimetres
    room = epidural_room(spine, EPIDURAL, UP, 2.0, texture.drawn(None))
    fluid = front(room, EPIDURAL, UP, 2.0).filled_ml(2.0)
    up = ndimage.gaussian_filter1d(fluid.sum(axis=(1, 2)), 1.5)
    head = up[int(up.argmax()) :]
    fall = np.flatnonzero(head < 0.1 * up.max())[0] - np.flatnonzero(head < 0.9 * up.max())[0]
    assert fall * STEP_MM > 6.0
