import numpy as np
import pytest

from needle_sim.geometry.shapes import Implicit, bar
from needle_sim.injectate import around
from needle_sim.injectate.lattice import Lattice
from tests.injectate.cases import INTRATHECAL

LATTICE = Lattice.around(np.array([[-14.0] * 3, [14.0] * 3]), 0.8)
BALL = Implicit.of([bar([1, 2, 0], [1, 2, 0], (7.0, 7.0), cap_mm=7.0, blend_mm=0.0)])


def test_two_looks_agree_with_every_cube_looked_at():
    exact = BALL.distance_mm(LATTICE.points_mm())
    found = around.distance_mm(LATTICE, [BALL]).reshape(-1)
    near = np.abs(exact) < 1.0
    assert found[near] == pytest.approx(exact[near], abs=1e-9)
    assert (np.sign(found) == np.sign(exact))[np.abs(exact) > 1e-6].all()
    assert found == pytest.approx(np.minimum(exact, around.FAR_MM), abs=1.2)


def test_only_what_is_wanted_is_looked_at_closely(spine):
    wanted = np.zeros(LATTICE.shape, dtype=bool)
    assert (around.distance_mm(LATTICE, [BALL], wanted=wanted) == around.FAR_MM).all()


def test_coverage_counts_the_volume_of_a_ball():
    share = around.covered(around.distance_mm(LATTICE, [BALL]), LATTICE.step_mm)
    assert share.sum() * LATTICE.step_mm**3 == pytest.approx(4 / 3 * np.pi * 343, rel=5e-3)


def test_a_structure_is_a_shape_with_a_box(spine):
    (sac,) = around.pipes(spine, "dura")
    assert sac.box_mm == pytest.approx(np.array([[-6.5, -6.5, -156.5], [6.5, 6.5, 156.5]]))
    assert sac.distance_mm(INTRATHECAL[None]) == pytest.approx([-6.5])
    middle = around.sac_middle(spine.structures["dura"], np.array([-10.0, 40.0]))
    assert middle == pytest.approx(np.zeros((2, 2)))


def test_spaces_are_found_by_kind_and_place(spine):
    box = np.array([[15.0, 10.0, -5.0], [22.0, 18.0, 5.0]])
    found = around.spaces_near(spine, box, "facet_joint", "disc")
    assert [one.name for one in found] == ["L4-L5 left facet_joint"]
