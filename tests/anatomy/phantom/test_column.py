"""How the vertebrae are stacked, and how their joints meet."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.column import Column, column, joined
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sound import overlaps, sound
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.geometry.transform import angle_deg

LEVELS = spine_spec().levels
LUMBAR = LEVELS[LEVELS.index("L1") :]

PAIRS = list(itertools.pairwise(LEVELS))


def test_the_origin_is_the_body_of_l3(mean):
    assert mean.column.bodies["L3"].matrix[:3, 3] == pytest.approx([0, 0, 0], abs=1e-12)


def test_the_sacral_endplate_has_its_slope(mean):
    spec, body = mean.column.vertebrae["S1"], mean.column.bodies["S1"]
    normal = body.turn([0.0, -spec.wedge_slope, 1.0])

    forward = np.degrees(np.arctan2(-normal[1], normal[2]))
    assert forward == pytest.approx(mean.spec.sacrum["slope_deg"], abs=1e-9)


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
def test_segments_have_their_lordosis(mean, upper, lower):
    above, below = (mean.column.bodies[level].matrix[:3, 2] for level in (upper, lower))

    expected = mean.column.vertebrae[lower].lordosis_above_deg
    assert angle_deg(above, below) == pytest.approx(abs(expected), abs=1e-9)


def test_recumbent_lordosis_is_that_published():
    # YUK19, PMC6680033: T12-S1 recumbent 36.8 +- 13.2; SCI22: 43 % of it at L5-S1
    angles = [spine_spec().vertebrae[level].lordosis_above_deg for level in LUMBAR]

    assert sum(angles) == pytest.approx(36.8, abs=3.0)
    assert angles == sorted(angles)


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
def test_discs_are_as_high_as_they_should_be(mean, upper, lower):
    top, low = mean.column.vertebrae[upper], mean.column.vertebrae[lower]
    above = mean.column.bodies[upper].apply([0, 0, -0.5 * top.height_mm])
    below = mean.column.bodies[lower].apply([0, 0, 0.5 * low.height_mm])

    assert np.linalg.norm(above - below) == pytest.approx(low.disc_above_mm, abs=1e-9)


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
@pytest.mark.parametrize("side", SIDES)
def test_facet_joints_have_their_space(mean, upper, lower, side):
    """Across the middle of the joint lie bone, a gap of its width, and bone."""
    post, body = Posts(mean.column.vertebrae[lower], side), mean.column.bodies[lower]
    face, normal = body.apply(post.facet), body.turn(post.facet_normal)
    steps = np.arange(-4.0, 6.0, 0.01)
    line = face + steps[:, None] * normal
    inferior = steps[np.argmax(mean.bones[upper].distance_mm(line) < 0)]
    superior = steps[np.nonzero(mean.bones[lower].distance_mm(line) < 0)[0][-1]]

    expected = mean.column.vertebrae[upper].joint_gap_mm
    assert inferior - superior == pytest.approx(expected, abs=0.6)


def test_joining_twice_changes_nothing(mean):
    again = joined(mean.column)

    for level in LEVELS:
        assert again[level].iap_drop_mm == pytest.approx(
            mean.column.vertebrae[level].iap_drop_mm, abs=1e-9
        )


def test_joining_leaves_out_what_has_no_neighbour():
    stack = column(spine_spec())
    alone = {"L4": stack.vertebrae["L4"]}

    assert joined(Column(alone, {"L4": stack.bodies["L4"]})) == alone


def test_neighbours_do_not_overlap(drawn):
    for upper, lower in PAIRS:
        one, two = drawn.bones[upper], drawn.bones[lower]
        low = np.maximum(one.box_mm[0], two.box_mm[0])
        high = np.minimum(one.box_mm[1], two.box_mm[1])
        points = np.random.default_rng(0).uniform(low, high, (30_000, 3))

        deepest = np.maximum(one.distance_mm(points), two.distance_mm(points)).min()
        assert deepest > 0, f"{upper} and {lower}"


def test_l3_lies_level_in_everybody(drawn):
    up = drawn.column.bodies["L3"].matrix[:3, 2]

    assert angle_deg(up, [0, 0, 1]) < 9.0


def moved(**sizes: float) -> Column:
    """The mean spine with other sizes of L4, which say how L3 lies on it."""
    spine = spine_spec()
    l4 = replace(spine.vertebrae["L4"], **sizes)
    return column(replace(spine, vertebrae={**spine.vertebrae, "L4": l4}))


@pytest.mark.parametrize(
    ("size", "value", "axis", "seen"),
    [("coronal_above_deg", 7.0, 2, 0), ("axial_above_deg", 6.0, 1, 0)],
)
def test_a_body_leans_and_turns_to_the_left_on_the_one_below(size, value, axis, seen):
    straight, bent = moved(), moved(**{size: value})
    step = bent.bodies["L4"].inverse() @ bent.bodies["L3"]
    way = step.matrix[:3, axis] * (1.0 if axis == 2 else -1.0)  # up, or the front

    assert np.degrees(np.arcsin(way[seen])) == pytest.approx(value, abs=0.05)
    for one in (straight, bent):
        up, down = one.bodies["L4"].matrix[:3, 2], one.bodies["L3"].matrix[:3, 2]
        middle = [
            one.bodies[level].apply([0, 0, sign * 0.5 * one.vertebrae[level].height_mm])
            for level, sign in (("L4", 1.0), ("L3", -1.0))
        ]  # about the middle of the disc: its ends are as far from it on both sides
        centre = 0.5 * (middle[0] + middle[1])
        assert (middle[1] - centre) @ down == pytest.approx((centre - middle[0]) @ up, abs=1e-9)


def test_the_sacrum_lies_straight_whatever_the_column_does():
    straight, bent = moved(), moved(coronal_above_deg=7.0, axial_above_deg=5.0)

    for level in ("L4", "L5", "S1"):
        turn = [one.bodies[level].matrix[:3, :3] for one in (straight, bent)]
        np.testing.assert_allclose(turn[0], turn[1], atol=1e-12)
    assert bent.bodies["L3"].matrix[:3, 3] == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_slip_runs_along_the_endplate_below():
    straight, slipped = (
        one.bodies["L4"].inverse() @ one.bodies["L3"] for one in (moved(), moved(slip_above_mm=6.0))
    )
    l4 = slipped.matrix[:3, 3] - straight.matrix[:3, 3]
    slope = spine_spec().vertebrae["L4"].wedge_slope

    assert np.linalg.norm(l4) == pytest.approx(6.0)
    assert l4[2] / l4[1] == pytest.approx(slope)
    np.testing.assert_allclose(slipped.matrix[:3, :3], straight.matrix[:3, :3], atol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_joints_follow_a_turned_and_slipped_body_on_each_side(side):
    stack = moved(coronal_above_deg=6.0, axial_above_deg=4.0, slip_above_mm=3.0, tropism_deg=8.0)
    above, below = (Posts(stack.vertebrae[level], side) for level in ("L3", "L4"))
    upper, lower = stack.bodies["L3"], stack.bodies["L4"]
    gap = 0.5 * above.spec.joint_gap_mm

    middle = lower.apply(below.facet + gap * below.facet_normal)
    np.testing.assert_allclose(upper.apply(above.joint_below), middle, atol=1e-9)
    np.testing.assert_allclose(
        upper.turn(above.iap_normal), lower.turn(below.facet_normal), atol=1e-9
    )
    np.testing.assert_allclose(upper.turn(above.iap_up), lower.turn(below.sap_up), atol=1e-9)


def test_what_runs_along_a_turned_column_is_turned_with_it():
    stack = moved(axial_above_deg=6.0)
    z = np.array([stack.bodies[level].matrix[2, 3] for level in ("S1", "L3")])
    low, high = stack.left_at(z)

    np.testing.assert_allclose(low, [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(high, stack.bodies["L3"].matrix[:3, 0], atol=1e-12)


def test_stations_are_the_bodies_where_five_are_lumbar(mean):
    for name in ("T12", "L1", "L4", "L5", "S1"):
        middle, spec = mean.column.station_mm(name)
        np.testing.assert_array_equal(middle, mean.column.bodies[name].matrix[:3, 3])
        assert spec is mean.column.vertebrae[name]


@pytest.mark.parametrize(("name", "last"), [("four_lumbar", "L4"), ("six_lumbar", "L6")])
def test_stations_run_evenly_from_the_first_to_the_last_lumbar_vertebra(name, last):
    stack = column(spine_spec(name))
    heights = [stack.station_mm(f"L{n}")[0][2] for n in range(1, 6)]

    assert heights[0] == stack.bodies["L1"].matrix[2, 3]
    assert heights[-1] == stack.bodies[last].matrix[2, 3]
    steps = -np.diff(heights)
    assert steps.min() > 0.8 * steps.mean()


@pytest.mark.parametrize(("name", "last"), [("four_lumbar", "L4"), ("six_lumbar", "L6")])
def test_a_vertebra_less_or_more_is_built_whole(name, last):
    spine = spine_spec(name)
    draft = drafted(spine)
    up = draft.stack.bodies[spine.origin].matrix[:3, 2]

    assert sound(spine) == overlaps(spine) == ()
    assert draft.stack.pairs[-1] == (last, "S1")
    assert {f"{last} left root", f"{last} right medial branch", "aorta"} <= set(draft.structures)
    assert f"{last}-S1 disc" in draft.spaces
    assert f"{last} left sap_tip" in draft.landmarks_mm
    assert angle_deg(up, [0, 0, 1]) < 3.0


def test_heights_of_levels_that_are_not_there_go_on_from_the_nearest(mean):
    few = {level: mean.column.vertebrae[level] for level in ("T11", "T12", "S1")}
    stack = Column(few, {level: mean.column.bodies[level] for level in few})
    last, sacrum = (stack.bodies[one].matrix[2, 3] for one in ("T12", "S1"))

    assert stack.lumbar == ()
    assert stack.height_mm("T12") == last
    assert stack.height_mm("L1") == pytest.approx(last - 36.0)
    assert stack.height_mm("L5") > sacrum
    assert mean.column.height_mm("L4") == mean.column.bodies["L4"].matrix[2, 3]
