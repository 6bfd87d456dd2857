"""Whatever can be shown has a picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from needle_sim.errors import InputError
from needle_sim.views import canvas
from needle_sim.views.figures import draw


def test_each_noun_is_drawn_as_what_it_is(run):
    drawn = {
        "radiograph": run.views[0].radiograph.plot(),
        "view": run.views[0].plot(),
        "volume": run.anatomy.ct.plot(),
        "labels": run.anatomy.labels.plot(),
        "anatomy": run.anatomy.plot(),
        "target": run.target.plot(anatomy=run.anatomy),
        "plan": run.plan.plot(anatomy=run.anatomy),
        "history": run.history.plot(),
        "lesion": run.lesion.plot(nerve_mm=run.target.nerve_mm),
        "score": run.score.plot(),
        "run": run.plot(),
    }
    panels = {name: _panels(one) for name, one in drawn.items()}
    assert panels == {
        "radiograph": 1,
        "view": 1,
        "volume": 3,
        "labels": 3,
        "anatomy": 3,
        "target": 3,
        "plan": 1,
        "history": 3,
        "lesion": 2,
        "score": 1,
        "run": 9,
    }


def test_a_notebook_shows_a_picture_as_one(run):
    shot = run.views[0].radiograph
    shown = Image.open(io.BytesIO(shot._repr_png_()))
    assert shown.size == (700, 787 * shot.array.shape[0] // shot.array.shape[1])
    assert np.asarray(shown.convert("L")).std() > 20
    assert shot._repr_html_() is None


def _panels(drawn: Axes | Figure) -> int:
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    assert canvas.png(figure)  # it can be rendered
    return len(figure.axes)


def test_axes_of_a_user_are_drawn_into_and_returned(run):
    ax = canvas.sheet(300, 300).add_subplot()
    assert run.views[0].radiograph.plot(ax=ax) is ax
    assert ax.images


def test_label_maps_use_their_whole_range(run):
    grey = run.anatomy.labels.plot().axes[1].images[0].get_array()
    assert grey.min() == pytest.approx(0.0, abs=0.01)
    assert grey.max() > 0.8


def test_a_thing_without_a_picture_is_named():
    with pytest.raises(InputError, match="no picture of a float; there are of Radiograph"):
        draw(1.0)
