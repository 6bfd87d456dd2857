"""A fixed part of the validation, with its bounds; what the picks stand on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from needle_sim.geometry.shapes import Implicit, bar, box
from validation.fine_mesh import fine_mesh
from validation.foramen_picks import recess, widest_mm
from validation.groove_picks import floor, upper_border
from validation.joint_picks import FACE_MM, JOINT_MM, facing
from validation.landmarks import PHANTOMS, Gap, asked, by_name, faults, gaps
from validation.process_picks import summits
from validation.sections import extreme, normals, section

LEAST_NAMES = 25  # landmarks that have a pick
BLOCK = Implicit.of([box((8.0, 5.0, 3.0), centre_mm=(1.0, 2.0, 3.0))])


@pytest.mark.long
def test_picks_on_meshes_agree_with_the_landmarks():
    found = by_name(gaps(range(PHANTOMS // 66)))

    assert len(found) >= LEAST_NAMES
    assert faults(found) == []


def test_a_landmark_out_of_its_place_would_be_found():
    good = [Gap("sap_tip", n, "L4", 0.4) for n in range(9)]

    assert faults(by_name(iter(good))) == []
    (far,) = faults(by_name(iter([*good, Gap("sap_tip", 9, "L2", 2.1)])))
    assert "sap_tip: 2.10 mm at L2, seed 9" in far
    (mean,) = faults(by_name(dataclasses.replace(one, mm=1.1) for one in good))
    assert "mean 1.10 mm" in mean


def test_a_phantom_that_is_refused_is_a_fault_and_the_next_is_looked_at():
    found = by_name(gaps([3, 4], name="no_such_phantom"))

    assert faults(found) == [f"seed {seed}: its spine is refused" for seed in (3, 4)]


def test_seeds_are_counted_or_named():
    assert asked([]) == list(range(PHANTOMS))
    assert asked(["3"]) == [0, 1, 2]
    assert asked(["seeds", "142", "7-9"]) == [142, 7, 8, 9]


def test_a_mesh_sampled_near_the_surface_alone_is_closed_and_as_large_as_it_should_be():
    ball = fine_mesh(Implicit.of([bar([3.0, 1.0, 0.0], [3.0, 1.0, 0.0], (9.0, 9.0))]))

    assert ball.closed
    assert ball.volume_mm3 == pytest.approx(4.0 / 3.0 * np.pi * 9.0**3, rel=0.005)


@pytest.mark.parametrize(("axis", "area"), [(0, 60.0), (1, 96.0), (2, 160.0)])
def test_a_section_of_a_block_is_its_side(axis, area):
    centre = np.array([1.0, 2.0, 3.0])
    (outline,) = section(fine_mesh(BLOCK), axis, float(centre[axis]) + 0.3)

    assert outline.area_mm2 == pytest.approx(area, rel=0.01)
    away = np.delete(outline.centre_mm - centre, axis)
    assert np.abs(away).max() < 0.02


def test_an_outline_crosses_a_level_at_that_level():
    (outline,) = section(fine_mesh(BLOCK), 0, 1.3)

    found = outline.crossing(2, 3.07)
    assert found[:, 2] == pytest.approx([3.07, 3.07])
    assert sorted(found[:, 1]) == pytest.approx([-3.0, 7.0], abs=0.02)


def test_a_hole_counts_the_other_way_round():
    """A ring: its outer outline is positive, its hole negative, and beside it there is nothing."""
    ring = Implicit.of(
        [
            bar([0, 0, -3], [0, 0, 3], (9.0, 9.0), cap_mm=0.5),
            bar([0, 0, -9], [0, 0, 9], (4.0, 4.0), step="cut", blend_mm=0.0),
        ]
    )
    mesh = fine_mesh(ring)

    areas = sorted(one.area_mm2 for one in section(mesh, 2, 0.1))
    assert areas == pytest.approx([-np.pi * 16.0, np.pi * 81.0], rel=0.02)
    assert section(mesh, 2, 40.0) == []


def test_the_extreme_of_a_flat_end_is_its_middle():
    corner = extreme(fine_mesh(BLOCK).points_mm, [0.0, 0.0, 1.0], within_mm=0.1)

    assert corner == pytest.approx([1.0, 2.0, 6.0], abs=0.26)  # half a step


def test_the_higher_of_two_summits_is_the_extreme_where_they_are_not_joined():
    """Two flat tops 10 mm apart, one 0.1 mm higher: with both counted, the middle lies between."""
    x = np.concatenate([np.arange(-1.0, 1.1, 0.5), np.arange(9.0, 11.1, 0.5)])
    tops = np.stack([x, 0.0 * x, np.where(x < 5.0, 2.0, 2.1)], axis=1)

    assert extreme(tops, [0.0, 0.0, 1.0])[0] == pytest.approx(5.0)
    assert extreme(tops, [0.0, 0.0, 1.0], joined_mm=1.0) == pytest.approx([10.0, 0.0, 2.1])


def test_normals_of_a_ball_point_away_from_its_middle():
    ball = fine_mesh(Implicit.of([bar([3.0, 1.0, 0.0], [3.0, 1.0, 0.0], (9.0, 9.0))]))
    out = ball.points_mm - np.array([3.0, 1.0, 0.0])

    along = np.sum(normals(ball) * out / np.linalg.norm(out, axis=1, keepdims=True), axis=1)
    assert along.min() > 0.99


def test_a_summit_is_where_nothing_beside_stands_out_more():
    """Two cones on a slope: both tops count, the higher edge of what is looked at does not."""
    x, y = (one.reshape(-1) for one in np.meshgrid(np.arange(0, 30, 0.5), np.arange(0, 10, 0.5)))
    z = 0.2 * x
    for at, high in ((6.0, 5.0), (12.0, 4.5)):
        z = np.maximum(z, high - 1.5 * np.hypot(x - at, y - 5.0))
    surface = np.stack([x, y, z], axis=1)

    tops = summits(surface, x < 28.0, [0.0, 0.0, 1.0])
    np.testing.assert_allclose(sorted(tops[:, 0]), [6.0, 12.0], atol=0.3)
    assert len(summits(surface, (x > 17.0) & (x < 28.0), [0.0, 0.0, 1.0])) == 0


def test_a_lateral_recess_is_measured_from_the_side_wall_of_the_canal():
    """Walls of a block with a canal 20 mm wide, seen at a pedicle given by hand."""
    hollow = Implicit.of(
        [
            box((30.0, 20.0, 6.0), centre_mm=(0.0, 10.0, 0.0)),
            box((10.0, 6.0, 30.0), centre_mm=(0.0, 16.0, 0.0), step="cut"),
        ]
    )
    own = {"pedicle_centre": np.array([14.0, 15.0, 0.0])}

    for side in (1.0, -1.0):
        found = recess(fine_mesh(hollow), own, side)["lateral_recess"]
        assert found == pytest.approx([side * 7.5, 15.0, 0.0], abs=0.05)
        assert widest_mm(fine_mesh(hollow), own, side, 20.0) == pytest.approx(10.0, abs=0.05)


def test_the_canal_is_as_wide_as_between_the_pedicles_and_not_farther_back():
    """Its walls go apart at half a millimetre a millimetre: 8 mm at the pedicle's middle."""
    hollow = Implicit.of(
        [
            box((30.0, 20.0, 6.0), centre_mm=(0.0, 10.0, 0.0)),
            bar(
                [0.0, 15.0, 0.0],
                [0.0, 27.0, 0.0],
                (8.0, 9.0),
                end_radii_mm=(14.0, 9.0),
                across=(1.0, 0.0, 0.0),
                cap_mm=0.5,
                squared=True,
                step="cut",
                blend_mm=0.0,
            ),
        ]
    )
    own = {"pedicle_centre": np.array([14.0, 15.0, 0.0])}

    near, far = (widest_mm(fine_mesh(hollow), own, 1.0, end) for end in (19.0, 23.0))
    assert near == pytest.approx(9.75, abs=0.2)  # of the last section before 19 mm
    assert far == pytest.approx(11.75, abs=0.2)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_floor_of_a_groove_is_the_corner_between_an_upright_and_a_level_bar(sign):
    """A bar beside an upright one, whose lateral face is at 22 mm and the bar's upper at 4 mm."""
    bone = fine_mesh(
        Implicit.of(
            [
                box((20.0, 15.0, 14.0)),
                box((2.0, 5.0, 14.0), centre_mm=(20.0 * sign, 30.0, 10.0), blend_mm=0.0),
                box((12.0, 4.0, 4.0), centre_mm=(30.0 * sign, 26.0, 0.0), blend_mm=0.0),
            ]
        )
    )

    line = floor(bone, sign, np.array([20.0 * sign, 30.0, 24.0]))
    assert line[0, 1] == pytest.approx(25.0, abs=0.8)  # where the upright one begins
    along = line[1:]  # the first section runs in that very face
    np.testing.assert_allclose(along[:, 0], 22.0 * sign, atol=0.3)
    np.testing.assert_allclose(along[:, 2], 4.0, atol=0.3)
    border = upper_border(bone, sign, line[0])
    np.testing.assert_allclose(sign * (border[:, 0] - line[0, 0]), [3.0, 4.0, 5.0], atol=1e-9)
    np.testing.assert_allclose(border[:, 2], 4.0, atol=0.1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_border_ends_where_a_wide_pedicle_stands_higher_in_front(sign):
    """A block as high as the bar and 2 mm more, in front of the bar's medial part alone."""
    bone = fine_mesh(
        Implicit.of(
            [
                box((20.0, 15.0, 14.0)),
                box((12.0, 2.0, 4.0), centre_mm=(30.0 * sign, 26.0, 0.0), blend_mm=0.0),
                box((5.0, 1.5, 6.0), centre_mm=(20.5 * sign, 22.5, 0.0), blend_mm=0.0),
            ]
        )
    )

    border = upper_border(bone, sign, np.array([22.0 * sign, 25.0, 4.0]))
    np.testing.assert_allclose(sign * border[:, 0], [26.0, 27.0], atol=1e-9)
    np.testing.assert_allclose(border[:, 1], 26.0, atol=0.4)


def test_without_a_process_beside_it_there_is_no_groove():
    blocks = [box((20.0, 15.0, 14.0)), box((2.0, 5.0, 14.0), centre_mm=(20.0, 30.0, 10.0))]

    assert len(floor(fine_mesh(Implicit.of(blocks)), 1.0, np.array([20.0, 30.0, 24.0]))) == 0


def test_two_blocks_face_one_another_where_they_overlap():
    """One reaches from -6 to 6 mm, the other, 1 mm medial of it, from -3 to 9 mm."""
    mesh, other = (
        fine_mesh(Implicit.of([box((2.0, 5.0, 6.0), centre_mm=centre)]))
        for centre in ((10.0, 30.0, 0.0), (5.0, 30.0, 3.0))
    )

    places, steps = facing(mesh, other, 1.0, behind_mm=20.0, most_mm=JOINT_MM)
    np.testing.assert_allclose(places.mean(axis=0), [8.0, 30.0, 1.5], atol=0.3)
    np.testing.assert_allclose(steps.mean(axis=0), [-1.0, 0.0, 0.0], atol=0.1)
    assert len(facing(mesh, other, -1.0, behind_mm=20.0, most_mm=JOINT_MM)[0]) == 0


@pytest.mark.parametrize(
    ("apart", "most_mm", "face"),
    [(2.5, JOINT_MM, True), (3.5, JOINT_MM, False), (3.5, FACE_MM, True), (4.6, FACE_MM, False)],
)
def test_a_face_goes_on_where_a_wide_joint_opens(apart, most_mm, face):
    mesh, other = (
        fine_mesh(Implicit.of([box((2.0, 5.0, 6.0), centre_mm=(x, 30.0, 0.0))]))
        for x in (14.0, 10.0 - apart)
    )

    assert bool(len(facing(mesh, other, 1.0, behind_mm=20.0, most_mm=most_mm)[0])) is face
