"""Spaces of a spine by name, and compartments that follow from them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from needle_sim.anatomy.compartment import compartment
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.spaces import spaces_of
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError

LEVELS = spine_spec().levels

PAIRS = [f"{a}-{b}" for a, b in pairwise(LEVELS)]


@pytest.fixture(scope="module")
def stack():
    return column(spine_spec())


def some(stack, *levels: str):
    return [{one: table[one] for one in levels} for table in (stack.vertebrae, stack.bodies)]


def test_a_phantom_has_every_space_by_name(phantom):
    wanted = {
        "canal",
        "sacral hiatus",
        "sacrococcygeal_ligament",
        *(f"{pair} {kind}" for pair in PAIRS for kind in ("disc", "flavum")),
    }
    for side in ("left", "right"):
        wanted |= {f"{pair} {side} facet_joint" for pair in PAIRS}
        wanted |= {f"{level} {side} foramen" for level in LEVELS[:-1]}
        wanted.add(f"{side} sacroiliac_joint")

    assert set(phantom.spaces) == wanted
    assert {one.provenance for one in phantom.spaces.values()} == {"constructed"}
    assert all(name.endswith(one.kind) for name, one in phantom.spaces.items())


def test_two_neighbours_have_the_spaces_between_them(stack):
    found = spaces_of(*some(stack, "L3", "L4"))

    assert set(found) == {
        "canal", "L3-L4 disc", "L3-L4 flavum", "L3 left foramen", "L3 right foramen",
        "L3-L4 left facet_joint", "L3-L4 right facet_joint",
    }  # fmt: skip
    assert {one.provenance for one in found.values()} == {"inferred"}
    low, high = found["canal"].shape.box_mm
    assert high[2] > stack.bodies["L3"].matrix[2, 3] + 20.0
    assert low[2] < stack.bodies["L4"].matrix[2, 3] - 20.0


def test_those_of_neighbours_are_those_of_the_whole_spine(stack):
    spec = spine_spec()
    whole = spaces_of(stack.vertebrae, stack.bodies, spec.sacrum)
    pair = spaces_of(*some(stack, "L4", "L5"))
    for name in ("L4-L5 flavum", "L4-L5 disc", "L4 left foramen", "L4-L5 right facet_joint"):
        np.testing.assert_allclose(pair[name].shape.rows, whole[name].shape.rows)


def test_vertebrae_apart_have_a_canal_and_nothing_between_them(stack):
    assert set(spaces_of(*some(stack, "L1", "L4"))) == {"canal"}


def test_s1_needs_its_sacrum(stack):
    with pytest.raises(InputError, match="S1"):
        spaces_of(*some(stack, "L5", "S1"))


def test_points_find_their_compartments(phantom):
    body = phantom.body("L3")
    middle = phantom.landmark("L3 lamina_ventral_lower") + phantom.landmark(
        "L4 lamina_ventral_upper"
    )
    back = body.turn([0.0, 1.0, 0.0])
    line = 0.5 * middle + np.arange(-14.0, 6.0, 0.25)[:, None] * back + [1.5, 0.0, 0.0]
    kinds = [compartment(phantom, point).kind for point in line]
    order = [one for n, one in enumerate(kinds) if n == 0 or one != kinds[n - 1]]

    assert order[:3] == ["intrathecal", "epidural", "flavum"]
    for name, kind in (
        ("L3 left joint_below_centre", "intra_articular"),
        ("L3 right foramen_upper_dorsal", "epidural"),
        ("L4 right kambin", "epidural"),
        ("L3 pedicle", "bone"),
    ):
        point = body.apply([17.5, 21.5, 4.8]) if "pedicle" in name else phantom.landmark(name)
        assert compartment(phantom, point).kind == kind
    disc = body.apply([0.0, 0.0, -18.7])
    assert compartment(phantom, disc).kind == "intradiscal"


def test_voxels_show_the_same_ligament_and_fat(phantom):
    """Where exact flavum and canal are deeper than half a voxel, the labels agree."""
    fat, flavum = phantom.spaces["canal"], phantom.spaces["L3-L4 flavum"]
    points = np.random.default_rng(0).uniform(*flavum.shape.box_mm, (30_000, 3))
    off = np.min([bone.distance_mm(points) for bone in phantom.bones.values()], axis=0)
    for name in ("dura", "L3 left root", "L3 right root", "L4 left root", "L4 right root"):
        off = np.minimum(off, phantom.structures[name].distance_mm(points))
    reach = 0.9 * float(phantom.ct.spacing_mm.max())
    deep = (flavum.shape.distance_mm(points) < -0.55 * reach) & (off > reach)
    found = phantom.labels.sample(points[deep]).astype(int)
    assert np.mean(found == label("ligamentum_flavum")) > 0.95
    deep = (fat.shape.distance_mm(points) < -reach) & (off > reach)
    found = phantom.labels.sample(points[deep]).astype(int)
    assert np.mean(found == label("epidural_fat")) > 0.95
