"""A study's figure: a point for each mean, a line for each value, told apart without colour."""

from __future__ import annotations

import pytest

import needle_sim as ns
from needle_sim.errors import InputError
from needle_sim.views import canvas
from needle_sim.views.study import draw_study


def ramp(samples, settings):
    """Twice the angle, one more for each sample of a point; the left side is 10 higher."""
    rows = []
    for sample in samples:
        left = sample.parameters["side"] == "left"
        value = 2 * sample.parameters["angle_deg"] + 10 * left + sample.repeat - 1
        rows.append({"covered_mm": float(value), "met": sample.repeat > 0})
    return rows


@pytest.fixture(scope="module")
def study():
    parameters = {"angle_deg": [0, 30, 60], "side": ["left", "right"]}
    return ns.run_study(ramp, parameters, seeds=3, threads=1)


def drawn(study, **settings):
    ax = canvas.panel(canvas.sheet(600, 400), (0.1, 0.12, 0.85, 0.75))
    return draw_study(ax, study, **settings)


def test_points_stand_at_the_means_with_their_intervals(study):
    ax = drawn(study)

    left, right = (box.lines[0] for box in ax.containers)
    assert left.get_xdata().tolist() == [0, 30, 60]
    assert left.get_ydata() == pytest.approx([10, 70, 130])
    assert right.get_ydata() == pytest.approx([0, 60, 120])
    half = 4.302653 / 3**0.5  # Student's t of three samples with a spread of 1
    [bars] = ax.containers[0].lines[2]
    assert bars.get_segments()[0][:, 1] == pytest.approx([10 - half, 10 + half])
    assert ax.get_xlabel() == "angle, degrees"
    assert ax.get_ylabel() == "covered, mm (mean, 95 % interval)"


def test_lines_differ_by_mark_and_dash_too(study):
    lines = [box.lines[0] for box in drawn(study).containers]

    assert len({line.get_marker() for line in lines}) == 2
    assert len({str(line._dash_pattern) for line in lines}) == 2
    assert [text.get_text() for text in drawn(study).get_legend().get_texts()] == ["left", "right"]


def test_a_text_stands_at_its_turn_and_a_share_stays_over_zero(study):
    ax = drawn(study, x="side", y="met", by="angle_deg")

    assert [label.get_text() for label in ax.get_xticklabels()] == ["left", "right"]
    assert ax.get_ylim()[0] == 0.0
    assert ax.containers[0].lines[0].get_ydata() == pytest.approx([2 / 3, 2 / 3])


def test_it_says_that_it_is_no_patient(study):
    said = " ".join(text.get_text() for text in study.plot(title="Toy").texts)

    assert "Toy" in said
    assert "3 samples a point" in said
    assert "not for clinical use" in said


def test_what_cannot_be_drawn_is_refused(study):
    with pytest.raises(InputError, match="did you mean 'covered_mm'"):
        drawn(study, y="coverd_mm")
    with pytest.raises(InputError, match="did you mean 'angle_deg'"):
        drawn(study, x="angel_deg")
    alone = ns.run_study(ramp, {"angle_deg": [0], "side": ["left"]}, seeds=1, threads=1)
    with pytest.raises(InputError, match="needs a parameter that varies"):
        drawn(alone)
