"""A curve has the Cobb angle and the turn that were asked for, read from the bones."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.pathology.scoliosis import Scoliosis, cobb_deg, turn_deg
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from tests.anatomy.phantom.pathology.conftest import deepest_in_bone


@pytest.mark.parametrize(
    ("curve", "turn"),
    [(Scoliosis(25.0), 10.0), (Scoliosis(48.0, "right", "T12", "L3", "L5", 0.3), 14.4)],
)
def test_angle_and_turn_are_read_back_from_the_bones(built, curve, turn):
    cobb, apex = findings(built(curve))

    assert cobb.requested == curve.cobb_deg
    assert cobb.measured == pytest.approx(curve.cobb_deg, abs=1.0)
    assert apex.requested == pytest.approx(turn)
    assert apex.measured == pytest.approx(turn, rel=0.02)


def test_a_straight_spine_has_no_angle(built):
    straight = built()

    assert cobb_deg(straight, "T11", "L4") == pytest.approx(0.0, abs=1e-6)
    assert turn_deg(straight, "L2") == pytest.approx(0.0, abs=1e-6)


def test_a_curve_to_the_right_is_that_to_the_left_in_a_mirror():
    left, right = (
        column(Scoliosis(30.0, side).changed(spine_spec())) for side in ("left", "right")
    )
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])

    for level, body in left.bodies.items():
        turned = mirror @ right.bodies[level].matrix @ mirror
        np.testing.assert_allclose(body.matrix, turned, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"cobb_deg": 90.0}, "cobb_deg must lie from 5 to 60"),
     ({"cobb_deg": 25.0, "rotation_share": 2.0}, "rotation_share must lie from 0 to 0.6"),
     ({"cobb_deg": 25.0, "side": "up"}, "side must be left or right")],
)  # fmt: skip
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        Scoliosis(**given)


def test_an_end_that_is_not_there_is_refused(built):
    with pytest.raises(InputError, match="scoliosis: T2 is none of the vertebrae"):
        built(Scoliosis(25.0, upper="T2"))


def test_nerves_and_vessels_keep_out_of_the_bones_of_a_strong_curve(built):
    depth, name = deepest_in_bone(built(Scoliosis(50.0)))

    assert depth > -0.3, name
