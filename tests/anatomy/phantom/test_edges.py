"""Landmarks of laminae, pedicles, joints and foramina."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.edges import lamina_landmarks, leaves, under_pedicle
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.spec import generator, spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks, vertebra_shape
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar, box

LEVELS = spine_spec().levels
LUMBAR = LEVELS[LEVELS.index("L1") :]

BONY = ("lamina_upper_edge", "lamina_ventral_upper", "lamina_lower_edge", "lamina_ventral_lower",
        "pedicle_lateral", "pedicle_medial", "pedicle_12_oclock", "pedicle_6_oclock",
        "sap_base_lateral", "sap_tip", "iap_tip")  # fmt: skip


@cache
def landmarks(spine, level: str) -> dict[str, np.ndarray]:
    spec = spine.column.vertebrae[level]
    if level == "S1":
        return sacrum_landmarks(spec, spine.spec.sacrum, spine.own[level])
    return vertebra_landmarks(spec, bone=spine.own[level])


def off_mm(spine, level: str, point: np.ndarray, *names: str) -> float:
    """Least distance of a landmark from structures."""
    at = spine.column.bodies[level].apply(point)[None]
    return min(float(spine.structures[name].distance_mm(at)[0]) for name in names)


def test_bony_landmarks_lie_on_the_bone(drawn):
    for level in LEVELS:
        for name, point in landmarks(drawn, level).items():
            if name.split(" ")[-1] in BONY:
                assert abs(drawn.own[level].distance_mm(point[None])[0]) < 0.3, (level, name)


def test_laminae_have_borders_in_order(drawn):
    for level in LEVELS[:-1]:
        found, spec = landmarks(drawn, level), drawn.column.vertebrae[level]
        for prefix in ("", "left ", "right "):
            height = found[f"{prefix}lamina_upper_edge"] - found[f"{prefix}lamina_lower_edge"]
            assert height[2] > 0.5 * spec.lamina_height_mm
        lower, upper = found["lamina_ventral_lower"], found["lamina_ventral_upper"]
        assert lower[1] > upper[1] + 1.0  # the lower border lies farther back
        assert abs(upper[1] - spec.back_mm - spec.canal_depth_mm) < 1.5
        edge = found["lamina_lower_edge"]
        assert np.linalg.norm(edge - lower) < 3.0


def test_a_slender_lamina_has_borders_beside_the_midline_too():
    """A drawn L5 whose lower border ends before 8 mm from the midline at six tenths of its way."""
    rng = np.random.default_rng(np.random.SeedSequence(3026431988, spawn_key=(0,)))
    spec = column(spine_spec("lumbar_normal", rng=rng)).vertebrae["L5"]
    bone = vertebra_shape(spec)
    found = vertebra_landmarks(spec, bone=bone)
    for name in ("lamina_upper_edge", "lamina_lower_edge"):
        for side in ("left ", "right "):
            assert abs(float(bone.distance_mm(found[side + name][None])[0])) < 0.1
        middle, beside = found[name], found[f"left {name}"]
        assert abs(middle[2] - beside[2]) < spec.lamina_height_mm


@pytest.mark.parametrize("seed", [2, 15])
def test_the_ventral_edge_of_a_lamina_lies_at_its_border(seed):
    """Drawn T10s with the hollow of a joint before the border of one side: a search that swings
    between the two had left the ventral edge 3 mm above."""
    spec = column(spine_spec(rng=generator(seed))).vertebrae["T10"]
    found = lamina_landmarks(spec, vertebra_shape(spec))
    for side in ("left ", "right ", ""):
        for end in ("upper", "lower"):
            edge, ventral = found[f"{side}lamina_{end}_edge"], found[f"{side}lamina_ventral_{end}"]
            assert abs(edge[2] - ventral[2]) < 1.0


@pytest.mark.parametrize("seed", [11_000_090, 11_000_131])
def test_a_slender_thoracic_lamina_has_borders_nearer_to_the_midline(seed):
    """Drawn T10s that end above the middle of the canal where borders are looked for at first."""
    spec = column(spine_spec(rng=generator(seed))).vertebrae["T10"]
    bone = vertebra_shape(spec)
    found = vertebra_landmarks(spec, bone=bone)

    for side in ("left ", "right "):
        upper, lower = found[f"{side}lamina_upper_edge"], found[f"{side}lamina_lower_edge"]
        assert np.abs(bone.distance_mm(np.stack([upper, lower]))).max() < 0.1
        assert upper[2] - lower[2] > 0.5 * spec.lamina_height_mm
        assert 1.0 < abs(lower[0]) <= 5.0


def test_pedicles_have_four_sides(drawn):
    for level in LEVELS[:-1]:
        found, spec = landmarks(drawn, level), drawn.column.vertebrae[level]
        for side in SIDES:
            centre = found[f"{side} pedicle_centre"]
            height = found[f"{side} pedicle_12_oclock"][2] - found[f"{side} pedicle_6_oclock"][2]
            outer, inner = (abs(found[f"{side} pedicle_{n}"][0]) for n in ("lateral", "medial"))

            assert 0.9 < height / spec.pedicle_height_mm < 1.5  # at L5 the processes add to it
            assert inner < abs(centre[0]) < outer


def test_walls_of_a_pedicle_run_along_its_axis_from_the_canals_widest_place(drawn):
    """At half the pedicle's length its medial wall lies at half the width of the canal, and its
    lateral one a pedicle's width farther out, measured across its axis; a least section that lies
    before or behind that finds both walls shifted by what the axis runs sideways from there.

    L5's least section lies 3 mm before that, where the medial wall flares into the body.
    """
    for level in LEVELS[:-1]:
        found, spec = landmarks(drawn, level), drawn.column.vertebrae[level]
        slant, flare = np.radians(spec.pedicle_transverse_deg), 1.8 if level == "L5" else 0.8
        for side in SIDES:
            lateral, medial = (found[f"{side} pedicle_{name}"] for name in ("lateral", "medial"))
            behind = medial[1] - Posts(spec, side).pedicle[1]
            inner = 0.5 * spec.canal_width_mm + behind * np.tan(slant)
            outer = inner + spec.pedicle_width_mm / np.cos(slant)

            assert -flare < abs(medial[0]) - inner < 0.8, (level, side)
            assert -0.3 < abs(lateral[0]) - outer < 0.5, (level, side)


def test_joint_lines_run_backwards_and_outwards(drawn):
    for level in LUMBAR[:-1]:
        found = landmarks(drawn, level)
        for side in SIDES:
            dorsal, ventral = (found[f"{side} joint_below_{n}"] for n in ("dorsal", "ventral"))
            assert dorsal[1] > ventral[1]
            assert abs(dorsal[0]) > abs(ventral[0])
            assert drawn.own[level].distance_mm(np.stack([dorsal, ventral])).min() > 0.0


@pytest.mark.parametrize("side", SIDES)
def test_a_needle_under_the_pedicle_keeps_off_root_and_dura(mean, side):
    for level in LEVELS[:-1]:
        point = landmarks(mean, level)[f"{side} foramen_upper_dorsal"]
        spec = mean.column.vertebrae[level]
        below = Posts(spec, side).pedicle[2] - 0.5 * spec.pedicle_height_mm

        assert off_mm(mean, level, point, f"{level} {side} root") >= 1.5
        assert off_mm(mean, level, point, "dura") >= 3.0
        assert mean.own[level].distance_mm(point[None])[0] > 0.35  # room for a 22 G needle
        assert point[2] == pytest.approx(below - 2.0, abs=0.6)


@pytest.mark.parametrize("side", SIDES)
def test_in_everybody_it_keeps_off_them_by_more_than_a_needle(drawn, side):
    for level in LEVELS[:-1]:
        point = landmarks(drawn, level)[f"{side} foramen_upper_dorsal"]
        inside = drawn.spaces[f"{level} {side} foramen"].shape

        assert off_mm(drawn, level, point, f"{level} {side} root") >= 0.7
        assert off_mm(drawn, level, point, "dura") >= 3.0
        assert inside.distance_mm(drawn.column.bodies[level].apply(point)[None])[0] < -0.3


@pytest.mark.parametrize("side", SIDES)
def test_kambins_place_lies_in_the_foramen_below_the_root(drawn, side):
    for upper, lower in pairwise(LUMBAR):
        point = landmarks(drawn, lower)[f"{side} kambin"]
        at = drawn.column.bodies[lower].apply(point)[None]
        disc = drawn.spaces[f"{upper}-{lower} disc"].shape
        bones = min(drawn.bones[level].distance_mm(at)[0] for level in (upper, lower))

        assert off_mm(drawn, lower, point, f"{upper} {side} root") > 2.0
        assert off_mm(drawn, lower, point, "dura") > 3.0
        assert drawn.spaces[f"{upper} {side} foramen"].shape.distance_mm(at)[0] < 0
        assert 0.35 < disc.distance_mm(at)[0] < 12.0
        assert bones > 1.0


def test_under_the_pedicle_depth_runs_from_body_to_isthmus(mean):
    post, bone = Posts(mean.column.vertebrae["L3"], "left"), mean.own["L3"]
    front, rear = (under_pedicle(post, bone, share, 2.0) for share in (0.0, 1.0))

    assert front[1] == pytest.approx(post.spec.back_mm)
    assert 5.0 < rear[1] - front[1] <= 9.0
    assert bone.distance_mm(rear[None])[0] == pytest.approx(0.0, abs=0.2)


def test_a_ray_that_stays_in_bone_is_refused(mean):
    with pytest.raises(InputError, match="does not leave"):
        leaves(mean.own["L3"], np.zeros(3), np.array([0.0, 0.0, 1.0]), most_mm=3.0)


QUADRANTS = [
    f"foramen_{half}_{wall}" for half in ("upper", "lower") for wall in ("dorsal", "ventral")
]


@pytest.mark.parametrize("side", SIDES)
def test_quadrants_lie_in_their_corners_of_the_foramen(drawn, side):
    for level, lower in pairwise(LUMBAR):
        found, body = landmarks(drawn, level), drawn.column.bodies[level]
        points = np.stack([found[f"{side} {name}"] for name in QUADRANTS])
        inside = drawn.spaces[f"{level} {side} foramen"].shape.distance_mm(body.apply(points))
        bones = [drawn.bones[one].distance_mm(body.apply(points)).min() for one in (level, lower)]

        assert inside.max() < 0.0, (level, inside)
        assert min(bones) > 0.0, (level, bones)
        assert (points[[0, 2], 1] > points[[1, 3], 1] + 1.0).all()
        assert (points[:2, 2] > points[2:, 2] + 5.0).all()


def test_the_ventral_interlaminar_line_runs_down_and_back(drawn):
    """On each side and in the midline; halfway along it the laminae meet."""
    for level in LEVELS[:-1]:
        found, bone = landmarks(drawn, level), drawn.own[level]
        for prefix in ("", "left ", "right "):
            upper, lower = (found[f"{prefix}lamina_ventral_{end}"] for end in ("upper", "lower"))
            assert upper[2] > lower[2] + 5.0
            assert lower[1] > upper[1] - 0.5
        junction = found["spinolaminar_junction"]
        assert abs(bone.distance_mm(junction[None])[0]) < 0.01
        assert found["lamina_ventral_lower"][2] < junction[2] < found["lamina_ventral_upper"][2]


def test_a_ray_that_starts_in_a_groove_of_the_bone_leaves_it_at_its_far_side():
    block = box((10.0, 10.0, 10.0))
    groove = bar([-20.0, 0, 0], [20.0, 0, 0], (1.5, 1.5), across=(0, 0, 1.0), step="cut")
    down = np.array([0.0, 0.0, -1.0])
    found = leaves(Implicit.of([block, groove]), np.zeros(3), down)
    np.testing.assert_allclose(found, [0.0, 0.0, -10.0], atol=0.1)
    with pytest.raises(InputError, match="does not leave"):
        leaves(Implicit.of([block]), np.array([0.0, 0.0, 16.0]), down)
