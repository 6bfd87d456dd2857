"""Ligament lies in the canal, off the sac, and leaves the rest of the canal free."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.crowding import Core, Rest
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.pathology.stenosis import CentralStenosis
from needle_sim.geometry.shapes import Implicit, bar, box

BALL = Implicit.of([bar([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], (5.0, 5.0))])
HALF = Implicit.of([box((10.0, 10.0, 10.0), centre_mm=[10.0, 0.0, 0.0])])


def test_the_rest_of_a_ball_is_its_other_half():
    rest = Rest(BALL, HALF)

    assert rest.distance_mm([[-2.0, 0.0, 0.0]])[0] == pytest.approx(-2.0, abs=1e-6)
    assert rest.distance_mm([[2.0, 0.0, 0.0]])[0] == pytest.approx(2.0, abs=1e-6)
    assert (rest.box_mm == BALL.box_mm).all()


def test_the_canal_is_as_much_smaller_as_ligament_took(built):
    narrow, normal = built(CentralStenosis("L4-L5", 40.0)), built()
    spaces = [one.spaces["canal"].shape for one in (narrow, normal)]
    planes = [disc_plane(one.landmarks_mm, "L4-L5") for one in (narrow, normal)]

    areas = [area_mm2(one, plane) for one, plane in zip(spaces, planes, strict=True)]

    assert areas[0] < 0.6 * areas[1]
    assert spaces[0].taken.distance_mm(planes[0].apply([[0.0, 0.0, 40.0]]))[0] > 20.0


def test_fat_stays_around_the_sac_and_behind_it(built):
    narrow = built(CentralStenosis("L4-L5", 40.0))
    plane, canal = disc_plane(narrow.landmarks_mm, "L4-L5"), narrow.spaces["canal"].shape
    sac = narrow.structures["dura"]
    around = plane.apply(
        [[x, y, 0.0] for x in np.arange(-9.0, 9.1, 0.25) for y in np.arange(0.0, 16.0, 0.25)]
    )
    off = sac.distance_mm(around)

    assert (canal.distance_mm(around[(off > 0.0) & (off < 0.5)]) < 0.0).mean() > 0.7
    behind = plane.apply([[0.0, y, 0.0] for y in np.arange(12.0, 14.0, 0.25)])
    assert (canal.distance_mm(behind[sac.distance_mm(behind) > 0.0]) < 0.0).any()


def test_a_core_lies_under_the_surface_of_the_bone_and_in_the_shape():
    core = Core(BALL, HALF, 1.0)

    depth = core.distance_mm([[2.0, 0.0, 0.0], [4.5, 0.0, 0.0], [-1.0, 0.0, 0.0]])

    assert depth == pytest.approx([-2.0, 0.5, 1.0], abs=1e-6)
