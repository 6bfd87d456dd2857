"""Spines bent to a side: angles, turns, and what runs along them."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.back.muscles import Back
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.curve import cobb_of_sizes, curved
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.ribs import rib_path
from needle_sim.anatomy.phantom.sound import overlaps
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from tests.anatomy.phantom.conftest import bare_of


@pytest.fixture(scope="module")
def bent():
    """A lumbar curve of 25 degrees, convex to the left."""
    return bare_of(curved(spine_spec(), 25.0))


@pytest.mark.parametrize(
    ("cobb", "ends", "side"),
    [(25.0, ("T11", "L2", "L4"), "left"), (48.0, ("T10", "L1", "L4"), "right"),
     (12.0, ("T12", "L3", "L5"), "left")],
)  # fmt: skip
def test_the_endplates_enclose_the_angle_that_was_asked(cobb, ends, side):
    upper, apex, lower = ends
    spine = curved(spine_spec(), cobb, upper=upper, apex=apex, lower=lower, side=side)
    sign = 1.0 if side == "left" else -1.0

    assert sign * cobb_of_sizes(column(spine), upper, lower) == pytest.approx(cobb, abs=1e-4)


def test_the_end_vertebrae_are_the_most_tilted_and_the_apex_the_farthest_off(bent):
    bodies = bent.column.bodies
    lean = {level: body.matrix[0, 2] for level, body in bodies.items()}
    ends = bodies["T11"].matrix[:3, 3], bodies["L4"].matrix[:3, 3]
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    off = {
        level: ((body.matrix[:3, 3] - ends[0]) - along * ((body.matrix[:3, 3] - ends[0]) @ along))[
            0
        ]
        for level, body in bodies.items()
        if level not in ("T10", "L5", "S1")
    }

    assert min(lean, key=lean.get) == "T11"
    assert max(lean, key=lean.get) == "L4"
    assert max(off, key=off.get) == "L2"


def test_bodies_turn_their_front_to_the_convex_side_and_most_at_the_apex(bent):
    turn = {
        level: np.degrees(np.arcsin(-body.matrix[0, 1]))
        for level, body in bent.column.bodies.items()
    }

    assert max(turn, key=turn.get) == "L2"
    assert turn["L2"] == pytest.approx(0.4 * 25.0, abs=0.5)  # 0.3-0.5 of the Cobb angle
    assert turn["S1"] == pytest.approx(0.0, abs=1e-9)


def test_nothing_runs_into_another():
    assert overlaps(curved(spine_spec(), 40.0)) == ()


def test_sac_and_cord_stay_in_the_canal(bent):
    walls = [bent.bones[level] for level in bent.column.levels]
    for name in ("dura", "spinal cord", "cauda equina"):
        for tube in bent.structures[name].tubes:
            inside = tube.points_mm[tube.points_mm[:, 2] < bent.column.bodies["T10"].matrix[2, 3]]
            radius = tube.radius_mm[-len(inside) :]
            free = np.min([bone.distance_mm(inside) for bone in walls], axis=0)
            assert (free - radius).min() > 0.0, name


def test_medial_branches_lie_on_their_bone_on_both_sides(bent):
    for side in ("left", "right"):
        tube = bent.structures[f"L3 {side} medial branch"].tubes[0]
        depth = bent.bones["L4"].distance_mm(tube.points_mm)
        assert depth.min() > 0.0
        assert np.sort(depth)[len(depth) // 4] < 1.2


def test_discs_fill_the_wedge_between_leaning_bodies(bent):
    upper, lower = bent.column.bodies["L3"], bent.column.bodies["L4"]
    specs = bent.column.vertebrae
    disc = bent.spaces["L3-L4 disc"].shape
    for x in (-16.0, 16.0):
        ends = [
            body.apply([x, 0.0, way * (0.5 * specs[level].height_mm - 0.3)])
            for level, body, way in (("L3", upper, -1.0), ("L4", lower, 1.0))
        ]
        line = np.linspace(*ends, 60)
        bone = np.minimum(*(bent.bones[level].distance_mm(line) for level in ("L3", "L4")))
        assert np.minimum(bone, disc.distance_mm(line)).max() < 0.3


def test_the_furrow_follows_the_spine_in_part_and_the_trunk_stands_upright(bent):
    trunk = Trunk(bent.column, bent.spec.trunk)
    at = [bent.column.bodies[level].matrix[:3, 3] for level in ("T10", "L2", "S1")]
    z = np.linspace(at[2][2], at[0][2], 60)
    axis, furrow = trunk.axis_mm(z), trunk.midline_mm(z)
    spinous = bent.column.bodies["L2"].apply([0.0, 60.0, -10.0])
    seen = float(np.interp(spinous[2], z, furrow - axis))
    real = float(spinous[0] - np.interp(spinous[2], z, axis))

    assert axis[[0, -1]] == pytest.approx([at[2][0], at[0][0]])
    assert 0.0 < seen < real


def test_ribs_and_muscles_stand_beside_the_curve(bent):
    canvas = Canvas.of((-190.0, -20.0, 20.0), (190.0, 130.0, 56.0), 2.0)
    Back(bent.column, Trunk(bent.column, bent.spec.trunk), bent.spec.sacrum).paint(canvas)
    z = canvas.axis_mm(2)
    slab = canvas.labels[int(np.argmin(np.abs(z - 37.0)))]
    found = canvas.axis_mm(0)[np.argwhere(slab == label("multifidus"))[:, 1]]
    body = bent.column.bodies["L2"]
    arch = body.apply([0.0, 35.0, 0.0])[0]

    assert body.matrix[0, 3] - arch > 4.0  # the arch is turned to the concave side
    assert found.mean() == pytest.approx(arch, abs=3.0)
    axis = Trunk(bent.column, bent.spec.trunk).axis_mm(bent.column.bodies["T11"].matrix[2:3, 3])
    left, right = (rib_path(bent.column, "T11", side, bent.spec.trunk) for side in SIDES[::-1])
    assert left[:, 0].max() - axis[0] == pytest.approx(axis[0] - right[:, 0].min(), rel=0.03)


def test_a_straight_trunk_is_in_the_middle(mean):
    trunk = Trunk(mean.column, mean.spec.trunk)
    z = np.linspace(-200.0, 200.0, 9)

    assert not trunk.axis_mm(z).any()
    assert not trunk.midline_mm(z).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [({"upper": "T4"}, "T4 is none of the vertebrae"), ({"apex": "L5"}, "must lie between")],
)
def test_a_curve_that_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        curved(spine_spec(), 25.0, **given)
