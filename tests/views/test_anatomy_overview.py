from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from needle_sim.anatomy.fit import GOOD_RMS_MM
from needle_sim.views import canvas
from needle_sim.views.anatomy_figures import axial_figure
from needle_sim.views.anatomy_overview import anatomy_overview, anatomy_pictures, note_lines
from tests.anatomy.small_patient import small_patient


@pytest.fixture(scope="module")
def patient():
    return small_patient()


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_a_fit_shows_the_rms_of_each_level_against_the_published_one(patient):
    figure = anatomy_overview(patient)
    (bars,) = [ax for ax in figure.axes if ax.patches]
    assert [bar.get_width() for bar in bars.patches] == [1.25, 2.5]
    assert [tick.get_text() for tick in bars.get_yticklabels()] == ["L4", "L5"]
    (line,) = bars.lines
    assert set(line.get_xdata()) == {GOOD_RMS_MM}
    assert len([ax for ax in figure.axes if ax.images]) == 3


@pytest.mark.parametrize("count", [1, 3, 8, 20])
def test_notes_are_written_whole_or_counted(count):
    notes = [f"note {n} " + "words " * 40 + f"end {n}" for n in range(count)]
    lines = note_lines(notes)
    assert len(lines) <= 42
    text = " ".join(" ".join(lines).split())
    whole = sum(f"end {n}" in text for n in range(count))
    assert text.count("note ") == whole  # none is cut
    assert (f"and {count - whole} more" in text) == (whole < count)
    assert whole >= min(count, 5)


def test_notes_counts_and_the_warning_are_written(patient):
    said = " ".join(texts(anatomy_overview(patient)))
    assert "levels are counted (numbering, L5 lies on the" in said
    assert "small: L4, L5; 2 landmarks, 2 structures, 0 spaces" in said
    assert "Not for clinical use. Patient LPS, mm." in said


def test_a_phantom_shows_another_slice_in_place_of_bars():
    figure = anatomy_overview(small_patient(fitted=False))
    assert not [ax for ax in figure.axes if ax.patches]
    assert len([ax for ax in figure.axes if ax.images]) == 4


def test_a_bare_ct_is_drawn_as_well(patient):
    bare = replace(patient, bodies={}, bones={}, structures={}, landmarks_mm={}, fit_rms_mm={})
    assert "small: no vertebra" in " ".join(texts(anatomy_overview(bare)))


def test_pictures_are_png_and_the_same_each_time(patient):
    drawn = anatomy_pictures(patient)
    assert set(drawn) == {"overview.png", "axial.png", "sagittal.png", "coronal.png"}
    assert drawn["axial.png"] == canvas.png(axial_figure(patient))
    picture = np.asarray(Image.open(io.BytesIO(drawn["overview.png"])))
    assert picture.shape == (860, 1800, 3)
