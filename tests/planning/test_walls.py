"""Margins are from the needle's surface; a kind without one is no wall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.instruments.needle import Needle
from needle_sim.planning.clearance import HAZARDS, Obstacles
from needle_sim.planning.walls import keeps_away, least_axis_mm, walls
from tests.planning.blocks import Slab, block, root_beside

NEEDLE = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0)


def test_a_margin_is_from_the_surface_and_none_is_no_wall():
    found = least_axis_mm({"dura": 0.0, "root": 2.0, "vessel": -1.0}, NEEDLE)
    assert found == pytest.approx({"bone": 0.685, "dura": 0.635, "root": 2.635})


def test_every_kind_that_a_recipe_names_is_a_wall_by_its_own_margin():
    found = least_axis_mm({"dura": 3.0, "root": 1.0, "vessel": 2.0}, NEEDLE)
    assert found == pytest.approx({"bone": 0.685, "dura": 3.635, "root": 1.635, "vessel": 2.635})


@pytest.mark.parametrize("kind", HAZARDS)
@pytest.mark.parametrize(("over_mm", "clear"), [(-0.05, False), (0.05, True)])
def test_each_kind_keeps_a_path_away_by_its_margin(kind, over_mm, clear):
    """A tube of radius 2 of any kind, its surface 2 mm and a little from the needle's."""
    tube = replace(root_beside(2.0 + 2.0 + 0.635 + over_mm, 2.0), name=kind, kind=kind)
    near = Obstacles.around(block(structures=[tube]), [0.0, 0.0, 0.0])
    least = {name: one for name, one in least_axis_mm({kind: 2.0}, NEEDLE).items() if name == kind}
    (wall,) = walls(near, least)
    assert wall.name == kind
    assert keeps_away(wall, np.zeros((1, 3)), np.array([[0.0, -1.0, 0.0]]))[0] == clear


def test_bone_can_be_given_another_gap_or_none():
    assert least_axis_mm({"bone": 0.0}, NEEDLE) == {"bone": 0.635}
    assert least_axis_mm({"bone": -1.0}, NEEDLE) == {}


def test_each_bone_and_structure_of_a_wall_has_its_name():
    spine = block(structures=[root_beside(9.0)], bones={"L5": Slab((20, 20, 20), (30, 30, 30))})
    near = Obstacles.around(spine, [0.0, 0.0, 0.0])
    both = walls(near, least_axis_mm({"root": 2.0}, NEEDLE))
    assert [one.name for one in both] == ["L5 right root", "bone of L5"]
    assert [one.name for one in walls(near, {"root": 1.0})] == ["L5 right root"]


@pytest.mark.parametrize(("x_mm", "clear"), [(4.6, False), (4.7, True)])
def test_a_path_keeps_away_by_the_margin_and_the_radius(x_mm, clear):
    """A root of radius 2 and a margin of 2 mm: the axis passes at 4.635 mm or more."""
    near = Obstacles.around(block(structures=[root_beside(x_mm, 2.0)]), [0.0, 0.0, 0.0])
    (wall,) = walls(near, {"root": 2.635})
    assert keeps_away(wall, np.zeros((1, 3)), np.array([[0.0, -1.0, 0.0]]))[0] == clear


@pytest.mark.parametrize(("gap_mm", "clear"), [(1.2, False), (1.4, True)])
def test_a_needle_slides_through_a_joint_that_is_wider_than_itself(gap_mm, clear):
    """Two faces 1.4 mm apart and an 18 G needle of 1.27 mm: contact is no penetration."""
    faces = {
        "L4": Slab((-30.0, -10.0, -30.0), (-gap_mm / 2, 30.0, 30.0)),
        "L5": Slab((gap_mm / 2, -10.0, -30.0), (30.0, 30.0, 30.0)),
    }
    near = Obstacles.around(block(bones=faces), [0.0, 0.0, 0.0])
    tip, axis = np.zeros((1, 3)), np.array([[0.0, -1.0, 0.0]])
    assert all(keeps_away(one, tip, axis)[0] for one in walls(near, {"bone": 0.635})) == clear
