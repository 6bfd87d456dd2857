import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.posing.posture import DiscTurn, Posture
from needle_sim.errors import InputError
from needle_sim.planning.sightline import squared_tilt_deg
from tests.anatomy.small_patient import small_patient


def lordosis_deg(anatomy):
    """L1 to S1, between the upper endplates."""

    def falls(name):
        front, back = (
            anatomy.landmark(f"{name} superior_endplate_{end}") for end in ("anterior", "posterior")
        )
        return np.degrees(np.arctan2(back[2] - front[2], back[1] - front[1]))

    return falls("S1") - falls("L1")


def window_mm(anatomy, upper, lower):
    ends = (
        anatomy.landmark(f"{upper} lamina_lower_edge"),
        anatomy.landmark(f"{lower} lamina_upper_edge"),
    )
    return float(np.linalg.norm(ends[0] - ends[1]))


def test_lordosis_falls_by_what_the_posture_says(coarse, pillowed):
    asked = Posture.preset("prone_pillow").flexion_deg

    assert lordosis_deg(coarse) - lordosis_deg(pillowed) == pytest.approx(asked, abs=0.02)


def test_a_pillow_opens_the_windows_that_it_bends_and_leaves_the_lumbosacral_one(flat, pillowed):
    # cadaver series (Barrow, n = 8): 12.2-14.9 mm neutral, 17.2-18.5 mm fully flexed
    for upper, lower in (("L2", "L3"), ("L3", "L4"), ("L4", "L5")):
        opened = window_mm(pillowed, upper, lower) - window_mm(flat, upper, lower)
        turn = pillowed.posture.turn_deg(upper, lower) - flat.posture.turn_deg(upper, lower)
        # an edge about 30 to 45 mm behind the disc's middle goes that far times the angle
        assert 30 < opened / np.radians(turn[0]) < 45
        assert opened < 18.5 - 12.2
    assert window_mm(pillowed, "L5", "S1") == pytest.approx(window_mm(flat, "L5", "S1"))


def test_there_and_back_is_where_it_was(coarse, pillowed):
    back = ns.posed(pillowed, pillowed.posture.undone())

    for name, body in coarse.bodies.items():
        np.testing.assert_allclose(back.bodies[name].matrix, body.matrix, atol=0.05)
    for name, point in coarse.landmarks_mm.items():
        np.testing.assert_allclose(back.landmarks_mm[name], point, atol=0.05)
    away = np.concatenate(
        [
            np.linalg.norm(one.points_mm - other.points_mm, axis=1)
            for name, before in coarse.structures.items()
            for one, other in zip(before.tubes, back.structures[name].tubes, strict=True)
        ]
    )
    assert np.percentile(away, 99) < 0.2
    assert away.max() < 1.0
    assert (back.labels.array == coarse.labels.array).mean() > 0.97
    (said,) = [note.text for note in back.notes if note.value == pillowed.posture.undone().name]
    assert "in posture prone_pillow before: what both turn adds up" in said


def test_it_is_the_same_patient_with_a_note(coarse, pillowed):
    assert pillowed.name == coarse.name
    assert pillowed.posture.name == "prone_pillow"
    assert any("the patient lies prone" in str(note) for note in pillowed.notes)
    assert set(pillowed.structures) == set(coarse.structures)
    assert set(pillowed.spaces) == set(coarse.spaces)


def test_views_squared_to_an_endplate_follow_the_vertebra(coarse, pillowed):
    moved = pillowed.posture
    flexed = sum(moved.turn_deg(*d.split("-"))[0] for d in ("L3-L4", "L4-L5"))

    tilts = [squared_tilt_deg(one, "L3", 0.0) for one in (coarse, pillowed)]

    assert tilts[1] - tilts[0] == pytest.approx(flexed, abs=0.05)  # further towards the head


def test_a_ct_without_vertebrae_only_shifts_by_its_registration():
    bare = small_patient(fitted=False)
    bare = ns.Anatomy("bare", bare.ct, bare.labels)

    still = ns.posed(bare, "prone")
    np.testing.assert_array_equal(still.labels.array, bare.labels.array)
    assert "no disc is known" in str(still.notes[-1])

    off = ns.posed(bare, "prone", rng=np.random.default_rng(8))
    assert (off.ct.array != bare.ct.array).any()
    assert "registration error" in str(off.notes[-1])


def test_neighbours_of_a_small_field_turn():
    patient = small_patient()
    posture = Posture("mine", "posterior", discs={"L4-L5": DiscTurn(4.0)})

    found = ns.posed(patient, posture)

    turned = found.bodies["L4"].matrix[:3, 2]
    assert turned[1] == pytest.approx(-np.sin(np.radians(4)))
    np.testing.assert_allclose(found.bodies["L5"].matrix, patient.bodies["L5"].matrix)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"posture": "prone", "phase": 1.5}, "phase must be 0 to 1, got 1.5"),
        ({"posture": "prone", "held": "L9"}, "no vertebra L9"),
        ({"posture": "upright"}, "no posture is called 'upright'"),
        ({"posture": None}, "posture is a Posture or the name of one, got None"),
        ({"posture": "prone", "rng": 5}, r"rng is a numpy Generator.* got 5"),
    ],
)
def test_bad_input_is_refused(coarse, given, said):
    with pytest.raises(InputError, match=said):
        ns.posed(coarse, **given)


def test_what_folds_tissue_is_refused(coarse):
    discs = dict.fromkeys(("L2-L3", "L3-L4", "L4-L5"), DiscTurn(15.0, 10.0, 5.0))

    with pytest.raises(
        InputError, match=r"folds tissue .least determinant -.* turn its discs less"
    ):
        ns.posed(coarse, Posture("mine", "posterior", discs=discs))
