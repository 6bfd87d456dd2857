"""The probe on the skin, and the moves of a hand from there."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg, unit
from needle_sim.imaging.ultrasound.seating import exits_mm, on_skin, rocked, skin_mm, sweep
from tests.imaging.ultrasound.bodies import BACK_MM, block

FACE_MM = BACK_MM + 1.0  # half a voxel beyond the last one in the body
OUT, DOWN, LEFT, HEAD = np.array([[0, 1, 0], [0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=float)


@pytest.fixture(scope="module")
def patient():
    return block()


@pytest.mark.parametrize("tilt", [0.0, 0.3, -0.6])
def test_the_skin_is_met_on_the_line(patient, tilt):
    outward = unit([tilt, 1.0, 0.2 * tilt])
    found = skin_mm(patient, [3.0, 10.0, -5.0], outward)
    assert found[1] == pytest.approx(FACE_MM, abs=0.06)
    assert np.cross(found - [3.0, 10.0, -5.0], outward) == pytest.approx(np.zeros(3), abs=1e-9)


def test_many_lines_at_once_say_which_are_known(patient):
    inside = np.array([[0.0, 10.0, 0.0], [0.0, 70.0, 0.0], [50.0, 10.0, 0.0]])
    found, known = exits_mm(patient, inside, np.array([OUT, OUT, LEFT]))
    assert known.tolist() == [True, False, False]  # behind the back; out through the volume's side
    assert found[0, 1] == pytest.approx(FACE_MM, abs=0.06)


@pytest.mark.parametrize(
    ("inside", "outward", "said"),
    [
        ([0.0, 80.0, 0.0], OUT, "lies outside the body"),
        ([50.0, 10.0, 0.0], LEFT, "lies outside the volume"),
        ([0.0, 10.0, 0.0], [0.0, 0.0, 0.0], "points nowhere"),
    ],
)
def test_a_line_without_skin_is_refused(patient, inside, outward, said):
    with pytest.raises(InputError, match=said):
        skin_mm(patient, inside, outward)


def test_a_seated_probe_is_a_right_handed_frame_with_the_aim_on_its_axis(patient):
    seat = on_skin(patient, [4.0, 20.0, 7.0], unit([0.1, -1.0, 0.2]), LEFT)
    x, y, z = seat.matrix[:3, :3].T
    assert np.cross(x, y) == pytest.approx(z)
    assert x @ LEFT > 0.99
    aim = seat.inverse().apply([4.0, 20.0, 7.0])
    assert aim[:2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert aim[2] == pytest.approx(
        (FACE_MM - 20.0) / np.cos(np.arctan(np.hypot(0.1, 0.2))), abs=0.1
    )


@pytest.mark.parametrize(("slant", "left"), [(0.0, 0.0), (8.0, 8.0), (-12.0, -12.0), (35.0, 25.0)])
def test_a_rocked_beam_is_square_to_the_skin_by_at_most_25_degrees(patient, slant, left):
    """A beam slanted to the head over a flat back is rocked back, by 25 degrees at most."""
    angle = np.radians(slant)
    beam = np.array([0.0, -np.cos(angle), np.sin(angle)])
    found = rocked(patient, [0.0, 20.0, 0.0], beam, HEAD)
    assert angle_deg(found, beam) == pytest.approx(abs(left), abs=0.2)
    assert angle_deg(found, DOWN) == pytest.approx(abs(slant) - abs(left), abs=0.2)


def test_a_fan_turns_the_beam_about_the_face_and_keeps_the_marker(patient):
    seat = on_skin(patient, [0.0, 20.0, 0.0], DOWN, LEFT)
    poses = sweep(patient, seat, 5, deg=40.0)
    assert poses[2].matrix == pytest.approx(seat.matrix)
    for pose, turn in zip(poses, (-20.0, -10.0, 0.0, 10.0, 20.0), strict=True):
        assert pose.matrix[:3, 3] == pytest.approx(seat.matrix[:3, 3])
        assert pose.matrix[:3, 0] == pytest.approx(seat.matrix[:3, 0])
        assert angle_deg(pose.matrix[:3, 2], DOWN) == pytest.approx(abs(turn))
        assert np.sign(pose.matrix[:3, 2] @ HEAD) == np.sign(turn)  # +y of this probe is cranial


def test_a_slide_stays_on_the_skin_and_goes_as_far_as_asked(patient):
    seat = on_skin(patient, [0.0, 20.0, 0.0], DOWN, LEFT)
    faces = np.array([pose.matrix[:3, 3] for pose in sweep(patient, seat, 3, mm=30.0)])
    assert faces[:, 2] == pytest.approx([-15.0, 0.0, 15.0])
    assert faces[:, 1] == pytest.approx(FACE_MM, abs=0.06)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"frames": 0}, "at least 1 frame"),
        ({"frames": 3, "mm": 500.0}, "at most 200 mm"),
        ({"frames": 3, "deg": float("nan")}, "at most 90 degrees, got nan"),
        ({"frames": 3, "mm": 140.0}, "outside the body"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused(patient, settings, said):
    seat = on_skin(patient, [0.0, 20.0, 0.0], DOWN, LEFT)
    with pytest.raises(InputError, match=said):
        sweep(patient, seat, **settings)
