"""Left is left on the screen, whatever the scanner, the patient's position or the C-arm did."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.exposure import Radiograph, radiograph
from needle_sim.views.display import Display
from needle_sim.volume.volume import Volume

BALL_MM = np.array([30.0, 0.0, 10.0])  # left of the midline


def ball_ct(position: str) -> Volume:
    """Water with a metal ball, as the scanner stores a supine or a prone patient (HFS, HFP)."""
    sign = 1.0 if position == "supine" else -1.0  # columns and rows run the other way when prone
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[1, 1], matrix[0, 2] = 5.0, 5.0 * sign, 5.0 * sign
    matrix[:3, 3] = -75.0 * sign, -75.0 * sign, -75.0
    matrix[3, 3] = 1.0
    place = Transform(matrix, target=PATIENT, source=VOXEL)
    index = np.stack(np.meshgrid(*[np.arange(31)] * 3, indexing="ij"), axis=-1)
    away = np.linalg.norm(place.apply(index) - BALL_MM, axis=-1)
    return Volume(np.where(away < 11, 3000, 0).astype(np.int16), place)


def shot(signal: np.ndarray, right: np.ndarray, down: np.ndarray) -> Radiograph:
    """A picture with any directions of its columns and rows."""
    carm = CArm((0.0, 0.0, 0.0), shape=signal.shape)
    return Radiograph(
        array=np.ascontiguousarray(signal, dtype=np.float32),
        carm=carm,
        beam=Beam.preset("lumbar_ap"),
        row_direction=np.asarray(down, dtype=np.float64),
        column_direction=np.asarray(right, dtype=np.float64),
        kap_ugy_m2=1.0,
        kerma_mgy=0.1,
        truth={},
    )


@pytest.mark.parametrize("position", ["supine", "prone"])
@pytest.mark.parametrize("orbital_deg", [0.0, 20.0, -20.0, 180.0, 160.0])
def test_a_metal_ball_left_of_the_midline_is_drawn_left_and_up(position, orbital_deg):
    carm = CArm((0.0, 0.0, 0.0), orbital_deg=orbital_deg, pixel_mm=4.0, shape=(64, 64))
    picture = radiograph(ball_ct(position), carm, Beam.preset("lumbar_ap"))
    extremes = float(picture.array.min()), float(picture.array.max())
    display = replace(Display.for_prone(picture), window=extremes)

    drawn = display.apply(picture)

    inside = display.field_mask() > 0.99
    row, column = np.argwhere(inside & (drawn <= drawn[inside].min() + 20)).mean(axis=0)
    assert column < 31.5 - 5  # left half
    assert row < 31.5  # the ball lies towards the head
    x, y = display.place(project_points(carm, BALL_MM))
    assert (column, row) == pytest.approx((x, y), abs=1.0)


@pytest.mark.parametrize(("orbital_deg", "front"), [(-90.0, "right"), (90.0, "left")])
def test_a_lateral_is_seen_from_the_detector_with_the_head_up(orbital_deg, front):
    carm = CArm((0.0, 0.0, 0.0), orbital_deg=orbital_deg, shape=(64, 64))
    flat = shot(np.ones((64, 64)), carm.column_direction, carm.row_direction)
    display = Display.for_prone(flat)

    across, down = display.directions(flat)

    assert down @ [0.0, 0.0, 1.0] == pytest.approx(-1.0)
    assert across @ [0.0, -1.0, 0.0] == pytest.approx(1.0 if front == "right" else -1.0)
    assert np.cross(across, -down) @ carm.beam_direction == pytest.approx(1.0)  # towards the reader


def test_no_roll_or_mirror_of_the_detector_changes_what_is_seen():
    base = np.arange(48.0).reshape(6, 8) + 100.0
    left, feet = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
    upright = shot(base, left, feet)
    seen = Display.for_prone(upright).apply(upright)

    for turns, mirrored in itertools.product(range(4), (False, True)):
        signal, right, down = base, left, feet
        if mirrored:
            signal, right = signal[:, ::-1], -right
        for _ in range(turns):
            signal, right, down = np.rot90(signal), down, -right
        other = shot(signal, right, down)
        np.testing.assert_array_equal(Display.for_prone(other).apply(other), seen)


@settings(max_examples=30)
@given(
    turns=st.integers(0, 3),
    mirrored=st.booleans(),
    row=st.integers(3, 17),
    column=st.integers(3, 22),
)
def test_place_says_where_a_pixel_is_drawn(turns, mirrored, row, column):
    signal = np.full((21, 26), 100.0)
    signal[row, column] = 1.0
    picture = shot(signal, np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    display = Display(picture.array.shape, turns, mirrored, window=(1.0, 1000.0))

    drawn = display.apply(picture).astype(float)

    x, y = display.place([row, column])
    assert drawn.shape == display.drawn_shape
    inside = display.field_mask() > 0.99
    darkest = np.argwhere(inside & (drawn == drawn[inside].min()))
    assert darkest.tolist() == [[y, x]]


def test_the_hub_of_a_left_oblique_is_drawn_left_of_its_tip():
    turn, tilt = np.radians([20.0, -40.0])
    back = np.array(
        [np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), np.sin(tilt)]
    )  # from the tip to the hub of a needle that a left oblique with caudal tilt looks along
    carm = CArm((0.0, 0.0, 0.0))
    flat = shot(np.ones(carm.shape), carm.column_direction, carm.row_direction)

    hub, tip = Display.for_prone(flat).place(project_points(carm, [100 * back, 0 * back]))

    assert hub[0] < tip[0]
    assert hub[1] > tip[1]  # and below, as the needle comes from the feet


@pytest.mark.parametrize(
    ("orbital_deg", "letter", "corner"),
    [
        (0.0, "R", "upper right"),
        (-20.0, "R", "upper right"),
        (20.0, "L", "upper left"),
        (-90.0, "R", "upper right"),  # in front of the patient
        (90.0, "L", "upper left"),
    ],
)
@pytest.mark.parametrize("tilt_deg", [-42.0, 0.0, 15.0])
def test_the_lead_letter_names_the_side_nearest_the_detector(orbital_deg, tilt_deg, letter, corner):
    carm = CArm((0.0, 0.0, 0.0), orbital_deg=orbital_deg, tilt_deg=tilt_deg)
    flat = shot(np.ones(carm.shape), carm.column_direction, carm.row_direction)

    marker = Display.for_prone(flat).marker_at(flat)

    assert (marker.letter, marker.corner) == (letter, corner)


def test_bone_is_dark_in_fluoroscopy_and_bright_on_film():
    signal = np.full((40, 40), 1000.0)
    signal[20, 20] = 100.0
    picture = shot(signal, np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    dark = Display((40, 40), window=(50.0, 2000.0)).apply(picture)
    bright = Display((40, 40), window=(50.0, 2000.0), polarity="bright_bone").apply(picture)

    assert dark[20, 20] < dark[10, 10]
    assert bright[20, 20] > bright[10, 10]
    assert dark[0, 0] == bright[0, 0] == 0  # the surround is black either way


@pytest.mark.parametrize("turn_deg", [-30.0, 12.5, 45.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_turned_by_any_angle_keeps_its_places_and_directions(turn_deg, mirrored):
    row, column = np.mgrid[0:80, 0:90]
    spot = 1000.0 * np.exp(-((row - 30) ** 2 + (column - 62) ** 2) / 18.0)
    picture = shot(1.0 + spot, np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    display = Display((80, 90), 1, mirrored, window=(1.0, 1000.0), turn_deg=turn_deg)
    drawn = display.apply(picture).astype(float)
    drawn *= drawn > 0.5 * drawn.max()
    middle = np.array(np.nonzero(drawn)) @ drawn[drawn > 0] / drawn.sum()
    x, y = display.place([30, 62])
    assert middle == pytest.approx([y, x], abs=0.3)
    # one step of the detector's columns is one step along the patient's left on the screen
    right, down = display.directions(picture)
    step = np.subtract(display.place([30, 63]), [x, y])
    assert step[0] * right + step[1] * down == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    with pytest.raises(InputError, match="turn_deg must be -45 to 45, got 60"):
        replace(display, turn_deg=60.0)


def test_a_display_refuses_what_it_cannot_show():
    picture = shot(np.ones((30, 40)), np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    with pytest.raises(InputError, match=r"detector of \(20, 20\).*\(30, 40\)"):
        Display((20, 20)).apply(picture)
    with pytest.raises(InputError, match="0 < low < high"):
        Display((30, 40), window=(5.0, 2.0))
    with pytest.raises(InputError, match="quarter_turns must be 0 to 3, got 4"):
        Display((30, 40), quarter_turns=4)
    with pytest.raises(InputError, match="percentiles"):
        Display((30, 40), percentiles=(60.0, 40.0))
    with pytest.raises(InputError, match="flatten must be 0 to 1, got 2"):
        Display((30, 40), flatten=2.0)
    dark = shot(np.zeros((30, 40)), np.array([1.0, 0, 0]), np.array([0, 0, -1.0]))
    with pytest.raises(InputError, match="saw nothing"):
        Display((30, 40)).apply(dark)
