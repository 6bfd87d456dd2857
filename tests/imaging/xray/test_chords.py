import numpy as np
import pytest

from needle_sim.imaging.xray.beam import material, mu_rho
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.chords import HUB_LENGTH_MM, chords_cm, parts_of, seen_polyline, shadow
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from tests.imaging.xray.analytic import placed

CARM = CArm((0.0, 0.0, 0.0))
STEEL = material("steel").density_g_cm3


# gauge, outer and inner diameter mm, transmission at 60 keV solid and empty (304 steel, 9.48 /cm)
@pytest.mark.parametrize(
    ("outer", "inner", "solid", "empty"),
    [
        (0.515, 0.26, 0.614, 0.785),
        (0.718, 0.413, 0.506, 0.749),
        (0.908, 0.603, 0.423, 0.749),
        (1.27, 0.838, 0.300, 0.664),
    ],
    ids=["25G", "22G", "20G", "18G"],
)
def test_transmission_through_the_middle_of_a_needle_at_60_kev(outer, inner, solid, empty):
    for bore, expected in ((0.0, solid), (inner, empty)):
        shaft, _ = parts_of(
            placed([-40, 0, 0], [40, 0, 0], outer_mm=outer, inner_mm=bore, length_mm=80)
        )
        steel_cm, _ = chords_cm(CARM.source_mm, CARM.beam_direction * 1000.0, shaft)
        per_cm = mu_rho("steel", 60.0) * STEEL
        assert np.exp(-per_cm * steel_cm) == pytest.approx(expected, abs=0.003)


def test_the_chord_across_a_cylinder_is_that_of_a_circle():
    shaft, _ = parts_of(placed([0, 0, 60], [0, 0, -60], outer_mm=4.0, length_mm=120))
    x = np.linspace(-3, 3, 25)
    rays = np.stack([x, np.full(25, 600.0), np.zeros(25)], axis=-1) * (1000 / 600)
    _, body_cm = chords_cm(CARM.source_mm, rays, shaft)
    away = 600 * np.abs(x) / np.hypot(x, 600)  # distance of each ray from the axis
    exact = 0.2 * np.sqrt(np.maximum(4 - away**2, 0))
    assert body_cm == pytest.approx(exact, abs=1e-9)


def test_seen_end_on_a_needle_is_as_long_as_it_is():
    shaft, hub = parts_of(placed([0, 75, 0], [0, -75, 0], outer_mm=1.27))
    steel_cm, _ = chords_cm(CARM.source_mm, CARM.beam_direction * 1000.0, shaft)
    plastic_cm, body_cm = chords_cm(CARM.source_mm, CARM.beam_direction * 1000.0, hub)
    assert steel_cm == pytest.approx(15.0)
    assert plastic_cm == pytest.approx(0.0)  # the bore of the hub: a dot in a ring
    assert body_cm == pytest.approx(HUB_LENGTH_MM / 10)


def volume_mm3(part, box_mm):
    """Volume of a part by parallel rays through a box about the origin."""
    side, half = 160, box_mm / 2
    at = (np.arange(side) + 0.5) / side * box_mm - half
    y, z = np.meshgrid(at, at)
    total = 0.0
    far = 1e7  # so far that rays are parallel
    source = np.array([-far, 0.0, 0.0])
    rays = np.stack([np.full(y.shape, 2 * far), 2 * y, 2 * z], axis=-1)
    wall_cm, _ = chords_cm(source, rays, part)
    total = wall_cm.sum() * 10 * (box_mm / side) ** 2
    return total


def test_a_bevel_takes_away_half_of_the_tip_that_it_cuts():
    # a plane at angle b through the point of the tip cuts pi R^3 / tan b off a cylinder
    outer, length = 2.0, 10.0
    for bevel in (20.0, 45.0, 90.0):
        shaft, _ = parts_of(
            placed([0, 0, 5], [0, 0, -5], outer_mm=outer, length_mm=length, bevel_deg=bevel)
        )
        whole = np.pi * (outer / 2) ** 2 * length
        cut = np.pi * (outer / 2) ** 3 / np.tan(np.deg2rad(bevel))
        assert volume_mm3(shaft, 12.0) == pytest.approx(whole - cut, rel=0.01)


def test_the_bevel_faces_its_clock():
    for clock, side in ((0.0, 1.0), (180.0, -1.0)):
        needle = PlacedNeedle(
            Needle(18, 2.0, 0.0, 60.0, 30.0), Trajectory.straight([50, 0, 0], [0, 0, 0]), clock
        )
        shaft = parts_of(needle)[-2]
        # just behind the tip, +z of the patient is up: the open side of clock 0
        up, down = (
            chords_cm(
                CARM.source_mm, (np.array([1.0, 0.0, z]) - CARM.source_mm) * (1000 / 600), shaft
            )[1]
            for z in (0.8, -0.8)
        )
        assert (down - up) * side > 0.05


def test_a_bent_shaft_has_no_gap_and_no_double_wall_at_its_joint():
    points = np.array([[0.0, 0.0, 40.0], [0.0, 0.0, 0.0], [4.0, 0.0, -30.0]])
    needle = PlacedNeedle(Needle(18, 2.0, 0.0, 40 + np.hypot(4, 30) + 1e-9), Trajectory(points))
    bodies = [part for part in parts_of(needle) if part.steel]
    z = np.linspace(-3, 3, 40)
    at = np.stack([np.where(z < 0, -z * 4 / 30, 0.0), np.zeros(40), z], axis=-1)
    rays = (at - CARM.source_mm) * (1000 / 600)
    total = sum(chords_cm(CARM.source_mm, rays, part)[1] for part in bodies)
    assert total == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize("pose", [(0, 0), (30, 15), (-60, 0), (90, 0), (10, -40)])
def test_the_shadow_of_a_blunt_tip_ends_where_its_point_is_projected(pose):
    carm = CArm((0.0, 0.0, 0.0), *pose)
    tip = np.array([5.0, 3.0, -8.0])
    entry = tip + carm.row_direction * -60 + carm.beam_direction * 20
    cast = shadow(carm, [placed(entry, tip, length_mm=80)], STEEL)
    image = np.zeros(carm.shape)
    image[cast.rows, cast.columns] = cast.steel_g_cm2.mean(axis=1)
    row, column = project_points(carm, tip)
    near = image[:, round(column) - 8 : round(column) + 9]
    profile = near.sum(axis=1)
    full = profile[int(row) - 25 : int(row) - 10].mean()
    end = int(row) - 25 + profile[int(row) - 25 :].sum() / full - 0.5
    assert end == pytest.approx(row, abs=0.3)
    columns = np.arange(round(column) - 8, round(column) + 9)
    at_end = near[int(row) - 2]
    assert (at_end @ columns) / at_end.sum() == pytest.approx(column, abs=0.3)


def test_a_shadow_does_not_depend_on_which_pixels_were_looked_at():
    needle = placed([30, 60, 20], [0, 0, 0], inner_mm=0.838, bevel_deg=30.0)
    carm = CArm((0, 0, 0), 10, 5, shape=(128, 128), pixel_mm=2.0)
    cast = shadow(carm, [needle], STEEL)
    everywhere = np.indices(carm.shape).reshape(2, -1)
    rays = np.stack([*everywhere, np.ones(everywhere.shape[1])], axis=-1) @ carm.pixel_rays().T
    total = sum(
        chords_cm(carm.source_mm, rays, part)[0] for part in parts_of(needle) if part.steel
    ).reshape(carm.shape)
    found = np.zeros(carm.shape)
    found[cast.rows, cast.columns] = cast.steel_g_cm2[:, 4] / STEEL  # the middle sub-ray
    assert found == pytest.approx(total, abs=1e-5)


def test_only_what_lies_under_the_skin_displaces_tissue():
    cast = shadow(CARM, [placed([40, 0, 0], [-20, 0, 0], length_mm=150)], STEEL)
    entry, tip = project_points(CARM, [[40, 0, 0], [-20, 0, 0]])[:, 1]
    inside = cast.tissue_cm.any(axis=1)
    assert cast.columns[inside].max() == pytest.approx(entry, abs=1)
    assert cast.columns[inside].min() == pytest.approx(tip, abs=1)
    assert cast.columns.max() > entry + 50


def test_a_polyline_is_cut_where_it_passes_the_focal_spot():
    seen = seen_polyline(CARM, np.array([[0.0, -700, 0], [30.0, 0, 0]]))
    assert seen.shape == (2, 2)
    assert seen[1] == pytest.approx(project_points(CARM, [30, 0, 0]))
    assert seen_polyline(CARM, np.array([[0.0, -700, 0], [0.0, -650, 0]])).shape == (0, 2)
