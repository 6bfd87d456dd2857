import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.imaging.xray.angles import (
    angle_words,
    dicom_words,
    positioner_angles,
    said,
    said_angles,
    turned,
    with_positioner,
    wrapped_deg,
)
from needle_sim.imaging.xray.carm import CArm, project_points

REST = CArm((0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("primary", "secondary", "way"),
    [  # PS3.3 C.8.7.5.1.2, the detector's direction in patient LPS
        (0.0, 0.0, [0, -1, 0]),
        (90.0, 0.0, [1, 0, 0]),
        (-90.0, 0.0, [-1, 0, 0]),
        (180.0, 0.0, [0, 1, 0]),
        (0.0, 90.0, [0, 0, 1]),
        (180.0, 30.0, [0, np.cos(np.pi / 6), 0.5]),
    ],
)
def test_dicom_counts_from_the_chest_to_the_left_and_to_the_head(primary, secondary, way):
    assert with_positioner(REST, primary, secondary).beam_direction == pytest.approx(way, abs=1e-12)


def test_prone_lies_near_180_and_supine_near_0():
    prone = turned(REST, "left oblique 20, cranial 5")
    supine = turned(REST, "left oblique 20, cranial 5", position="supine")
    assert positioner_angles(prone) == pytest.approx((160.0, 5.0))
    assert positioner_angles(supine) == pytest.approx((20.0, 5.0))
    assert positioner_angles(turned(REST, "right oblique 20"))[0] == pytest.approx(-160.0)


@pytest.mark.parametrize("position", ["prone", "supine"])
def test_a_ball_left_of_the_midline_is_seen_from_the_side_that_is_said(position):
    ball = [30.0, 0.0, 0.0]
    carm = turned(REST, "AP" if position == "prone" else "PA", position=position)
    _, column = project_points(carm, ball) - project_points(carm, [0, 0, 0])
    assert (column > 0) == (position == "prone")  # columns run to the left seen from behind
    left = turned(REST, "left oblique 30", position=position)
    assert left.beam_direction[0] == pytest.approx(0.5)  # the detector on the left either way
    up = 1.0 if position == "prone" else -1.0
    assert left.beam_direction[1] * up == pytest.approx(np.cos(np.pi / 6))  # and above the table


@given(primary=st.floats(-180, 180), secondary=st.floats(-90, 90))
def test_dicom_angles_there_and_back(primary, secondary):
    back = positioner_angles(with_positioner(REST, primary, secondary))
    assert wrapped_deg(back[0] - primary) == pytest.approx(0.0, abs=1e-9)
    assert back[1] == secondary


@given(
    orbital=st.floats(-180, 180),
    tilt=st.floats(-89, 89),
    position=st.sampled_from(["prone", "supine"]),
    side=st.sampled_from([None, "left", "right"]),
    digits=st.sampled_from([0, 1, 3]),
)
def test_what_is_said_is_understood(orbital, tilt, position, side, digits):
    carm = CArm((0, 0, 0), orbital, tilt)
    words = said(carm, position=position, side=side, digits=digits)
    again = turned(REST, words, position=position, side=side)
    half = 0.5 * 10.0**-digits + 1e-9
    assert abs(wrapped_deg(again.orbital_deg - orbital)) <= half
    assert abs(again.tilt_deg - tilt) <= half
    assert said(again, position=position, side=side, digits=digits) == words


@given(
    orbital=st.floats(-180, 180),
    tilt=st.floats(-89, 89),
    position=st.sampled_from(["prone", "supine"]),
)
def test_what_a_screen_of_angiography_writes_is_understood(orbital, tilt, position):
    words = dicom_words(CArm((0, 0, 0), orbital, tilt), digits=2)
    again = said_angles(words, position=position)  # counted from the chest either way
    assert abs(wrapped_deg(again[0] - orbital)) <= 0.005 + 1e-9
    assert abs(again[1] - tilt) <= 0.005 + 1e-9


@pytest.mark.parametrize(
    ("words", "angles"),
    [
        ("AP", (0, 0)),
        ("PA", (180, 0)),
        ("straight, caudal 12", (0, -12)),
        ("Right oblique 25°, caudal 10°", (-25, -10)),
        ("25 degrees right oblique, 10 degrees caudad", (-25, -10)),
        ("caudal 10 left oblique 25", (25, -10)),
        ("LAO 155 CRA 10", (25, 10)),
        ("RPO 30", (-30, 0)),
        ("left lateral", (90, 0)),
        ("lateral, detector on the patient's right", (-90, 0)),
        ("cephalad 7.5", (0, 7.5)),
    ],
)
def test_operators_words_for_a_prone_patient(words, angles):
    assert said_angles(words) == pytest.approx(angles)


def test_obliques_of_a_treated_side():
    # STYLE: ipsilateral oblique of a degrees is orbital -a on the right and +a on the left
    assert said_angles("ipsilateral oblique 25", side="right") == (-25.0, 0.0)
    assert said_angles("ipsilateral oblique 25", side="left") == (25.0, 0.0)
    assert said_angles("contralateral oblique 50", side="right") == (50.0, 0.0)
    assert said_angles("CLO 50", side="left") == (-50.0, 0.0)
    assert said_angles("lateral", side="right") == (-90.0, 0.0)
    assert angle_words(50, 0, side="right") == "contralateral oblique 50°"


def test_tilt_from_a_squared_endplate():
    def squared(vertebra, orbital_deg):
        return {"L4": 8.0, "L5": 21.0}[vertebra] - 0.1 * abs(orbital_deg)

    heard = said_angles("right oblique 20, caudal 5 from squared L4", squared=squared)
    assert heard == pytest.approx((-20.0, 8.0 - 2.0 - 5.0))
    assert said_angles("AP squared L5", squared=squared) == pytest.approx((0.0, 21.0))
    words = angle_words(-20.0, 1.0, squared=("L4", 6.0))
    assert words == "right oblique 20°, caudal 5° from squared L4"
    assert said_angles(words, squared=squared) == pytest.approx((-20.0, 1.0))
    assert angle_words(0.0, 21.0, squared=("L5", 21.0)) == "AP, squared L5"


@pytest.mark.parametrize(
    ("words", "said_of_it"),
    [
        ("left oblik 25", "did you mean 'oblique'"),
        ("oblique 25", "to which side"),
        ("left oblique", "one number of degrees"),
        ("left oblique 20 30", "one number of degrees"),
        ("cranial 5 caudal 5", "at most once"),
        ("left oblique -20", "not a minus"),
        ("left right oblique 20", "is no view"),
        ("AP lateral left", "is no view"),
        ("contralateral oblique 50", "to which side"),
        ("AP squared L4", "which level is squared"),
        ("AP squared", "which level is squared"),
        ("cranial 120", "90 degrees caudal to 90 cranial"),
    ],
)
def test_what_is_not_understood_is_said(words, said_of_it):
    with pytest.raises(InputError, match=said_of_it):
        said_angles(words)


def test_angles_out_of_range_are_refused():
    with pytest.raises(InputError, match="primary angle is -180 to 180"):
        with_positioner(REST, 200.0, 0.0)
    with pytest.raises(InputError, match="90 cranial, got 100"):
        positioner_angles(CArm((0, 0, 0), 0.0, 100.0))
    with pytest.raises(InputError, match="one of prone, supine"):
        said(REST, position="standing")
    with pytest.raises(InputError, match="side must be"):
        said(CArm((0, 0, 0), 20.0), side="up")
