"""Every drawn picture carries its letter, its angles and a true scale."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import project_points
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import Overlay, draw_radiograph


def panel() -> canvas.Axes:
    """Axes on a sheet of their own."""
    return canvas.panel(canvas.sheet(400, 450), (0, 0, 1, 1))


def test_every_view_is_drawn_with_its_letter_angles_and_exposure(run):
    words = ("AP", "right oblique 20°, caudal 30°", "lateral, detector on the patient's right")
    for view, said in zip(run.views, words, strict=False):
        ax = draw_radiograph(panel(), view.radiograph, title=view.title)
        texts = {text.get_text() for text in ax.texts}
        assert "R" in texts
        assert said in texts
        assert view.title in texts
        assert any("kV" in text and "mAs" in text for text in texts)


def test_the_letter_lies_on_the_side_it_names(run):
    shot = run.views[1].radiograph  # right oblique: patient's right is drawn right
    for mirrored, across in ((True, 0.915), (False, 0.085)):
        display = Display(shot.array.shape, mirrored=mirrored)
        ax = draw_radiograph(panel(), shot, display)
        (letter,) = [text for text in ax.texts if text.get_text() == "R"]
        assert letter.get_position()[0] == pytest.approx(across)


def test_an_overlay_lies_where_the_needle_is_seen(run):
    placed = run.plan.placed
    for view in run.views[:3]:
        line = Overlay(placed.trajectory.points_mm)
        ax = draw_radiograph(panel(), view.radiograph, overlay=[line])
        drawn = np.stack(ax.lines[0].get_data(), axis=-1)
        display = Display.for_prone(view.radiograph)
        (seen,) = view.radiograph.truth["needles"]
        assert drawn[-1] == pytest.approx(display.place(seen)[-1], abs=0.05)
        grey = display.apply(view.radiograph)
        x, y = np.round(drawn[-1] + 0.3 * (drawn[0] - drawn[-1])).astype(int)
        if 3 < x < 92 and 3 < y < 92:
            around = grey[y - 3 : y + 4, x - 3 : x + 4]
            assert grey[y, x] <= np.percentile(around, 50)  # the needle is dark there


def test_a_single_point_is_a_ring(run):
    shot = run.views[0].radiograph
    ax = draw_radiograph(panel(), shot, overlay=[Overlay(run.target.centre_mm[None])])
    ring = ax.lines[0]
    at = Display.for_prone(shot).place(project_points(shot.carm, run.target.centre_mm))
    assert ring.get_marker() == "o"
    assert np.ravel(ring.get_data()) == pytest.approx(at)


def test_the_bar_is_20_mm_at_the_isocentre(run):
    carm = run.views[0].radiograph.carm
    ax = draw_radiograph(panel(), run.views[0].radiograph)
    x = ax.lines[-1].get_xdata()
    ends = np.add(carm.isocentre_mm, [[0.0, 0.0, 0.0], [20.0, 0.0, 0.0]])
    (_, a), (_, b) = project_points(carm, ends)
    assert np.ptp(x) == pytest.approx(abs(b - a), rel=1e-6)


def test_zoom_keeps_the_middle_and_its_own_shape(run):
    ax = draw_radiograph(panel(), run.views[0].radiograph, zoom=2.0, tall=1.25)
    x, y = ax.get_xlim(), ax.get_ylim()
    assert np.ptp(x) == pytest.approx(48)
    assert np.mean(x) == pytest.approx(47.5)
    assert np.mean(y) == pytest.approx(47.5)
    assert np.ptp(y) == pytest.approx(60 * 1.124)
    with pytest.raises(InputError, match=r"zoom must be at least 1, got 0\.5"):
        draw_radiograph(panel(), run.views[0].radiograph, zoom=0.5)
