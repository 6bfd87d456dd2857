import numpy as np
import pytest

from needle_sim.anatomy.posing.posture import Breathing, DiscTurn, Pillow, Posture, Registration
from needle_sim.errors import InputError, PresetError

NAMES = ("supine", "prone", "prone_pillow", "left_lateral", "right_lateral")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_postures_are_read(name):
    found = Posture.preset(name)

    assert found.name == name
    assert found.breathing.diaphragm_mm > found.breathing.spine_dorsal_mm > 0
    assert found.registration.shift_mm > 0


def test_the_side_that_is_up_says_how_the_patient_lies():
    assert [Posture.preset(one).lies for one in NAMES] == [
        "supine",
        "prone",
        "prone",
        "on the left side",
        "on the right side",
    ]


def test_the_two_sides_mirror_each_other():
    left, right = Posture.preset("left_lateral"), Posture.preset("right_lateral")

    for disc in left.discs:
        np.testing.assert_allclose(
            left.turn_deg(*disc.split("-")), right.turn_deg(*disc.split("-")) * [1, -1, 1]
        )


def test_flat_prone_adds_the_lordosis_that_was_measured_and_a_pillow_takes_more_away():
    # Relvas-Silva 2025: 49.3 supine, 52.1 prone. Benfanti 1997, straight against flexed hips: 12 %
    # (volunteers) and 21 % (patients) of the standing lordosis, 50.5 degrees (SCI22)
    flat, pillow = Posture.preset("prone"), Posture.preset("prone_pillow")

    assert flat.flexion_deg == pytest.approx(-(52.1 - 49.3), abs=0.01)
    assert 0.12 * 50.5 < pillow.flexion_deg - flat.flexion_deg < 0.21 * 50.5


def test_a_pillow_bends_in_proportion_to_its_height():
    flat, full = Posture.preset("prone"), Posture.preset("prone_pillow")
    half = full.pillowed(50.0)

    assert full.pillowed(0.0).flexion_deg == pytest.approx(flat.flexion_deg)
    assert half.flexion_deg == pytest.approx(0.5 * (flat.flexion_deg + full.flexion_deg))
    assert full.pillowed(100.0) == full


def test_a_stretch_of_several_discs_turns_by_all_of_them():
    posture = Posture("mine", "posterior", discs={"L3-L4": DiscTurn(2, 1), "L4-L5": DiscTurn(3)})

    np.testing.assert_allclose(posture.turn_deg("L3", "L5"), [5, 1, 0])
    np.testing.assert_allclose(posture.turn_deg("L4", "L5"), [3, 0, 0])
    np.testing.assert_allclose(posture.turn_deg("L5", "S1"), [0, 0, 0])


def test_undone_turns_every_disc_the_other_way():
    posture = Posture.preset("prone_pillow")

    for disc in ("L1-L2", "L2-L3", "L3-L4", "L4-L5"):
        back = posture.undone().turn_deg(*disc.split("-"))
        np.testing.assert_allclose(back, -posture.turn_deg(*disc.split("-")))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: DiscTurn(flexion_deg=16), r"flexion_deg .* -15 to 15, got 16"),
        (lambda: DiscTurn(axial_deg=float("nan")), "axial_deg .* got nan"),
        (lambda: Pillow(400.0, {}), "0 to 250, got 400"),
        (lambda: Breathing(diaphragm_mm=90.0), "diaphragm_mm must be -20 to 40"),
        (lambda: Registration(shift_mm=-1.0), "0 to 20 mm"),
        (lambda: Posture("x", "posterior", discs={"L4": DiscTurn()}), "like 'L4-L5', got 'L4'"),
        (lambda: Posture("x", "posterior", discs={"L5-L4": DiscTurn()}), "upper-lower"),
        (lambda: Posture("x", "posterior", discs={"L4-L9": DiscTurn()}), "no vertebra"),
        (lambda: Posture("x", "feet"), "up must be one of posterior"),
        (lambda: Posture.preset("prone").pillowed(50), "has no pillow"),
        (lambda: Posture.preset("prone_pillow").pillowed(-1), "0 to 250, got -1"),
        (
            lambda: Posture(
                "x", "posterior", discs={"L4-L5": DiscTurn(14)}, pillow=Pillow(9, {"L4-L5": 3})
            ),
            "got 17",
        ),
    ],
)
def test_what_no_spine_does_is_refused_with_value_and_limit(made, said):
    with pytest.raises(InputError, match=said):
        made()


def test_an_unknown_posture_suggests_the_nearest():
    with pytest.raises(PresetError, match="did you mean 'prone_pillow'"):
        Posture.preset("prone_pilow")
