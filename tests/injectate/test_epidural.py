import numpy as np
import pytest

from needle_sim.injectate import texture
from needle_sim.injectate.epidural import STEP_MM, epidural_room
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


def test_the_way_forward_down_and_across_is_harder(spine, room):
    points = room.lattice.points_mm()
    slow = room.resistance.reshape(-1)
    open_ = room.porosity.reshape(-1) > 0.02
    near = open_ & (np.abs(points[:, 2]) < 25)
    dorsal, ventral = points[:, 1] > 6.8, points[:, 1] < -6.8
    assert slow[near & ventral].mean() > 2 * slow[near & dorsal].mean()
    up, down = points[:, 2] > 3, points[:, 2] < -3
    assert slow[near & dorsal & down].mean() > 1.2 * slow[near & dorsal & up].mean()
    middle = np.abs(points[:, 0]) < 0.6
    beside = np.abs(np.abs(points[:, 0]) - 3) < 0.6
    assert slow[near & dorsal & middle].mean() > 1.5 * slow[near & dorsal & beside].mean()
