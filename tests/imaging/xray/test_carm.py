import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm, aimed, project_points

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
    ],
)
def test_an_impossible_carm_is_refused(change):
    with pytest.raises(InputError):
        CArm((0.0, 0.0, 0.0), **change)


def test_a_point_behind_the_focal_spot_is_refused():
    with pytest.raises(InputError, match="behind the focal spot"):
        project_points(CArm((0, 0, 0)), [0, -700, 0])
