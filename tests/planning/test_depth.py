"""Layers on the way in, in the order and at the depths at which they were put there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space, Structure
from needle_sim.anatomy.compartment import compartment
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.depth import Layer, depth_of, layer_names, layers
from needle_sim.planning.planner import plan
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block

NEEDLE = Needle(gauge=18, outer_mm=1.27, inner_mm=0.838, length_mm=150.0)


def back_of_a_spine():
    """From behind: muscle from y 61, flavum 14 to 10, canal from 10, sac from 5 to -5."""
    sac = Tube(np.array([[-60.0, 0.0, 0.0], [60.0, 0.0, 0.0]]), np.full(2, 5.0))
    spaces = {
        "canal": Space("canal", "canal", Slab((-20, -12, -20), (20, 12, 20)), "constructed"),
        "flavum": Space("flavum", "flavum", Slab((-20, 10, -20), (20, 14, 20)), "constructed"),
    }
    plain = block(structures=[Structure("dura", "dura", (sac,), "constructed")])
    return replace(plain, spaces=spaces)


def placed(tip_y_mm: float, *, x_mm: float = 0.0) -> PlacedNeedle:
    return PlacedNeedle(NEEDLE, Trajectory.straight([x_mm, 61.0, 0.0], [x_mm, tip_y_mm, 0.0]))


def test_layers_come_in_their_order_at_their_depths():
    met = layers(back_of_a_spine(), placed(2.0))
    assert [one.name for one in met] == ["muscle", "flavum", "epidural", "intrathecal"]
    assert [one.from_mm for one in met] == pytest.approx([0.0, 47.0, 51.0, 56.0], abs=0.06)
    assert met[-1].to_mm == pytest.approx(59.0)
    assert all(a.to_mm == b.from_mm for a, b in pairwise(met))


def test_the_depth_of_a_thing_is_where_it_is_first_met():
    met = layers(back_of_a_spine(), placed(8.0))
    assert depth_of(met, "flavum") == pytest.approx(47.0, abs=0.06)
    assert depth_of(met, "intrathecal") is None
    assert depth_of([], "flavum") is None
    assert depth_of([Layer("fat", 1.0, 2.0), Layer("fat", 4.0, 5.0)], "fat") == 1.0


def test_layers_agree_with_the_compartment_of_each_point():
    spine = back_of_a_spine()
    same = {"soft_tissue": "muscle"}
    points = np.stack([np.zeros(80), np.linspace(50.3, -14.2, 80), np.zeros(80)], axis=1)
    expected = [compartment(spine, point).kind for point in points]
    assert layer_names(spine, points).tolist() == [same.get(kind, kind) for kind in expected]


def test_bone_lies_on_top_of_spaces_and_voxel_bone_is_bone():
    plain = replace(back_of_a_spine(), bones={"L5": Slab((-5, 11, -5), (5, 30, 5))})
    array = plain.labels.array.copy()
    array[:, 60:65, :] = label("cortical_bone")  # y 40 to 48, more than 2 mm from the exact bone
    spine = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    met = layers(spine, placed(10.5))
    assert [one.name for one in met] == ["muscle", "bone", "muscle", "bone", "flavum"]
    assert met[1].from_mm == pytest.approx(61 - 49, abs=0.1)  # half a voxel behind the last centre


def test_a_step_that_is_too_coarse_is_refused():
    with pytest.raises(InputError, match="step_mm must be"):
        layers(back_of_a_spine(), placed(2.0), step_mm=10.0)


def test_the_way_to_the_epidural_space_of_a_phantom_goes_through_the_flavum(phantom):
    """Skin, fat and muscle first; a flavum of 3-6 mm, then the epidural fat, no bone, no sac."""
    target = phantom.target("L3-L4 right interlaminar epidural space")
    found = plan(phantom, target, Needle.preset("tuohy_18g_90mm"), margins_mm={"dura": 0.0})
    met = layers(phantom, found.placed)
    names = [one.name for one in met]
    assert names[0] == "skin"
    assert names[-2:] == ["flavum", "epidural"]
    assert not {"bone", "intrathecal", "nerve"} & set(names)
    assert 3.0 <= met[-2].to_mm - met[-2].from_mm <= 6.0
    assert depth_of(met, "flavum") < depth_of(met, "epidural") < found.depth_mm
