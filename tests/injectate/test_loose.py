import numpy as np

from needle_sim.injectate import texture
from needle_sim.injectate.loose import muscle_room, nerve_room
from tests.injectate.cases import IN_MUSCLE, IN_ROOT, UP


def test_muscle_takes_no_bone_and_no_air(spine):
    tip = np.array([-18.0, -12.0, 5.0])  # beside the vertebral body
    room = muscle_room(spine, tip, UP, 2.0, texture.drawn(None))
    points = room.lattice.points_mm()[room.porosity.reshape(-1) > 0.02]
    assert spine.bones["L4"].distance_mm(points).min() > -0.5
    skin = muscle_room(spine, np.array([0.0, 55.0, 0.0]), UP, 2.0, texture.drawn(None))
    outside = skin.lattice.points_mm()[:, 1] > 64
    assert outside.any()
    assert skin.porosity.reshape(-1)[outside].max() == 0


def test_the_front_runs_along_fibres_easier_than_across(spine):
    room = muscle_room(spine, IN_MUSCLE, UP, 2.0, texture.drawn(None))
    away = room.lattice.points_mm() - IN_MUSCLE
    axis = np.abs(away[:, 2]) / np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    slow = room.resistance.reshape(-1)
    assert np.median(slow[axis < 0.3]) > 2 * np.median(slow[axis > 0.97])


def test_a_nerve_takes_fluid_inside_and_in_its_sleeve_only(spine):
    root = spine.structures["L4 left root"]
    room = nerve_room(root, IN_ROOT, texture.drawn(None))
    depth = root.distance_mm(room.lattice.points_mm())
    some = room.porosity.reshape(-1) > 0.02
    assert depth[some].max() < 1.8
    assert (depth[some] < 0).any()
