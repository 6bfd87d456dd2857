"""What the trunk holds, in the order it is painted."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.mesentery import vessels_of_bowel
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.viscera import organ_layers, organs
from needle_sim.anatomy.tissue import label


@pytest.fixture(scope="module")
def trunk(mean) -> Trunk:
    return Trunk(mean.column, mean.spec.trunk)


def test_every_organ_of_the_trunk_is_there_by_name(mean, trunk):
    found = list(organ_layers(mean.column, trunk, mean.spec.kidney))

    assert {one.tissue for one in found} == {
        "liver", "gallbladder", "spleen", "stomach", "pancreas", "adrenal", "kidney", "bowel",
        "bowel_gas", "blood", "fat", "urinary_bladder", "muscle", "diaphragm", "lung",
    }  # fmt: skip
    assert all(label(one.tissue) > 0 for one in found)


def test_the_seed_draws_bowel_alone(mean, trunk):
    room = Room(mean.column, trunk)

    def rows(seed):
        return [(one.tissue, np.stack(one.rows)) for one in organs(room, mean.spec.kidney, seed)]

    first, again, other = rows(3), rows(3), rows(4)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    fixed = ("liver", "spleen", "kidney", "pancreas", "adrenal", "urinary_bladder")
    for name in fixed:
        pairs = zip([r for t, r in first if t == name], [r for t, r in other if t == name],
                    strict=True)  # fmt: skip
        assert all(np.array_equal(a, b) for a, b in pairs), name
    assert not np.array_equal(
        np.concatenate([r for t, r in first if t == "bowel"]),
        np.concatenate([r for t, r in other if t == "bowel"])[: len(first)],
    )


def test_organs_grow_with_the_trunk(mean):
    wide = Trunk(mean.column, {**mean.spec.trunk, "half_width_mm": 190.0, "front_mm": 160.0})
    slim = Trunk(mean.column, mean.spec.trunk)

    def liver(trunk):
        room = Room(mean.column, trunk)
        (one,) = [o for o in organs(room, mean.spec.kidney) if o.tissue == "liver"]
        return np.ptp(room.inside(one).box_mm[:, 0])

    assert liver(wide) > liver(slim) + 15.0


def test_organs_stay_inside_the_muscular_wall(mean, trunk):
    points = np.random.default_rng(3).uniform([-170, -125, -190], [170, 60, 100], (40_000, 3))
    outside = points[trunk.cavity_mm(points) > -1.5]

    assert len(outside) > 5000
    for layer in organ_layers(mean.column, trunk, mean.spec.kidney):
        if layer.tissue == "muscle":  # the glutei
            continue
        assert (layer.shape.distance_mm(outside) >= 0).all()


def test_beside_a_column_without_lumbar_vertebrae_there_are_no_organs_of_the_abdomen():
    spine = spine_spec()
    few = {level: one for level, one in spine.vertebrae.items() if not level.startswith("L")}
    spine = replace(spine, vertebrae=few, origin="T12")
    stack = column(spine)
    trunk = Trunk(stack, spine.trunk)

    found = {one.tissue for one in organ_layers(stack, trunk, spine.kidney)}

    assert found == {"urinary_bladder", "muscle", "diaphragm", "lung"}
    assert list(vessels_of_bowel(Room(stack, trunk))) == []
