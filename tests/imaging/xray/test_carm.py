import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import (
    CArm,
    aimed,
    field_meets,
    on_detector,
    points_at,
    project_points,
    rays_of_pixels,
)

ANGLES = st.floats(-180, 180), st.floats(-60, 60)


def test_at_rest_the_detector_is_posterior_and_rows_run_to_the_feet():
    carm = CArm((1.0, 2.0, 3.0))
    assert carm.beam_direction == pytest.approx([0, 1, 0])
    assert carm.row_direction == pytest.approx([0, 0, -1])
    assert carm.column_direction == pytest.approx([1, 0, 0])
    assert carm.source_mm == pytest.approx([1, 2 - 600, 3])


def test_positive_orbital_swings_the_detector_left_and_positive_tilt_to_the_head():
    assert CArm((0, 0, 0), orbital_deg=90).beam_direction == pytest.approx([1, 0, 0])
    assert CArm((0, 0, 0), tilt_deg=90).beam_direction == pytest.approx([0, 0, 1])
    both = CArm((0, 0, 0), orbital_deg=30, tilt_deg=20).beam_direction
    assert both[0] > 0
    assert both[2] == pytest.approx(np.sin(np.deg2rad(20)))


@given(orbital=ANGLES[0], tilt=ANGLES[1])
def test_the_isocentre_falls_on_the_middle_and_a_pixel_ray_meets_its_pixel(orbital, tilt):
    carm = CArm((10.0, -20.0, 30.0), orbital, tilt, shape=(300, 400))
    assert project_points(carm, carm.isocentre_mm) == pytest.approx([149.5, 199.5])
    on_ray = carm.source_mm + 0.6 * carm.pixel_rays() @ [17.0, 311.0, 1.0]
    assert project_points(carm, on_ray) == pytest.approx([17.0, 311.0])


def test_magnification_is_the_ratio_of_distances():
    carm = CArm((0, 0, 0), source_isocentre_mm=500, source_detector_mm=1000, pixel_mm=0.5)
    across = project_points(carm, [[0, 0, 0], [10, 0, 0]])
    assert across[1, 1] - across[0, 1] == pytest.approx(10 * 2 / 0.5)


def test_aimed_keeps_the_pose():
    carm = CArm((0, 0, 0), 25, 10)
    there = aimed(carm, [5, 6, 7])
    assert there.isocentre_mm == (5.0, 6.0, 7.0)
    assert there.beam_direction == pytest.approx(carm.beam_direction)


@pytest.mark.parametrize("name", ["mobile_flat_panel", "image_intensifier"])
def test_shipped_carms_can_be_had(name):
    assert CArm.preset(name).shape == (512, 512)


@pytest.mark.parametrize(
    "change",
    [
        {"source_isocentre_mm": 1200.0},
        {"pixel_mm": 0.0},
        {"shape": (0, 512)},
        {"orbital_deg": float("nan")},
        {"source_isocentre_mm": float("nan")},
        {"source_detector_mm": float("inf")},
        {"pixel_mm": float("nan")},
        {"isocentre_mm": (0.0, float("inf"), 0.0)},
    ],
)
def test_an_impossible_carm_is_refused(change):
    with pytest.raises(InputError):
        CArm(**{"isocentre_mm": (0.0, 0.0, 0.0), **change})


def test_a_point_behind_the_focal_spot_is_refused():
    with pytest.raises(InputError, match="behind the focal spot"):
        project_points(CArm((0, 0, 0)), [0, -700, 0])


@given(orbital=ANGLES[0], tilt=ANGLES[1], row=st.floats(-99, 999), column=st.floats(-99, 999))
def test_pixels_go_to_rays_and_back(orbital, tilt, row, column):
    carm = CArm((10.0, -20.0, 30.0), orbital, tilt, shape=(301, 400))
    source, along = rays_of_pixels(carm, [row, column])
    assert np.linalg.norm(along) == pytest.approx(1.0)
    assert project_points(carm, source + 431.0 * along) == pytest.approx([row, column], abs=1e-8)
    there = points_at(carm, [row, column], 612.0)
    assert project_points(carm, there) == pytest.approx([row, column], abs=1e-8)
    assert (there - carm.source_mm) @ carm.beam_direction == pytest.approx(612.0)


def test_points_at_undoes_the_projection_of_many():
    carm = CArm((1.0, 2.0, 3.0), 25.0, -12.0)
    points = np.random.default_rng(0).uniform(-60, 60, (7, 3, 3))
    depth = (points - carm.source_mm) @ carm.beam_direction
    assert points_at(carm, project_points(carm, points), depth) == pytest.approx(points)


def test_the_detector_sees_what_falls_on_it():
    carm = CArm((0, 0, 0), shape=(100, 200), pixel_mm=1.0)  # 60 x 120 mm at the isocentre
    edge = [[59.9, 0, 0], [60.1, 0, 0], [0, 0, 29.9], [0, 0, 30.1], [0, -700, 0]]
    assert on_detector(carm, edge).tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("place", [[1.0, float("nan")], [1.0, 2.0, 3.0]])
def test_a_place_that_is_none_is_refused(place):
    with pytest.raises(InputError, match="row, column"):
        rays_of_pixels(CArm((0, 0, 0)), place)


def test_a_depth_behind_the_focal_spot_is_refused():
    with pytest.raises(InputError, match="depth_mm"):
        points_at(CArm((0, 0, 0)), [1.0, 2.0], -5.0)


@pytest.mark.parametrize(
    ("middle", "meets"),
    [
        ([0, 0, 0], True),
        ([69, 0, 0], True),  # 60 mm reach to either side at the isocentre, the box 10 mm
        ([75, 0, 0], False),
        ([0, 0, -45], False),
        ([0, -700, 0], False),
    ],
)
def test_a_box_that_the_field_misses_is_known(middle, meets):
    carm = CArm((0, 0, 0), shape=(100, 200), pixel_mm=1.0)
    corners = np.array(middle) + 10.0 * (np.indices((2, 2, 2)).reshape(3, -1).T * 2.0 - 1.0)
    assert field_meets(carm, corners) is meets
