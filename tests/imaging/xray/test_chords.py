"""Chords of rays in needles and tools against closed forms; where shadows fall and end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.geometry.solids import block, capsule, cone, ellipsoid
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.beam import material, mu_rho
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.chords import interval_mm, line_mm, seen_polyline, shadow, spread
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.part import Part, part
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool, cement, place
from needle_sim.instruments.trajectory import Trajectory
from tests.geometry.test_solids import BODIES, inside
from tests.imaging.xray.analytic import placed

CARM = CArm((0.0, 0.0, 0.0))
STEEL = material("steel").density_g_cm3
CLOSED_FORM_MM = 1e-5  # root mean square, as promised


def tool(*parts):
    return PlacedTool("test", parts, np.zeros((1, 3)))


def image(carm, instruments, name=None):
    """Mass of a material, or length of displaced tissue, as a picture of means over pixels."""
    cast = shadow(carm, instruments)
    found = np.zeros(carm.shape)
    values = cast.tissue_cm if name is None else cast.mass_g_cm2[cast.materials.index(name)]
    found[cast.rows, cast.columns] = values.mean(axis=1)
    return found


def through_middle(instruments):
    """Mass of each material along the central ray."""
    cast = shadow(replace(CARM, shape=(1, 1), pixel_mm=1e-3), instruments)
    return dict(zip(cast.materials, cast.mass_g_cm2[:, 0].mean(axis=1).tolist(), strict=True))


def sampled_mm(source, ray, solid, step=5e-3):
    """First and last point of a ray in a body, by looking."""
    middle = float((solid.centre_mm - source) @ unit(ray))
    at = middle + np.arange(-30.0, 30.0, step)
    hit = at[inside(solid, source + at[:, None] * unit(ray))]
    return (hit[0], hit[-1]) if len(hit) else (0.0, 0.0)


@pytest.mark.parametrize("name", BODIES)
def test_the_interval_of_a_ray_is_where_it_is_inside(name):
    solid, _ = BODIES[name]
    rng = np.random.default_rng(3)
    for far in (25.0, 600.0):
        source = solid.centre_mm + far * unit(rng.normal(size=3))
        aims = solid.centre_mm + rng.normal(0, 2.0, (12, 3))
        aims[0] = solid.centre_mm
        rays = (aims - source) * 1.7
        found = interval_mm(source, rays, part(solid, "steel"))
        looked = [sampled_mm(source, ray, solid) for ray in rays]
        assert found == pytest.approx(np.array(looked), abs=1e-2)


@pytest.mark.parametrize("turned", [0.0, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("name", ["cone", "pointed", "cylinder", "capsule", "block"])
def test_a_ray_along_the_axis_of_a_body_is_as_long_in_it(name, turned):
    solid, _ = BODIES[name]
    start, end = solid.spine_mm
    along = unit(end - start)
    source = solid.centre_mm - 600 * unit(along + turned * np.cross(along, [0.3, 0.2, 0.9]))
    near, far = interval_mm(source, (solid.centre_mm - source)[None] * 2, part(solid, "steel"))[0]
    length = np.linalg.norm(end - start) + (2 * solid.reach_mm if name == "capsule" else 0)
    if name in ("cone", "pointed", "cylinder"):  # their spines end at their planes
        length = np.linalg.norm(end - start)
    assert far - near == pytest.approx(length, rel=3e-3)


def closed_forms():
    """Solid, and its chord (N) for rays (N, 3) from a source, told another way."""
    radius, axis = 0.359, np.array([0.0, 0.0, 1.0])

    def of_cylinder(source, rays):
        (x, y), flat = rays[:, :2].T, np.linalg.norm(rays[:, :2], axis=1)
        nearest = (x * source[1] - y * source[0]) / flat
        across = 2 * np.sqrt(np.maximum(radius**2 - nearest**2, 0.0))
        return across * np.linalg.norm(rays, axis=1) / flat

    def of_ball(source, rays):
        nearest = np.linalg.norm(np.cross(rays, source), axis=1) / np.linalg.norm(rays, axis=1)
        return 2 * np.sqrt(np.maximum(25.0 - nearest**2, 0.0))

    yield cone(-400 * axis, 400 * axis, (2 * radius, 2 * radius)), of_cylinder, 0.6
    yield ellipsoid([0, 0, 0], (10.0, 10.0, 10.0)), of_ball, 7.0
    yield capsule([0, 0, 0], 1e-7 * axis, 10.0), of_ball, 7.0


@pytest.mark.parametrize("case", list(closed_forms()), ids=["needle", "ball", "capsule"])
def test_chords_are_those_of_the_closed_form(case):
    solid, exact, wide = case
    rng = np.random.default_rng(5)
    source = np.array([-500.0, 300.0, 120.0])
    rays = (rng.uniform(-wide, wide, (4000, 3)) - source) * (1000 / 600)
    near, far = interval_mm(source, rays, part(solid, "steel")).T
    truth = exact(source, rays)
    assert (truth > 0).sum() > 1000
    assert np.sqrt(np.mean((far - near - truth) ** 2)) <= CLOSED_FORM_MM
    # and as a picture holds them, in 32 bits
    cast = shadow(CARM, [tool(part(solid, "steel"))])
    at = np.stack([cast.rows, cast.columns], axis=1)[:, None] + spread()[cast.way]
    along = np.concatenate([at, np.ones((*at.shape[:2], 1))], axis=-1) @ CARM.pixel_rays().T
    held = cast.mass_g_cm2[0].reshape(-1) / STEEL * 10
    truth = exact(CARM.source_mm, along.reshape(-1, 3))
    assert np.sqrt(np.mean((held - truth) ** 2)) <= CLOSED_FORM_MM


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
    needle = placed([-40, 0, 0], [40, 0, 0], outer_mm=outer, inner_mm=inner, length_mm=80)
    for stylet, expected in ((True, solid), (False, empty)):
        steel = through_middle([replace(needle, stylet=stylet)])["steel"]
        assert np.exp(-mu_rho("steel", 60.0) * steel) == pytest.approx(expected, abs=0.003)


def test_seen_end_on_a_needle_is_as_long_as_it_is():
    needle = placed([0, 75, 0], [0, -75, 0], outer_mm=1.27)
    # the hub begins where the needle's length ends; the shaft goes on to the bottom of its socket
    assert through_middle([needle])["steel"] == pytest.approx((15.0 + 1.0) * STEEL, rel=1e-5)
    assert through_middle([needle])["polycarbonate"] == pytest.approx(
        0.0, abs=1e-9
    )  # a dot in a ring


def test_a_bevel_takes_away_half_of_the_tip_that_it_cuts():
    # a plane at angle b through the point of the tip cuts pi R^3 / tan b off a cylinder
    outer, length = 2.0, 10.0
    carm = CArm((0, 0, 0), source_isocentre_mm=1e5, source_detector_mm=1.001e5, pixel_mm=0.05)
    for bevel in (20.0, 45.0, 90.0):
        needle = placed([0, 0, 5], [0, 0, -5], outer_mm=outer, length_mm=length, bevel_deg=bevel)
        seen = image(carm, [needle], "steel")
        above = int(project_points(carm, [0, 0, 5 - 1e-9])[0])
        volume = seen[above + 1 :].sum() / STEEL * 10 * (0.05 * 1e5 / 1.001e5) ** 2
        row = project_points(carm, [0, 0, 5])[0]
        volume += seen[above].sum() / STEEL * 10 * (0.05 * 1e5 / 1.001e5) ** 2 * (above + 0.5 - row)
        whole = np.pi * (outer / 2) ** 2 * length
        cut = np.pi * (outer / 2) ** 3 / np.tan(np.deg2rad(bevel))
        assert volume == pytest.approx(whole - cut, rel=0.002)


def test_a_bent_shaft_has_no_gap_and_no_double_wall_at_its_joint():
    points = np.array([[0.0, 0.0, 40.0], [0.0, 0.0, 0.0], [4.0, 0.0, -30.0]])
    needle = PlacedNeedle(Needle(18, 2.0, 0.0, 40 + np.hypot(4, 30) + 1e-9), Trajectory(points))
    seen = image(replace(CARM, pixel_mm=0.1), [needle], "steel").max(axis=1) / STEEL * 10
    at_bend = round(project_points(replace(CARM, pixel_mm=0.1), [0, 0, 0])[0])
    assert seen[at_bend - 60 : at_bend + 60] == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("pose", [(0, 0), (30, 15), (-60, 0), (90, 0), (10, -40)])
def test_the_shadow_of_a_tip_ends_within_a_twentieth_of_a_pixel_of_its_projected_point(pose):
    carm = CArm((0.0, 0.0, 0.0), *pose)
    for shift in np.random.default_rng(2).uniform(-0.5, 0.5, (4, 2)):
        tip = 0.3 * (shift[0] * carm.row_direction + shift[1] * carm.column_direction)
        tip = tip + carm.beam_direction * 12
        blunt = tool(part(cone(tip - 40 * carm.row_direction, tip, (0.718, 0.718)), "steel"))
        seen = image(carm, [blunt], "steel")
        row, column = project_points(carm, tip)
        profile = seen.sum(axis=1)
        first = int(row) - 20
        end = first - 0.5 + profile[first:].sum() / profile[first]
        assert end == pytest.approx(row, abs=0.05)
        middle = (seen[first] @ np.arange(carm.shape[1])) / seen[first].sum()
        assert middle == pytest.approx(column, abs=0.05)


def test_a_shadow_does_not_depend_on_which_pixels_were_looked_at():
    needle = placed([30, 60, 20], [0, 0, 0], inner_mm=0.838, bevel_deg=30.0)
    carm = CArm((0, 0, 0), 10, 5, shape=(128, 128), pixel_mm=2.0)
    everywhere = Part(block([0, 0, 0], (400, 200, 400), np.eye(3)), {}, "cut")
    alone, among = image(carm, [needle], "steel"), image(carm, [tool(everywhere), needle], "steel")
    assert np.count_nonzero(alone) > 60
    assert np.array_equal(alone, among)


def test_a_later_part_takes_the_place_of_an_earlier_one():
    ball, core = ellipsoid([0, 0, 0], (10, 10, 10)), ellipsoid([0, 0, 0], (4, 4, 4))
    platinum = material("platinum_iridium").density_g_cm3
    shell = tool(part(ball, "polyurethane"), part(core, "platinum_iridium"))
    assert through_middle([shell])["polyurethane"] == pytest.approx(0.6 * 1.15, rel=1e-5)
    assert through_middle([shell])["platinum_iridium"] == pytest.approx(0.4 * platinum, rel=1e-5)
    hollow, cut = (tool(part(ball, "steel"), part(core, kind)) for kind in ("void", "cut"))
    for one, gave in ((hollow, 1.0), (cut, 0.6)):
        assert through_middle([one])["steel"] == pytest.approx(0.6 * STEEL, rel=1e-5)
        assert image(CARM, [one])[255:257, 255:257].mean() == pytest.approx(gave, rel=0.01)


def test_a_union_of_one_material_is_not_counted_twice():
    blobs = cement([[0, -2, 0], [0, 2, 0]], [6.0, 6.0])
    assert through_middle([blobs])["bone_cement"] == pytest.approx(1.0 * 1.45, rel=1e-5)


@pytest.mark.parametrize("turned", [False, True], ids=["needle last", "needle first"])
def test_a_needle_in_the_bore_of_an_introducer_is_there_in_either_order(turned):
    outer = placed([-40, 0, 0], [40, 0, 0], outer_mm=2.0, inner_mm=1.5, length_mm=80)
    inner = placed([-40, 0, 0], [40, 0, 0], outer_mm=0.7, length_mm=80)
    both = [inner, outer] if turned else [outer, inner]
    assert through_middle(both)["steel"] == pytest.approx((0.05 + 0.07) * STEEL, rel=1e-5)
    # tissue gives way once to both
    assert image(CARM, both)[255:257, 255:257].mean() == pytest.approx(0.2, rel=0.03)


def test_only_what_lies_under_the_skin_displaces_tissue():
    needle = placed([40, 0, 0], [-20, 0, 0], length_mm=150)
    entry, tip = project_points(CARM, [[40, 0, 0], [-20, 0, 0]])[:, 1]
    columns = np.flatnonzero(image(CARM, [needle]).any(axis=0))
    assert columns.max() == pytest.approx(entry, abs=1)
    assert columns.min() == pytest.approx(tip, abs=1)
    assert np.flatnonzero(image(CARM, [needle], "steel").any(axis=0)).max() > entry + 50


def test_a_contact_is_a_wall_of_platinum_about_the_body_of_its_lead():
    lead = place("scs_lead_8", Trajectory.straight([0, 0, -50], [0, 0, 3.5]))
    found = through_middle([lead])  # through the middle of the first contact
    assert found["platinum_iridium"] == pytest.approx(0.02 * 21.55, rel=1e-4)
    assert found["polyurethane"] == pytest.approx(0.11 * 1.07, rel=1e-4)
    seen = image(CARM, [lead], "platinum_iridium").sum(axis=1) > 0.02
    assert np.count_nonzero(np.diff(seen.astype(int)) == 1) == 8


def test_a_polyline_is_cut_where_it_passes_the_focal_spot():
    seen = seen_polyline(CARM, np.array([[0.0, -700, 0], [30.0, 0, 0]]))
    assert seen.shape == (2, 2)
    assert seen[1] == pytest.approx(project_points(CARM, [30, 0, 0]))
    assert seen_polyline(CARM, np.array([[0.0, -700, 0], [0.0, -650, 0]])).shape == (0, 2)


def test_a_tool_behind_the_focal_spot_or_out_of_the_field_casts_no_shadow():
    behind = tool(part(ellipsoid([0, -700, 0], (9, 9, 9)), "steel"))
    beside = tool(part(ellipsoid([900, 0, 0], (9, 9, 9)), "steel"))
    assert len(shadow(CARM, [behind, beside]).rows) == 0
    assert len(shadow(CARM, []).rows) == 0


def test_the_line_of_an_instrument_ends_at_its_tip():
    needle = placed([0, 75, 0], [0, -5, 0])
    lead = place("scs_lead_8", Trajectory.straight([0, 0, -50], [0, 0, 3.5]))
    assert line_mm(needle)[-1] == pytest.approx([0, -5, 0])
    assert line_mm(lead)[-1] == pytest.approx([0, 0, 3.5])
