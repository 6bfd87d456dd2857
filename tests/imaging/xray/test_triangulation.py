import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.carm import CArm, project_points, rays_of_pixels
from needle_sim.imaging.xray.triangulation import triangulate

AP = CArm((5.0, -10.0, 20.0))
LATERAL = CArm((5.0, -10.0, 20.0), 90.0)
SOMEWHERE = st.floats(-60, 60)


@settings(max_examples=40, deadline=None)
@given(
    point=st.tuples(SOMEWHERE, SOMEWHERE, SOMEWHERE),
    first=st.tuples(st.floats(-180, 180), st.floats(-40, 40)),
    apart=st.floats(20, 160),
)
def test_two_views_of_a_point_give_it_back(point, first, apart):
    one = CArm((0, 0, 0), *first)
    other = CArm((4.0, 3.0, -2.0), first[0] + apart, -first[1], source_isocentre_mm=650.0)
    found, gap = triangulate(one, project_points(one, point), other, project_points(other, point))
    assert found == pytest.approx(point, abs=1e-6)
    assert gap == pytest.approx(0.0, abs=1e-6)


def test_many_points_at_once():
    points = np.random.default_rng(3).uniform(-50, 50, (4, 5, 3))
    seen = (project_points(AP, points), project_points(LATERAL, points))
    found, gap = triangulate(AP, seen[0], LATERAL, seen[1])
    assert found == pytest.approx(points, abs=1e-8)
    assert gap.shape == (4, 5)


def test_the_gap_is_the_distance_of_two_lines_and_the_point_lies_halfway():
    # central rays of an AP and of a lateral that passes 6 mm nearer the head
    above = CArm((5.0, -10.0, 26.0), 90.0)
    middle = [255.5, 255.5]
    found, gap = triangulate(AP, middle, above, middle)
    assert gap == pytest.approx(6.0)
    assert found == pytest.approx([5.0, -10.0, 23.0])


def test_the_gap_is_the_closed_form_of_skew_lines():
    rng = np.random.default_rng(1)
    px_a, px_b = 255.5 + rng.uniform(-60, 60, (2, 30, 2))
    (p, u), (q, v) = rays_of_pixels(AP, px_a), rays_of_pixels(LATERAL, px_b)
    closed = np.abs(((q - p) * unit(np.cross(u, v))).sum(axis=-1))
    _, gap = triangulate(AP, px_a, LATERAL, px_b)
    assert gap == pytest.approx(closed, abs=1e-9)


def test_a_pixel_of_error_costs_what_similar_triangles_say():
    off = np.array([0.0, 1.0])
    seen = project_points(AP, AP.isocentre_mm), project_points(LATERAL, LATERAL.isocentre_mm)
    found, _ = triangulate(AP, seen[0] + off, LATERAL, seen[1])
    # a column of 0.5 mm on the detector is 0.5 / magnification at the isocentre, to the left
    assert found - np.array(AP.isocentre_mm) == pytest.approx([0.5 / (1000 / 600), 0, 0], abs=1e-9)


def test_views_that_are_nearly_parallel_are_refused():
    near = CArm((5.0, -10.0, 20.0), 2.0)
    with pytest.raises(InputError, match=r"meet under 2\.00 degrees, at least 3"):
        triangulate(AP, [255.5, 255.5], near, [255.5, 255.5])


def test_places_that_do_not_belong_together_are_refused():
    with pytest.raises(InputError, match="behind a focal spot"):
        triangulate(AP, [255.5, 3000.0], LATERAL, [255.5, 3000.0])


@pytest.mark.parametrize("place", [[1.0, float("nan")], [1.0, 2.0, 3.0], 4.0])
def test_places_are_two_finite_numbers(place):
    with pytest.raises(InputError, match="row, column"):
        triangulate(AP, place, LATERAL, [1.0, 2.0])
