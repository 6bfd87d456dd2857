import numpy as np
import pytest
from matplotlib.figure import Figure

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.opened import opened
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.sequence import contrast_shots
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.spread import spread
from needle_sim.views import canvas
from needle_sim.views.contrast import contrast_figure, draw_contrast_run, draw_subtraction
from tests.injectate.cases import EPIDURAL, UP, simple_spine

CARM = CArm(tuple(EPIDURAL), shape=(96, 96), pixel_mm=1.5)


@pytest.fixture(scope="module")
def runs():
    paths = PathLengths(CARM, {"soft": np.full(CARM.shape, 18.0, np.float32)})
    injected = spread(
        simple_spine(), EPIDURAL, UP, agent=Agent.preset("iohexol_240"), volume_ml=2.0
    )
    return {
        mode: contrast_shots(paths, CARM, Beam.preset("lumbar_ap"), injected, mode=mode)
        for mode in ("single", "live", "dsa")
    }


def written(ax):
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize(("mode", "count"), [("single", 1), ("live", 8), ("dsa", 8)])
def test_every_picture_has_its_time_and_the_first_its_mode(runs, mode, count):
    figure = canvas.sheet(900, 600)
    drawn = draw_contrast_run(figure, runs[mode], title="L4-L5")
    assert len(drawn) == count
    for ax, time_s in zip(drawn, runs[mode].times_s, strict=True):
        assert f"{time_s:.3g} s" in written(ax)
    words = {"single": "single shot", "live": "live fluoroscopy", "dsa": "digital subtraction"}
    assert words[mode] in written(drawn[0])
    assert "L4-L5" in written(drawn[0])


@pytest.mark.parametrize("mode", ["single", "live", "dsa"])
def test_a_figure_says_what_was_seen_and_is_the_same_each_time(runs, mode):
    figure = contrast_figure(runs[mode])
    assert isinstance(figure, Figure)
    assert "contrast that stays" in written(figure.axes[-1])
    assert canvas.png(figure) == canvas.png(contrast_figure(runs[mode]))


def test_pictures_do_not_overlap(runs):
    figure = canvas.sheet(900, 600)
    boxes = [ax.get_position() for ax in draw_contrast_run(figure, runs["dsa"])]
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = one.x1 <= other.x0 + 1e-9 or other.x1 <= one.x0 + 1e-9
            assert apart or one.y1 <= other.y0 + 1e-9 or other.y1 <= one.y0 + 1e-9


def test_all_of_a_collimated_field_is_drawn_and_black_about_it():
    paths = PathLengths(CARM, {"soft": np.full(CARM.shape, 18.0, np.float32)})
    iohexol = Agent.preset("iohexol_240")
    injected = spread(simple_spine(), EPIDURAL, UP, agent=iohexol, volume_ml=2.0)
    beam, field = Beam.preset("lumbar_ap"), Collimation(30.0, 70.0)
    run = contrast_shots(paths, CARM, beam, injected, mode="dsa", count=1, collimation=field)
    (ax,) = draw_contrast_run(canvas.sheet(300, 300), run)
    shown = np.asarray(ax.images[0].get_array())
    rows, columns = opened(run.mask)
    top, bottom = sorted(ax.get_ylim())
    assert top < rows.start
    assert rows.stop < bottom
    assert shown[:, : columns.start - 3].max() < 0.1
    assert np.median(shown[rows, columns]) > 0.7


def test_iodine_is_dark_in_a_subtraction_and_the_rest_even(runs):
    ax = canvas.panel(canvas.sheet(300, 300), (0, 0, 1, 1))
    draw_subtraction(ax, runs["dsa"], 7)
    shown = np.asarray(ax.images[0].get_array())
    assert shown[35:60, 40:56].min() < 0.35
    quiet = shown[10:86, 70:86]
    assert quiet.std() < 0.02
    assert quiet.mean() > 0.7


def test_the_scale_is_that_of_the_whole_run(runs):
    # little iodine in the first picture is not stretched to black
    first, last = (
        np.asarray(
            draw_subtraction(canvas.panel(canvas.sheet(300, 300), (0, 0, 1, 1)), runs["dsa"], n)
            .images[0]
            .get_array()
        )[20:76, 20:76].mean()
        for n in (0, 7)
    )
    assert first > last


def test_what_is_no_subtraction_is_refused(runs):
    ax = canvas.panel(canvas.sheet(300, 300), (0, 0, 1, 1))
    with pytest.raises(InputError, match="mode='dsa'"):
        draw_subtraction(ax, runs["live"], 0)
    with pytest.raises(InputError, match="zoom must be at least 1"):
        draw_subtraction(ax, runs["dsa"], 0, zoom=0.5)
