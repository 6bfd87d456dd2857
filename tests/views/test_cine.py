"""A run on the screen: one grey scale, a strip, a roadmap, blades that are not there yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.cine import take_cine
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.subtraction import Roadmap
from needle_sim.views import canvas
from needle_sim.views.cine import cine_bytes, cine_figure, draw_blades, draw_roadmap, roadmap_grey
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import draw_radiograph
from tests.imaging.xray.analytic import placed

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((0.0, 0.0, 0.0), shape=(96, 96), pixel_mm=1.0)
NEEDLE = placed([20, 40, 0], [5, 0, 0])
LIVE = RunMode(15.0, 16.0, 0.25, 0.3)


def trunk(carm=CARM):
    row, column = np.mgrid[0:96, 0:96]
    bone = 1.0 + np.sin(row / 6.0) * np.exp(-(((column - 40) / 20.0) ** 2))
    masses = {"soft": np.full(carm.shape, 19.0), "bone": bone}
    return PathLengths(carm, {name: mass.astype(np.float32) for name, mass in masses.items()})


@pytest.fixture(scope="module")
def run():
    def needles(time_s):
        return [NEEDLE] if time_s > 0.3 else []

    return take_cine(trunk(), BEAM, LIVE, duration_s=0.8, needles_at=needles)


def test_a_run_does_not_flicker_where_nothing_moves(run):
    shown = cine_bytes(run)
    assert shown.shape == (12, 96, 96)
    assert shown.dtype == np.uint8
    changed = (shown[0] != shown[-1]) & (Display.for_prone(run.frames[0]).field_mask() > 0.9)
    there = run.frames[-1].array != run.frames[0].array
    drawn = Display.for_prone(run.frames[0]).turned(there)
    assert changed.any()
    assert there.mean() < 0.5
    assert not (changed & ~drawn).any()


def test_where_the_carm_turns_each_pose_has_its_scale():
    def paths(time_s):
        return trunk(replace(CARM, orbital_deg=round(60 * time_s)))

    shown = cine_bytes(take_cine(paths, BEAM, replace(LIVE, weight=1.0), duration_s=0.2))
    assert np.array_equal(shown[0], shown[1])  # the same shadow in every pose


def test_a_strip_has_a_panel_a_picture(run):
    assert len(run.plot().axes) == 8
    assert len(cine_figure(run, indices=[0, 3, 11], title="needle", zoom=1.5).axes) == 3
    with pytest.raises(InputError, match="pictures of this run are 0 to 11, got"):
        cine_figure(run, indices=[12])


def test_a_roadmap_is_drawn_with_white_contrast_and_a_black_needle():
    mask = expose(trunk(), BEAM)
    peak = np.zeros(CARM.shape, np.float32)
    peak[60:75, 20:60] = 0.5
    live = expose(trunk(), BEAM, needles=[NEEDLE])
    grey = roadmap_grey(Roadmap(CARM, mask.array, peak), live)
    display = Display.for_prone(live)
    contrast = display.turned(peak > 0)
    assert grey[contrast].mean() > 0.9
    (polyline,) = live.truth["needles"]
    x, y = np.round(display.place(0.5 * (polyline[1] + polyline[-1]))).astype(int)
    assert grey[y - 1 : y + 2, x - 1 : x + 2].min() < 0.2
    assert np.median(grey[display.field_mask() > 0.9]) == pytest.approx(0.5, abs=0.03)
    ax = canvas.panel(canvas.sheet(200, 200), (0, 0, 1, 1))
    assert draw_roadmap(ax, Roadmap(CARM, mask.array, peak), live, title="road") is ax
    with pytest.raises(InputError, match="zoom"):
        draw_roadmap(ax, Roadmap(CARM, mask.array, peak), live, zoom=0.5)


def test_virtual_blades_are_a_line_over_the_held_picture(run):
    ax = canvas.panel(canvas.sheet(200, 200), (0, 0, 1, 1))
    draw_radiograph(ax, run.frames[-1])
    before = len(ax.lines)
    draw_blades(ax, run.frames[-1], Collimation(30.0, 20.0))
    x, y = ax.lines[before].get_data()
    assert np.ptp(x) == pytest.approx(30 / 0.6)
    assert np.ptp(y) == pytest.approx(20 / 0.6)
