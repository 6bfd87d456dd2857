"""What an operator says is one act of the log."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import project_points
from needle_sim.planning.sightline import angles_of, squared_tilt_deg
from needle_sim.views.front_end.monitor import detector_rowcol, screen_display
from needle_sim.views.front_end.spoken import SPOKEN, number, towards_operator
from tests.rehearsal.driving import RFA, begun, inserted


def turned(made, **given):
    act, values = SPOKEN["turn"](made, given)
    assert act == "carm"
    made.do(act, **values)
    return made.scope.pose


def test_cephalad_is_towards_the_head_and_to_me_towards_the_treated_side():
    right, left = begun(RFA, side="right"), begun(RFA, side="left")
    assert turned(right, cephalad_deg=5).tilt_deg == 5.0
    assert turned(right, cephalad_deg=-7).tilt_deg == -2.0
    assert turned(right, to_me_deg=10).orbital_deg == -10.0
    assert turned(left, to_me_deg=10).orbital_deg == 10.0
    assert (towards_operator("right"), towards_operator("left")) == (-1.0, 1.0)


def test_a_whole_turn_is_no_turn():
    made = begun(RFA)
    for _ in range(36):
        pose = turned(made, to_left_deg=10)
    assert pose.orbital_deg == pytest.approx(0.0, abs=1e-9)


def test_views_are_those_of_the_recipe_and_the_plain_ones():
    made = begun(RFA)
    for name, way in made.scope.ways.items():
        _, values = SPOKEN["go"](made, {"view": name})
        assert (values["orbital_deg"], values["tilt_deg"]) == pytest.approx(
            angles_of(way), abs=0.006
        )
    assert SPOKEN["go"](made, {"view": "straight AP"})[1] == {"orbital_deg": 0.0, "tilt_deg": 0.0}
    with pytest.raises(InputError, match="no view 'latral'; did you mean"):
        SPOKEN["go"](made, {"view": "latral"})


def test_squared_is_the_tilt_of_the_endplate():
    made = begun(RFA)
    _, values = SPOKEN["square"](made, {})
    wanted = squared_tilt_deg(made.anatomy, made.vertebra, 0.0)
    assert values["tilt_deg"] == pytest.approx(wanted, abs=0.006)


@pytest.mark.parametrize("orbital", [0.0, -35.0, 90.0, -90.0])
def test_the_field_moves_as_the_screen_says(orbital):
    """What lay 10 mm right of the middle is in the middle after the field went 10 mm right."""
    made = begun(RFA)
    made.do("carm", orbital_deg=orbital, tilt_deg=0.0)
    before = made.scope.carm
    _, values = SPOKEN["pan"](made, {"right_mm": 10.0, "down_mm": 4.0})
    point = np.array([values["x_mm"], values["y_mm"], values["z_mm"]])
    row, column = project_points(before, point)
    display = screen_display(before)
    x, y = display.place([row, column])
    middle = 0.5 * (before.shape[0] - 1)
    pixel = before.pixel_mm / before.magnification
    assert ((x - middle) * pixel, (y - middle) * pixel) == pytest.approx((10.0, 4.0), abs=0.01)
    assert detector_rowcol(display, y, x) == pytest.approx((row, column))


def test_out_is_a_push_below_nothing():
    made = inserted(RFA)
    assert SPOKEN["push"](made, {"mm": 2.0}) == ("advance", {"mm": 2.0})
    assert SPOKEN["push"](made, {"mm": -3.0}) == ("withdraw", {"mm": 3.0})
    with pytest.raises(InputError, match="a push by 0 mm"):
        SPOKEN["push"](made, {"mm": 0.0})


def test_leaning_and_the_beam_turn_the_hub():
    made = inserted(RFA)
    orbital, tilt = angles_of(-made.hand.axis)
    _, values = SPOKEN["lean"](made, {"to_left_deg": 2.0, "to_head_deg": -1.0})
    assert (values["orbital_deg"], values["tilt_deg"]) == pytest.approx(
        (orbital + 2, tilt - 1), abs=1e-3
    )
    act, values = SPOKEN["along_beam"](made, {})
    made.do(act, **values)
    tip, hub = (project_points(made.scope.carm, p) for p in (made.hand.tip_mm, made.hand.entry_mm))
    assert tip == pytest.approx(hub, abs=0.05)


@pytest.mark.parametrize("name", ["lean", "along_beam"])
def test_there_must_be_a_needle_to_turn(name):
    with pytest.raises(InputError, match="mark the skin and insert one first"):
        SPOKEN[name](begun(RFA), {})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "5", True, None, [1]])
def test_numbers_are_numbers(bad):
    with pytest.raises(InputError, match="mm must be a number"):
        number({"mm": bad}, "mm")


def test_the_c_arm_ends_somewhere():
    with pytest.raises(InputError, match="tilts by 60"):
        SPOKEN["turn"](begun(RFA), {"cephalad_deg": 61})
