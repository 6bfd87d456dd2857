"""The monitor draws as figures do, and knows where its pixels lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import project_points
from needle_sim.views.display import Display
from needle_sim.views.front_end.monitor import Monitor, detector_rowcol, on_screen
from tests.rehearsal.driving import RFA, begun, planned

SMALL = {"width_mm": 60.0, "height_mm": 50.0}


@pytest.fixture(scope="module")
def made():
    it = begun(RFA, pictures=True)
    it.do("collimate", **SMALL)
    it.do("shot")
    return it


def test_it_draws_what_a_figure_draws(made):
    drawn = Monitor().draw(made.picture)
    same = Display.for_prone(made.picture).apply(made.picture)
    assert drawn.pixels.shape == same.shape
    assert np.abs(drawn.pixels.astype(int) - same).max() <= 2


def test_the_head_says_what_is_burned_in(made):
    head = Monitor().draw(made.picture).head
    assert head["kvp"] == made.picture.beam.kvp
    assert head["kap_ugy_m2"] == made.picture.kap_ugy_m2
    assert (head["marker"]["letter"], head["marker"]["corner"]) == ("R", "upper right")
    columns, rows = made.picture.array.shape[::-1]
    assert head["field_mm"] == [
        columns * made.picture.carm.pixel_mm,
        rows * made.picture.carm.pixel_mm,
    ]


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_place_on_the_screen_goes_back_to_its_pixel(turns, mirrored):
    display = Display((30, 40), turns, mirrored)
    x, y = display.place([7.0, 11.0])
    assert detector_rowcol(display, float(y), float(x)) == pytest.approx((7.0, 11.0))


def test_a_click_means_the_point_that_is_drawn_there(made):
    monitor = Monitor()
    monitor.draw(made.picture)
    entry = made.target.centre_mm + np.array([9.0, 30.0, -8.0])
    x, y = on_screen(made.picture, entry)
    carm = made.scope.carm
    wanted = project_points(carm, entry)
    assert monitor.rowcol_under(float(x), float(y), carm) == pytest.approx(tuple(wanted))
    monitor.draw(made.live_picture(coarse=2))  # coarse pixels mean the same place
    x, y = on_screen(monitor.shown, entry)
    assert monitor.rowcol_under(float(x), float(y), carm) == pytest.approx(tuple(wanted), abs=1.1)


def test_a_click_on_an_old_picture_is_refused(made):
    monitor = Monitor()
    with pytest.raises(InputError, match="no picture yet"):
        monitor.rowcol_under(0.5, 0.5, made.scope.carm)
    monitor.draw(made.picture)
    with pytest.raises(InputError, match="moved since this picture"):
        monitor.rowcol_under(0.5, 0.5, replace(made.scope.carm, tilt_deg=3.0))
    with pytest.raises(InputError, match="0 to 1"):
        monitor.rowcol_under(1.2, 0.5, made.scope.carm)


def test_the_grey_scale_holds_while_a_needle_moves(made):
    """Away from the needle not a pixel changes but by its noise: nothing is measured anew."""
    monitor = Monitor()
    placed = planned(RFA)[0]
    bare, with_needle = (
        monitor.draw(made.scope.picture(one, None, None)).pixels.astype(int)
        for one in (None, placed)
    )
    changed = np.abs(bare - with_needle) > 3
    assert 0 < changed.mean() < 0.2
    assert (with_needle - bare)[changed].mean() < -10  # steel is dark
