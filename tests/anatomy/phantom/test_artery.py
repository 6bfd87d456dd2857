"""The radiculomedullary artery of the phantom."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.artery import artery_note, radiculomedullary_artery
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.nerves import sac_line
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks

ARTERY = "L1 left radiculomedullary artery"
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
    in_foramen = (path[:, 0] > 0.5 * spec.canal_width_mm - 1.0) & (path[:, 0] < 24.0)
    gap = root.distance_mm(body.apply(path[in_foramen])) - 0.5
    assert -0.1 < gap.min() < 1.5


def test_it_ends_in_the_sac_above(drawn):
    path = drawn.structures[ARTERY].tubes[0].points_mm
    inside = drawn.structures["dura"].distance_mm(path) < 0

    assert inside[-1]
    assert not inside[0]
    assert np.flatnonzero(np.diff(inside.astype(int))).size == 1  # it enters once
    assert path[-1, 2] > drawn.column.bodies["L1"].matrix[2, 3] + 20.0


@pytest.mark.parametrize("level", ["T10", "T11", "T12", "L2", "L3"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_it_enters_with_any_root_on_either_side(mean, level, side):
    line, scale = sac_line(mean.column, mean.spec.sacrum)
    half = 0.5 * mean.spec.sacrum["sac_depth_mm"] * scale
    own, entry = mean.own[level], Entry(level, side)

    found = radiculomedullary_artery(mean.column, entry, own, line, half)

    path = found.tubes[0].points_mm
    away = -1.0 if side == "right" else 1.0
    inside = mean.structures["dura"].distance_mm(path) < 0
    assert found.name == entry.artery
    assert away * path[0, 0] > 20.0
    assert np.flatnonzero(np.diff(inside.astype(int))).size == 1
    assert inside[-1]
    assert np.abs(path[inside, 0]).max() < 8.0
    assert mean.structures[f"{level} {side} root"].distance_mm(path).min() < 2.0
    bone = mean.bones[level]
    assert bone.distance_mm(path).min() > 0.3


def test_a_note_says_where_it_is_and_when_it_is_out_of_the_picture(mean):
    def note(entry):
        return artery_note(entry, mean.column, drawn=True)

    assert "with the T11 right root, in the cranial half" in note(Entry("T11", "right"))
    assert "outside what is built" in note(Entry("T8", "left"))
    assert "no great radiculomedullary artery" in note(None)
    assert "stated variant" in artery_note(Entry("L1", "left"), mean.column, drawn=False)
