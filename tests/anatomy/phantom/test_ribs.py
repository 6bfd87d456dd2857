import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.ribs import rib_path, ribs
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.paths import length_mm


@pytest.fixture(scope="module")
def spine():
    """A rib on L1, as some have: the same rules as for a thoracic vertebra."""
    mean = spine_spec()
    first = dataclasses.replace(mean.vertebrae["L1"], rib_length_mm=120.0, rib_fall_deg=30.0)
    return dataclasses.replace(mean, vertebrae={**mean.vertebrae, "L1": first})


def test_only_a_vertebra_with_a_rib_length_has_ribs(spine):
    names = [name for name, _ in ribs(column(spine), spine.trunk)]

    assert {"L1 right rib", "L1 left rib"} <= set(names)
    assert not any(name.startswith("L2") for name in names)


def test_a_rib_is_as_long_as_it_says_falls_and_mirrors(spine):
    stack = column(spine)
    left, right = (rib_path(stack, "L1", side, spine.trunk) for side in ("left", "right"))

    assert length_mm(left) == pytest.approx(120.0, rel=0.08)
    assert right == pytest.approx(left * [-1.0, 1.0, 1.0], abs=1e-9)
    drop, run = left[0, 2] - left[-1, 2], np.linalg.norm(left[-1, :2] - left[0, :2])
    assert 15.0 < np.degrees(np.arctan2(drop, run)) < 45.0


def test_its_head_touches_the_vertebra_but_for_cartilage_and_it_stays_within_the_flank(spine):
    stack = column(spine)
    bone = vertebra_shape(stack.vertebrae["L1"]).moved(stack.bodies["L1"])
    path = rib_path(stack, "L1", "left", spine.trunk)
    shape = dict(ribs(stack, spine.trunk))["L1 left rib"]

    assert 0.0 < bone.distance_mm(path[:1])[0] < 7.0
    assert shape.distance_mm(path[5:-5]).max() < 0.0
    assert np.abs(path[:, 0]).max() < spine.trunk["half_width_mm"] - 10.0


@pytest.mark.parametrize("bmi", [17.0, 24.0, 36.0, 45.0])
def test_a_rib_lies_within_the_muscular_wall_whatever_fat_is_over_it(bmi):
    """Beyond its angle: outside of pleura and cavity, under skin and subcutis (Gray)."""
    fat = spine_spec(person=Person(sex="male", bmi=bmi))
    stack = column(fat)
    trunk = Trunk(stack, fat.trunk)
    for level in ("T10", "T11"):
        path = rib_path(stack, level, "left", fat.trunk)
        shaft = path[
            np.cumsum(np.linalg.norm(np.diff(path, axis=0, prepend=path[:1]), axis=1)) > 50
        ]
        inside = trunk.cavity_mm(shaft)

        assert inside.min() > 3.0  # half the thickness of the shaft
        assert inside.max() < fat.trunk["wall_mm"] - 3.0
        cover = fat.trunk["skin_mm"] + min(
            fat.trunk[f"subcutis_{at}_mm"] for at in ("back", "side")
        )
        assert trunk.skin_mm(shaft).max() < -cover
