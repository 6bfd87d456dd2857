from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from needle_sim.anatomy.posing.chain import chain, disc_middle_mm
from needle_sim.anatomy.posing.field import carrier
from needle_sim.anatomy.posing.posture import Breathing, DiscTurn, Posture, Registration
from needle_sim.errors import InputError


def turn_of(moved, anatomy, upper, lower):
    """Rotation vector, degrees, of the upper vertebra in the frame of the lower, by the motion."""
    before = anatomy.bodies[lower].inverse() @ anatomy.bodies[upper]
    after = (moved[lower] @ anatomy.bodies[lower]).inverse() @ moved[upper] @ anatomy.bodies[upper]
    change = after.matrix[:3, :3] @ before.matrix[:3, :3].T
    return Rotation.from_matrix(change).as_rotvec(degrees=True)


def test_each_disc_turns_by_what_is_asked_and_no_other(coarse):
    posture = Posture("mine", "posterior", discs={"L2-L3": DiscTurn(3.0), "L4-L5": DiscTurn(-2.0)})

    moved = chain(coarse, posture)

    for upper, lower in pairwise(coarse.bodies):
        asked = {"L2-L3": 3.0, "L4-L5": -2.0}.get(f"{upper}-{lower}", 0.0)
        np.testing.assert_allclose(turn_of(moved, coarse, upper, lower), [asked, 0, 0], atol=1e-9)


def test_signs_forward_to_the_left_and_the_front_to_the_left(coarse):
    for name, axis, way in (("flexion_deg", 1, -1), ("bend_deg", 0, 1)):
        posture = Posture("mine", "posterior", discs={"L3-L4": DiscTurn(**{name: 5.0})})
        up = chain(coarse, posture)["L1"].turn([0.0, 0.0, 1.0])
        assert way * up[axis] == pytest.approx(np.sin(np.radians(5)), abs=0.01)
    posture = Posture("mine", "posterior", discs={"L3-L4": DiscTurn(axial_deg=5.0)})
    front = chain(coarse, posture)["L1"].turn([0.0, -1.0, 0.0])
    assert front[0] == pytest.approx(np.sin(np.radians(5)), abs=0.01)


def test_the_middle_of_a_disc_stays_where_its_lower_neighbour_takes_it(coarse):
    moved = chain(coarse, Posture.preset("prone_pillow"))

    for upper, lower in pairwise(coarse.bodies):
        middle = disc_middle_mm(coarse, upper, lower)
        np.testing.assert_allclose(moved[upper].apply(middle), moved[lower].apply(middle))


def test_the_sacrum_is_held_or_the_vertebra_that_is_asked_for(coarse):
    posture = Posture.preset("prone_pillow")

    by_sacrum, by_l3 = chain(coarse, posture), chain(coarse, posture, held="L3")

    np.testing.assert_allclose(by_sacrum["S1"].matrix, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(by_l3["L3"].matrix, np.eye(4), atol=1e-12)
    for upper, lower in pairwise(coarse.bodies):
        np.testing.assert_allclose(
            turn_of(by_l3, coarse, upper, lower),
            turn_of(by_sacrum, coarse, upper, lower),
            atol=1e-9,
        )
    with pytest.raises(InputError, match="no vertebra L9 to hold"):
        chain(coarse, posture, held="L9")


def test_a_rod_holds_its_vertebrae_together(coarse):
    rod = {"L4-S1 left rod": coarse.bones["L5"]}
    fused = replace(coarse, bones={**coarse.bones, **rod})

    moved = chain(fused, Posture.preset("left_lateral"))

    np.testing.assert_allclose(moved["L4"].matrix, moved["S1"].matrix, atol=1e-12)
    assert np.linalg.norm(turn_of(moved, fused, "L3", "L4")) > 3.0
    assert carrier("L4-S1 left rod", moved) == "L4"


def test_a_breath_lifts_the_column_as_a_whole(coarse):
    posture = Posture("mine", "posterior", breathing=Breathing(spine_dorsal_mm=2.0))

    for one in chain(coarse, posture, share=0.5).values():
        np.testing.assert_allclose(one.matrix[:3, 3], [0, 1, 0])


def test_registration_errors_have_the_spread_that_is_asked_and_move_the_whole(coarse):
    posture = Posture("mine", "posterior", registration=Registration(shift_mm=2.0, turn_deg=0.0))
    rng = np.random.default_rng(5)

    shifts = []
    for _ in range(400):
        moved = chain(coarse, posture, rng=rng)
        np.testing.assert_allclose(moved["L1"].matrix, moved["S1"].matrix, atol=1e-12)
        shifts.append(moved["L1"].matrix[:3, 3])

    # of 1200 draws the standard error of the SD is 2 %
    assert np.std(shifts) == pytest.approx(2.0, rel=0.08)
    assert abs(np.mean(shifts)) < 4 * 2.0 / np.sqrt(1200)


def test_the_same_seed_draws_the_same_error_and_without_one_there_is_none(coarse):
    posture = Posture.preset("supine")
    one, other = (chain(coarse, posture, rng=np.random.default_rng(3))["L3"] for _ in range(2))

    np.testing.assert_array_equal(one.matrix, other.matrix)
    assert np.abs(one.matrix - np.eye(4)).max() > 0.01
    np.testing.assert_array_equal(chain(coarse, posture)["L3"].matrix, np.eye(4))
