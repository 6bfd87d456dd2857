"""The lattice of candidates, and what may stay of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.planning.candidates import (
    COUNT,
    directions,
    directions_allowed,
    enters,
    lattice,
    outside_mm,
    tips_about,
    tips_allowed,
)
from needle_sim.planning.tally import Tally
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, straight_target

ELECTRODE = Needle.preset("rf_18g_10mm")
IN = np.array([0.0, -1.0, 0.0])


def space(name: str, kind: str, low, high) -> Space:
    return Space(name, kind, Slab(low, high), "constructed")


def test_directions_cover_a_cone_evenly_with_its_middle_first():
    found = directions(IN, 20.0, 500)
    off = np.degrees(np.arccos(np.clip(found @ IN, -1, 1)))
    assert off[0] == pytest.approx(0.0, abs=1e-6)
    assert off.max() == pytest.approx(20.0)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(500))
    assert (off < 10.0).mean() == pytest.approx(0.25, abs=0.01)  # a quarter of the disc
    across = found - (found @ IN)[:, None] * IN
    assert np.abs(across.mean(axis=0)).max() < 0.005


@pytest.mark.parametrize("radius_mm", [1.0, 2.0, 3.0])
def test_tips_fill_the_window_and_hold_its_centre(radius_mm):
    target = straight_target(radius_mm=radius_mm)
    tips = tips_about(target, IN)
    off = np.linalg.norm(tips - target.centre_mm, axis=1)
    assert off.min() == pytest.approx(0.0, abs=1e-9)
    assert off.max() < radius_mm
    assert off.max() > radius_mm - 0.5
    ball = 4 / 3 * np.pi * radius_mm**3 / 0.5**3
    assert len(tips) == pytest.approx(ball, rel=0.25)


def test_there_are_as_many_candidates_as_promised():
    axes, tips = lattice(straight_target(), IN, 14.0)
    assert len(axes) * len(tips) >= COUNT


def test_tips_stay_dorsal_of_the_limit_and_are_counted():
    tally = Tally()
    tips = tips_about(straight_target(), IN)
    target = straight_target(ventral_mm=np.array([0.0, -4.2, 0.0]))
    left = tips_allowed(block(), target, tips, tally, each=10)
    assert (left[:, 1] >= -4.2).all()
    assert tally.count == {"tip ventral to the process": 10 * (len(tips) - len(left))}


def test_tips_stay_in_the_named_spaces_and_are_counted():
    """A canal that ends at y -4.5, and 0.2 mm that still count."""
    spine = replace(block(), spaces={"canal": space("canal", "canal", (-9, -4.5, -9), (9, 9, 9))})
    target = straight_target(within=("canal",), within_mm=0.2, ventral_mm=None)
    tally = Tally()
    tips = tips_about(target, IN)
    left = tips_allowed(spine, target, tips, tally, each=2)
    assert left[:, 1].min() == pytest.approx(-4.5)
    assert tally.count == {"tip outside the canal": 2 * (len(tips) - len(left))}


def test_a_flavum_inside_the_wall_of_the_canal_is_not_the_canal():
    """As for the compartment of a point: joint, disc and flavum come before canal and foramen."""
    spaces = {
        "canal": space("canal", "canal", (-9, -9, -9), (9, 9, 9)),
        "L4-L5 flavum": space("L4-L5 flavum", "flavum", (-9, 4, -9), (9, 8, 9)),
    }
    spine = replace(block(), spaces=spaces)
    target = straight_target(within=("canal",))
    points = np.array([[0.0, 3.0, 0.0], [0.0, 5.0, 0.0], [0.0, 10.0, 0.0]])
    found = outside_mm(spine, target, points)
    assert found[0] == pytest.approx(-6.0)
    assert found[1] == np.inf
    assert found[2] == pytest.approx(1.0)
    both = straight_target(within=("canal", "L4-L5 flavum"))
    assert outside_mm(spine, both, points)[1] < 0


def test_a_space_that_is_unknown_is_named_with_the_nearest():
    spine = replace(block(), spaces={"canal": space("canal", "canal", (-9, -9, -9), (9, 9, 9))})
    with pytest.raises(InputError, match="no space 'canel'; did you mean 'canal'"):
        outside_mm(spine, straight_target(within=("canel",)), np.zeros((1, 3)))


def test_directions_reach_the_skin_within_the_needle():
    """65 mm straight, 69.2 mm at 20 degrees: 72 mm less the hub's 5 go as far as 14.04 degrees."""
    needle = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=72.0)
    tally, axes = Tally(), directions(IN, 20.0, 400)
    left = directions_allowed(block(), straight_target(), axes, needle, tally, each=3)
    off = np.degrees(np.arccos(left @ IN))
    assert off.max() == pytest.approx(np.degrees(np.arccos(65 / 67)), abs=0.5)
    assert tally.count == {"needle of 72 mm too short": 3 * (400 - len(left))}
    assert 0.0 < tally.lacking_mm < 0.3


@pytest.mark.parametrize(("length_mm", "enters_it"), [(69.5, False), (70.5, True)])
def test_the_hub_stays_its_reserve_off_the_skin(length_mm, enters_it):
    """65 mm under the skin, and 5 mm outside."""
    needle = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=length_mm)
    tally = Tally()
    entry = enters(block(), np.array([0.0, -4.0, 0.0]), IN, needle, tally)
    assert (entry is not None) == enters_it
    assert tally.count == ({} if enters_it else {"needle of 69.5 mm too short": 1})


def test_directions_that_leave_the_volume_first_are_left_out():
    tally, axes = Tally(), directions(IN, 20.0, 50)
    spine = block(skin_y_mm=90.0)
    assert len(directions_allowed(spine, straight_target(), axes, ELECTRODE, tally, each=1)) == 0
    assert tally.count == {"skin entry outside the volume": 50}


def test_bone_beyond_the_maps_blocks_directions():
    """A wing of bone on one side (x over 10), 80 mm from the tip."""
    plain = block()
    array = plain.labels.array.copy()
    array[:, 60:65, 45:] = label("cortical_bone")  # y 40 to 48, x over 10
    wing = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    deep = straight_target(centre_mm=np.array([0.0, -40.0, 0.0]))
    tally, axes = Tally(), directions(IN, 14.0, 400)
    left = directions_allowed(wing, deep, axes, ELECTRODE, tally, each=1)
    at_bone = deep.centre_mm - left * 84.0
    assert at_bone[:, 0].max() < 10.5
    assert tally.count == {"bone seen in voxels": 400 - len(left)}
    assert enters(wing, deep.centre_mm, directions(IN, 0.0, 1)[0], ELECTRODE, tally) is not None


def test_a_target_outside_the_body_is_refused():
    target = straight_target(centre_mm=np.array([0.0, 75.0, 0.0]))
    with pytest.raises(InputError, match="outside the body"):
        directions_allowed(block(), target, directions(IN, 5.0, 9), ELECTRODE, Tally(), each=1)
