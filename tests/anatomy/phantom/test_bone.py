"""The bone of a vertebra measured on its surface."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import (
    vertebra_shape,
)
from needle_sim.geometry.transform import unit

LEVELS = spine_spec().levels

LUMBAR = LEVELS[:-1]
UP = np.array([0.0, 0.0, 1.0])


def chord_mm(bone, through, along) -> float:
    """Length of bone on a line through a point inside it, to both sides until it ends."""
    total = 0.0
    for sign in (-1.0, 1.0):
        steps = np.arange(0.0, 60.0, 0.02)
        line = np.asarray(through) + sign * steps[:, None] * unit(along)
        total += steps[np.argmax(bone.distance_mm(line) > 0)]
    return total


def gap_mm(bone, through, along) -> float:
    """Length of free way on a line through a point outside."""
    total = 0.0
    for sign in (-1.0, 1.0):
        steps = np.arange(0.0, 60.0, 0.02)
        line = np.asarray(through) + sign * steps[:, None] * unit(along)
        total += steps[np.argmax(bone.distance_mm(line) < 0)]
    return total


@pytest.mark.parametrize("level", LUMBAR)
def test_pedicles_have_their_width_and_height(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    post = Posts(spec, "left")
    across = np.cross(post.pedicle_axis, UP)

    places = post.pedicle + np.linspace(-3.0, 1.0, 9)[:, None] * post.pedicle_axis

    width = min(chord_mm(bone, place, across) for place in places)
    height = min(chord_mm(bone, place, UP) for place in places)
    assert width == pytest.approx(spec.pedicle_width_mm, rel=0.1)
    assert height == pytest.approx(spec.pedicle_height_mm, rel=0.1)


@pytest.mark.parametrize("level", LUMBAR)
def test_the_canal_has_its_width_and_depth(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    abreast = spec.back_mm + 0.5 * spec.pedicle_length_mm
    centre = [0.0, abreast, spec.pedicle_rise_mm]
    low = [0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, -spec.lamina_drop_mm]

    assert gap_mm(bone, centre, [1, 0, 0]) == pytest.approx(spec.canal_width_mm, rel=0.06)
    assert gap_mm(bone, low, [0, 1, 0]) == pytest.approx(spec.canal_depth_mm, rel=0.1)


@pytest.mark.parametrize("level", LUMBAR)
def test_the_body_has_its_heights_and_widths(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    front, back = -0.36 * spec.upper_depth_mm, 0.36 * spec.upper_depth_mm

    slope = (spec.posterior_height_mm - spec.anterior_height_mm) / (2 * spec.back_mm)
    for y in (front, back):
        expected = spec.height_mm + slope * y
        rim = 0.6 * spec.dish_mm  # both endplates are dished, a little even near the rim
        assert chord_mm(bone, [0, y, 0], UP) == pytest.approx(expected - rim, abs=1.2)
    waist = 0.5 * (spec.upper_width_mm + spec.lower_width_mm) - 2 * spec.waist_mm
    assert chord_mm(bone, [0, 0, 0], [1, 0, 0]) == pytest.approx(waist, abs=0.1)


@pytest.mark.parametrize("level", LUMBAR)
def test_the_superior_face_stands_at_its_angle(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    outward = bone.gradient(Posts(spec, "left").facet[None])[0]

    tilted = np.hypot(outward[1], outward[2])
    assert np.degrees(np.arctan2(tilted, -outward[0])) == pytest.approx(spec.facet_angle_deg, abs=4)
    tapered = 5.0  # the process is thinner at its tip, so that its face leans by this besides
    leans = np.degrees(np.arcsin(outward[2]))
    assert leans == pytest.approx(spec.facet_tilt_deg + tapered, abs=2.0)


@pytest.mark.parametrize("level", LUMBAR)
def test_the_distance_is_exact_to_first_order_at_the_surface(mean, level):
    bone = mean.own[level]
    points = np.random.default_rng(0).uniform(*bone.box_mm, (60_000, 3))
    steep = np.linalg.norm(bone.gradient(points[np.abs(bone.distance_mm(points)) < 0.3]), axis=1)

    assert np.percentile(steep, 99.5) < 1.12  # never claims to be much farther than it is
    assert np.median(steep) == pytest.approx(1.0, abs=0.03)
    assert np.percentile(steep, 10) > 0.75  # fillets are flatter


@pytest.mark.parametrize("level", LEVELS)
def test_the_mean_spine_is_its_own_mirror_image(mean, level):
    bone = mean.own[level]
    points = np.random.default_rng(0).uniform(*bone.box_mm, (20_000, 3))

    mirrored = bone.distance_mm(points * [-1, 1, 1])
    assert bone.distance_mm(points) == pytest.approx(mirrored, abs=0.35)
    assert np.mean(np.abs(bone.distance_mm(points) - mirrored) > 1e-9) < 0.05  # order of blending


def test_a_shape_is_made_of_few_rows(mean):
    assert len(vertebra_shape(mean.column.vertebrae["L4"]).rows) < 50


@pytest.mark.parametrize("level", LEVELS[1:])
def test_the_groove_is_open_and_no_tunnel(mean, level):
    """From all along the nerve a straight way leads out of the bone, outwards or dorsally."""
    post, bone = Posts(mean.column.vertebrae[level], "left"), mean.own[level]
    reach = np.arange(0.5, 14.0, 0.5)[:, None]
    for share in np.linspace(-0.8, 1.0, 10):
        at = post.neck_point(share) + 1.5 * post.groove_out
        fan = np.radians([0.0, 15.0, 30.0, 45.0, 60.0])
        ways = [np.cos(angle) * post.neck_out + np.sin(angle) * post.neck_over for angle in fan]
        assert any(bone.distance_mm(at + reach * way).min() > 0 for way in ways)


@pytest.mark.parametrize("level", ["T10", "T11"])
def test_nothing_hangs_from_the_pars_before_a_joint_that_looks_backwards(level):
    """Under the pedicle the foramen is free back to the joint below: no rim of bone in it."""
    spec = column(spine_spec()).vertebrae[level]
    bone, post = vertebra_shape(spec), Posts(spec, "left")
    low = spec.pedicle_rise_mm - 0.5 * spec.pedicle_height_mm
    down = np.arange(5.0, 12.0, 0.5)
    back = np.linspace(spec.back_mm + 3.0, float(post.joint_below[1]) - 6.0, 20)
    points = np.array([[abs(post.pedicle[0]), y, low - z] for z in down for y in back])

    assert bone.distance_mm(points).min() > 0.3
