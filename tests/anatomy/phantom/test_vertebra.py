"""A vertebra measured on its surface, and the way along its neck."""

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import landmark_names
from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM, SIDES, Posts, on_bone
from needle_sim.anatomy.phantom.spec import LEVELS, spine_spec
from needle_sim.anatomy.phantom.vertebra import (
    medial_branch_path,
    root_path,
    vertebra_landmarks,
    vertebra_shape,
)
from needle_sim.errors import InputError
from needle_sim.geometry.paths import length_mm
from needle_sim.geometry.transform import angle_deg, unit

LUMBAR = LEVELS[:-1]
ON_BONE = (
    "sap_tip",
    "iap_tip",
    "sap_tp_junction",
    "mamillo_accessory_notch",
    "sap_neck_ventral",
    "sap_neck_dorsal",
    "tp_root_upper",
    "tp_tip",
)
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
def test_processes_reach_as_far_as_they_should(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    found = vertebra_landmarks(spec, bone=bone)

    span = found["left tp_tip"][0] - found["right tp_tip"][0]
    assert span == pytest.approx(spec.tp_span_mm, rel=0.04)
    spinous = found["spinous_tip"][1] - spec.back_mm
    assert spinous == pytest.approx(spec.spinous_length_mm, rel=0.04)
    assert found["left sap_tip"][2] > 0.5 * spec.height_mm
    assert found["left iap_tip"][2] < -0.5 * spec.height_mm


@pytest.mark.parametrize("level", LUMBAR)
def test_the_superior_face_stands_at_its_angle(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    outward = bone.gradient(Posts(spec, "left").facet[None])[0]

    from_sagittal = np.degrees(np.arctan2(outward[1], -outward[0]))
    assert from_sagittal == pytest.approx(spec.facet_angle_deg, abs=4.0)


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


@pytest.mark.parametrize("level", LUMBAR)
def test_landmarks_of_the_surface_lie_on_it(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    found = vertebra_landmarks(spec, bone=bone)

    assert set(found) == set(landmark_names())
    points = np.stack([found[f"{side} {name}"] for side in SIDES for name in ON_BONE])
    assert np.abs(bone.distance_mm(points)).max() < 0.01


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("side", SIDES)
def test_the_medial_branch_hugs_the_neck(mean, level, side):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    post = Posts(spec, side)
    path = medial_branch_path(spec, side, bone=bone)
    ends = [on_bone(post, bone, post.neck_point(share), off_mm=NERVE_OFF_MM) for share in (0, 1)]
    along = (path - ends[0]) @ unit(ends[1] - ends[0])
    neck = path[(along > 0.5) & (along < length_mm(ends) - 0.5)]

    assert 10 <= length_mm(ends) <= 15
    assert (bone.distance_mm(neck) > 0.4).all()
    assert (bone.distance_mm(neck) < 1.5).all()
    assert (bone.distance_mm(path) > 0.2).all()
    course = np.diff(neck, axis=0)
    assert max(angle_deg(step, -post.needle_axis) for step in course[2:-2]) < 15.0


@pytest.mark.parametrize("level", LUMBAR[1:])
@pytest.mark.parametrize("side", SIDES)
def test_the_neck_runs_as_published_electrodes_do(mean, level, side):
    # parallel electrodes: 29-47 degrees lateral, 34-49 caudal (CAMP), P14: 20 oblique, 40-45 caudad
    axis = Posts(mean.column.vertebrae[level], side).needle_axis
    outward = -axis[0] * (1.0 if side == "right" else -1.0)

    assert 20 <= np.degrees(np.arctan2(-outward, -axis[1])) <= 30
    assert 34 <= np.degrees(np.arcsin(axis[2])) <= 49


def test_a_root_leaves_below_its_pedicle(mean):
    for level in LUMBAR:
        spec = mean.column.vertebrae[level]
        tube, post = root_path(spec, "left"), Posts(spec, "left")
        abreast = tube.points_mm[np.argmin(np.abs(tube.points_mm[:, 0] - post.pedicle[0]))]

        assert abreast[2] < post.pedicle[2] - 0.5 * spec.pedicle_height_mm
        assert tube.radius_mm.max() == pytest.approx(0.5 * spec.ganglion_mm)


def test_a_side_that_is_none_is_refused():
    with pytest.raises(InputError, match="side must be left or right, got 'up'"):
        _ = Posts(spine_spec().vertebrae["L4"], "up").sign


def test_a_shape_is_made_of_few_rows(mean):
    assert len(vertebra_shape(mean.column.vertebrae["L4"]).rows) < 50
