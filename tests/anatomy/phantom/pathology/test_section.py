"""Areas and volumes against shapes that have a formula."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane, volume_mm3
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.geometry.transform import Frame, rigid

BALL = Implicit.of([bar([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], (5.0, 5.0))])


@pytest.mark.parametrize("height_mm", [0.0, 3.0])
def test_the_section_of_a_ball_is_the_analytic_circle(height_mm):
    plane = rigid(np.eye(3), [1.0, 2.0, height_mm], source=Frame("cut"))

    assert area_mm2(BALL, plane) == pytest.approx(np.pi * (25.0 - height_mm**2), rel=3e-3)


def test_a_plane_beside_the_shape_is_refused():
    with pytest.raises(InputError, match="does not meet the plane"):
        area_mm2(BALL, rigid(np.eye(3), [0.0, 0.0, 9.0], source=Frame("cut")))


def test_the_volume_of_a_ball_is_the_analytic_one():
    assert volume_mm3(BALL) == pytest.approx(4.0 / 3.0 * np.pi * 125.0, rel=3e-3)


def test_the_plane_of_a_disc_lies_between_its_rims(built):
    anatomy = built()
    plane = disc_plane(anatomy.landmarks_mm, "L4-L5").inverse()

    for name, sign in (("L4 inferior", 1.0), ("L5 superior", -1.0)):
        for place in ("anterior", "posterior", "left", "right"):
            at = plane.apply(anatomy.landmark(f"{name}_endplate_{place}"))
            assert sign * at[2] > 2.0
