"""Nerves, sac and vessels: where they run, and that a needle can lie along a branch."""

import itertools

import numpy as np
import pytest

from needle_sim.anatomy.phantom.nerves import sac_line, structures
from needle_sim.anatomy.phantom.posts import SIDES, Posts, on_bone
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.geometry.paths import distance_mm, resample
from needle_sim.geometry.shapes import distance_to_tubes_mm
from needle_sim.geometry.transform import unit

LEVELS = spine_spec().levels
LUMBAR = LEVELS[LEVELS.index("L1") :]

NEEDLE_RADIUS_MM = 0.635  # 18 G


def surface(tube, around: int = 12) -> np.ndarray:
    """Points on the outside of a tube, 1 mm apart along it."""
    points, along = tube.points_mm, np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1)
    path = resample(points, 1.0)
    at = np.linspace(0, along.sum(), len(path))
    radius = np.interp(at, np.concatenate([[0], np.cumsum(along)]), tube.radius_mm)
    forward = unit(np.gradient(path, axis=0))
    side = unit(np.cross(forward, [0.3, 1.0, 0.2]))
    up = np.cross(forward, side)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(angle)[:, None, None] * side + np.sin(angle)[:, None, None] * up
    return (path + radius[:, None] * ring).reshape(-1, 3)


def test_every_nerve_has_its_name(mean):
    names = set(mean.structures)

    assert {"dura", "aorta", "inferior_vena_cava"} <= names
    for side in SIDES:
        assert {f"{level} {side} root" for level in LEVELS} <= names
        assert {f"{level} {side} medial branch" for level in LEVELS[:-1]} <= names
    assert all(one.provenance == "constructed" for one in mean.structures.values())


def test_nothing_soft_runs_through_bone(drawn):
    for name, one in drawn.structures.items():
        # a branch lies on the periosteum, in places in a crease: its middle is held free of bone
        hugging = one.kind in ("medial_branch", "lateral_branch")
        for tube in one.tubes:
            points = resample(tube.points_mm, 0.5) if hugging else surface(tube)
            for level, bone in drawn.bones.items():
                low, high = bone.box_mm
                near = points[((points > low) & (points < high)).all(axis=1)]
                if len(near):
                    assert bone.distance_mm(near).min() > 0.0, f"{name} in {level}"


@pytest.mark.parametrize("side", SIDES)
def test_a_straight_needle_can_lie_along_every_branch(drawn, side):
    """From the neck's ventral end 120 mm back, 0.8 mm off the bone, nothing bony is touched."""
    for level, lower in itertools.pairwise(LEVELS):
        post, own = Posts(drawn.column.vertebrae[lower], side), drawn.own[lower]
        front, rear = (on_bone(post, own, post.neck_point(share), off_mm=0.8) for share in (1, 0))
        back = np.linspace(0, 120, 481)[:, None] * unit(front - rear)
        shaft = drawn.column.bodies[lower].apply(front - back)

        clearance = min(bone.distance_mm(shaft).min() for bone in drawn.bones.values())
        assert clearance > NEEDLE_RADIUS_MM, f"{level} branch on {lower}"
        nerve = drawn.structures[f"{level} {side} medial branch"].tubes[0].points_mm
        assert distance_mm(shaft[4:40], nerve).max() < 1.5  # the active 10 mm lie at the nerve


@pytest.mark.parametrize("side", SIDES)
def test_that_needle_stays_off_sac_and_roots(drawn, side):
    hazards = [
        t for one in drawn.structures.values() if one.kind in ("dura", "root") for t in one.tubes
    ]
    for lower in LEVELS[1:]:
        post, own = Posts(drawn.column.vertebrae[lower], side), drawn.own[lower]
        front, rear = (on_bone(post, own, post.neck_point(share), off_mm=0.8) for share in (0.8, 0))
        shaft = front - np.linspace(0, 120, 241)[:, None] * unit(front - rear)

        clearance = distance_to_tubes_mm(drawn.column.bodies[lower].apply(shaft), hazards).min()
        assert clearance > 1.0 + NEEDLE_RADIUS_MM


@pytest.mark.parametrize("level", ["L2", "L3", "L4"])
def test_the_sac_has_the_area_of_a_healthy_one(mean, level):
    # LIM17, PMC5728944: 151.7 +- 53.6 mm2 at L4-5
    body = mean.column.bodies[level]
    x, y = np.meshgrid(np.arange(-14, 14, 0.25), np.arange(10, 45, 0.25))
    plane = body.apply(np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1))

    area = (mean.structures["dura"].distance_mm(plane) < 0).sum() * 0.25**2
    assert area == pytest.approx(151.7, abs=53.6)


def test_the_sac_ends_in_s2(mean):
    line, _ = sac_line(mean.column, mean.spec.sacrum)
    below_s1 = mean.column.bodies["S1"].inverse().apply(line[-1])

    assert -60 < below_s1[2] < -15


def test_roots_grow_from_l1_to_s1(mean):
    # KHAS23: 3.9 at L1 to 5.45 at S1
    radii = {one: mean.structures[f"{one} left root"].tubes[0].radius_mm for one in LUMBAR}
    sizes = [2 * (np.median(radii[one]) if one == "S1" else radii[one][2]) for one in LUMBAR]

    assert sizes == sorted(sizes)
    assert sizes[0] == pytest.approx(3.9, abs=0.5)
    assert sizes[-1] == pytest.approx(5.45, abs=0.6)


def test_the_aorta_lies_left_and_the_vena_cava_right(mean):
    assert mean.structures["aorta"].tubes[0].points_mm[1, 0] > 0
    assert mean.structures["inferior_vena_cava"].tubes[0].points_mm[1, 0] < 0


@pytest.mark.parametrize("side", SIDES)
def test_a_branch_starts_at_its_root(mean, side):
    for level in LEVELS[:-1]:
        branch = mean.structures[f"{level} {side} medial branch"].tubes[0].points_mm
        root = mean.structures[f"{level} {side} root"]

        assert root.distance_mm(branch[:1])[0] < 0.1


def test_arteries_and_veins_do_not_run_through_one_another(drawn):
    aorta, cava = drawn.structures["aorta"], drawn.structures["inferior_vena_cava"]
    for vein in cava.tubes:
        # where the right artery crosses, walls may be pressed together
        assert (aorta.distance_mm(vein.points_mm) - vein.radius_mm).min() > -0.5


def test_great_vessels_divide_once_and_lie_before_the_bone(drawn):
    for name in ("aorta", "inferior_vena_cava"):
        trunk, right, left = drawn.structures[name].tubes
        for branch, sign in ((right, -1.0), (left, 1.0)):
            gap = np.linalg.norm(branch.points_mm[0] - trunk.points_mm[-1])
            assert gap < trunk.radius_mm[-1]
            assert sign * branch.points_mm[-1, 0] > 40.0
        for bone in drawn.bones.values():
            assert (bone.distance_mm(trunk.points_mm) - 0.85 * trunk.radius_mm).min() > 0.0


@pytest.mark.parametrize("below_mm", [-25.0, 9.0, 40.0])
def test_the_cord_ends_where_the_conus_is_set(mean, below_mm):
    found = structures(mean.column, mean.own, mean.spec.sacrum, conus_mm=below_mm, artery=None)
    cord = np.concatenate([tube.points_mm for tube in found["spinal cord"].tubes])
    tip = mean.column.bodies["L1"].matrix[2, 3] - below_mm

    assert cord[:, 2].min() == pytest.approx(tip, abs=0.1)
    assert found["cauda equina"].tubes[0].points_mm[0, 2] > tip
    assert not any("radiculomedullary" in name for name in found)
