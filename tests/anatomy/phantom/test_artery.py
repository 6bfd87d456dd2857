"""The radiculomedullary artery of the phantom."""

import numpy as np

from needle_sim.anatomy.phantom.artery import ARTERY
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks

SAFE_MM = 2.0  # from a needle (procedures P04)


def place(spine, level: str, name: str) -> np.ndarray:
    found = vertebra_landmarks(spine.column.vertebrae[level], bone=spine.own[level])
    return spine.column.bodies[level].apply(found[name])[None]


def test_a_needle_above_the_root_comes_too_near_and_one_below_it_does_not(drawn):
    artery = drawn.structures[ARTERY]

    assert artery.distance_mm(place(drawn, "L1", "left foramen_upper_dorsal"))[0] < SAFE_MM
    assert artery.distance_mm(place(drawn, "L2", "left kambin"))[0] > 5.0
    assert artery.distance_mm(place(drawn, "L1", "right foramen_upper_dorsal"))[0] > 5.0


def test_it_runs_in_the_upper_third_of_the_foramen_with_the_root(drawn):
    # Murthy 2010, Pain Med 11:1756: 88 % in the upper third, none in the lowest fifth
    spec, body = drawn.column.vertebrae["L1"], drawn.column.bodies["L1"]
    post = Posts(spec, "left")
    path = body.inverse().apply(drawn.structures[ARTERY].tubes[0].points_mm)
    abreast = path[np.abs(path[:, 0] - post.pedicle[0]).argmin()]
    below = post.pedicle[2] - 0.5 * spec.pedicle_height_mm - abreast[2]

    assert 0.0 < below < spec.foramen_height_mm / 3
    root = drawn.structures["L1 left root"]
    in_foramen = (path[:, 0] > 12.0) & (path[:, 0] < 24.0)
    gap = root.distance_mm(body.apply(path[in_foramen])) - 0.5
    assert -0.1 < gap.min() < 1.5


def test_it_ends_in_the_sac_above(drawn):
    path = drawn.structures[ARTERY].tubes[0].points_mm
    inside = drawn.structures["dura"].distance_mm(path) < 0

    assert inside[-1]
    assert not inside[0]
    assert np.flatnonzero(np.diff(inside.astype(int))).size == 1  # it enters once
    assert path[-1, 2] > drawn.column.bodies["L1"].matrix[2, 3] + 20.0
