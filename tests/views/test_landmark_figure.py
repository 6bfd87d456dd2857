"""Landmarks told on a shaded bone."""

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.views.landmark_figure import (
    IN_BONE,
    IN_SPACE,
    ON_BONE,
    Look,
    halves,
    landmark_figure,
    spread,
)

BALL = Implicit.of([bar([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], (10.0, 10.0))])
PLACES = {
    "top": np.array([0.0, 6.0, 8.0]),
    "back": np.array([0.0, 10.0, 0.0]),
    "front": np.array([0.0, -10.0, 0.0]),
    "heart": np.zeros(3),
    "beside": np.array([14.0, 0.0, 0.0]),
}


def look(*names: str) -> Look:
    return Look("From behind", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), names)


def test_each_place_is_told_once_in_the_colour_of_where_it_lies():
    names = ("top", "back", "heart", "beside")
    figure = landmark_figure(BALL, PLACES, [look(*names)], half_mm=20.0, pixels=60)
    ax = figure.axes[0]

    assert sorted(text.get_text().strip() for text in ax.texts) == sorted(names)
    dots = {line.get_color() for line in ax.lines if line.get_marker() == "o"}
    assert dots == {ON_BONE, IN_SPACE, IN_BONE}
    for line in ax.lines[::2]:  # from its place to its name
        assert abs(line.get_xdata()[1]) > 10.0


def test_a_place_on_the_other_side_is_refused():
    with pytest.raises(InputError, match="hidden from this side: front"):
        landmark_figure(BALL, PLACES, [look("back", "front")], half_mm=20.0, pixels=60)


def test_what_is_left_of_a_grid_stays_empty():
    figure = landmark_figure(BALL, PLACES, [look("top")] * 3, half_mm=20.0, pixels=20)

    assert [len(ax.texts) for ax in figure.axes] == [1, 1, 1, 0]


def test_names_are_shared_between_the_margins_and_run_from_the_top():
    flat = {"a": (-5.0, 1.0), "b": (-4.0, 3.0), "c": (1.0, 0.0), "d": (2.0, 9.0)}
    places = {name: np.array(at) for name, at in flat.items()}

    assert halves(places) == {-1.0: ["b", "a"], 1.0: ["d", "c"]}


def test_names_far_apart_stay_at_their_height():
    assert spread([9.0, 0.0, -9.0], low=-10.0, high=10.0) == pytest.approx([9.0, 0.0, -9.0])


def test_names_at_one_height_are_spread_around_it():
    found = spread([1.0, 1.0, 1.0], low=-10.0, high=10.0, least=0.1)

    assert found == pytest.approx([3.0, 1.0, -1.0])


def test_too_many_names_fill_the_room_evenly():
    found = spread([9.9] * 5, low=0.0, high=10.0, least=0.5)

    assert found == pytest.approx([10.0, 7.5, 5.0, 2.5, 0.0])
