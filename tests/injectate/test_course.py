import numpy as np
import pytest

from needle_sim.injectate.course import About, arterial, tributaries, venous, winding

ABOUT = About(np.array([16.0, 26.0, -4.0]), 1.0, 17.0, 23.0, 1.0)
MIRRORED = About(np.array([-16.0, 26.0, -4.0]), -1.0, 17.0, 23.0, 1.0)


@pytest.mark.parametrize("epidural", [True, False])
def test_left_and_right_are_mirrored(epidural):
    for one, other in (
        (venous(ABOUT, epidural=epidural), venous(MIRRORED, epidural=epidural)),
        *zip(
            tributaries(ABOUT, epidural=epidural),
            tributaries(MIRRORED, epidural=epidural),
            strict=True,
        ),
    ):
        assert one * [-1, 1, 1] == pytest.approx(other)


def test_veins_keep_off_the_body_of_the_vertebra():
    # an ellipse 23 mm aside and 17 mm deep; a segmental vein lies on its waist
    def outside(points):
        return np.hypot(points[:, 0] / 23.0, points[:, 1] / 17.0).min()

    for epidural in (True, False):
        assert outside(venous(ABOUT, epidural=epidural)) > 1.0
        for one in tributaries(ABOUT, epidural=epidural):
            assert outside(one) > 0.85


def test_the_ascending_vein_has_a_limb_each_way_and_takes_the_segmental_one():
    round_it, inner, down = tributaries(ABOUT, epidural=False)
    up = venous(ABOUT, epidural=False)
    assert up[-1, 2] > ABOUT.groove[2] + 70
    assert down[-1, 2] < ABOUT.groove[2] - 30
    assert round_it[-1, 1] < -15  # in front of the body
    assert abs(inner[-1, 0]) < 9  # behind it, beside the midline


def test_the_plexus_is_a_ladder():
    rung, out, _ = tributaries(ABOUT, epidural=True)
    assert rung[-1, 0] < -5 < 5 < rung[0, 0]
    assert out[-1, 0] > 23.0


def test_an_artery_ends_in_the_midline():
    assert abs(arterial(ABOUT)[-1, 0]) < 1


def test_a_winding_path_starts_at_its_first_knot_and_ends_near_its_last():
    knots = venous(ABOUT, epidural=False)
    path = winding(knots, np.random.default_rng(0), 2.8)
    assert path[0] == pytest.approx(knots[0], abs=1e-6)
    assert np.linalg.norm(path[-1] - knots[-1]) < 5
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.max() < 0.65
