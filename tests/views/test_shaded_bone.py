"""A bone as it looks from a side."""

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.views.shaded_bone import bone_view

BALL = Implicit.of([bar([5.0, 0.0, 0.0], [5.0, 0.0, 0.0], (10.0, 10.0))])
BEHIND = {"eye": (0.0, 1.0, 0.0), "up": (0.0, 0.0, 1.0)}


def test_a_ball_is_seen_as_its_disc():
    view = bone_view(BALL, **BEHIND, half_mm=20.0, pixels=200)

    area = np.isfinite(view.depth_mm).sum() * (40.0 / 200) ** 2
    assert area == pytest.approx(np.pi * 10.0**2, rel=0.02)
    assert view.depth_mm.max() == pytest.approx(10.0, abs=0.1)
    assert ((view.picture[..., 3] > 0) == np.isfinite(view.depth_mm)).all()


def test_from_behind_the_left_is_on_the_left():
    view = bone_view(BALL, **BEHIND, half_mm=20.0, pixels=60)

    assert view.flat_mm([8.0, 0.0, 0.0]) == pytest.approx([-3.0, 0.0])
    assert view.flat_mm([5.0, 0.0, 4.0]) == pytest.approx([0.0, 4.0])


@pytest.mark.parametrize(("y", "hidden"), [(15.0, -5.0), (10.0, 0.0), (-10.0, 20.0)])
def test_what_lies_behind_the_surface_is_told_by_how_deep(y, hidden):
    view = bone_view(BALL, **BEHIND, half_mm=20.0, pixels=200)

    assert view.hidden_mm([5.0, y, 0.0]) == pytest.approx(hidden, abs=0.15)


def test_beside_the_bone_and_beside_the_picture_nothing_hides():
    view = bone_view(BALL, **BEHIND, half_mm=20.0, pixels=60)

    assert view.hidden_mm([5.0, -50.0, 15.0]) == -np.inf
    assert view.hidden_mm([500.0, -50.0, 15.0]) == -np.inf


def test_the_lit_side_is_lighter():
    view = bone_view(BALL, **BEHIND, half_mm=20.0, pixels=100)
    light = view.picture[..., :3].mean(axis=2)

    assert light[35, 60] > 1.15 * light[65, 40]


@pytest.mark.parametrize("bad", [{"half_mm": 0.0}, {"half_mm": 5.0, "pixels": 2}])
def test_an_empty_picture_is_refused(bad):
    with pytest.raises(InputError, match="half_mm"):
        bone_view(BALL, **BEHIND, **bad)
