"""Depth over time, and a numbered sign for everything that was done."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.rehearsal.record import Event, Record
from needle_sim.views import canvas
from needle_sim.views.timeline import SIGNS, WORDS, draw_timeline, timeline_figure
from tests.rehearsal.attempts import DANGER_MM, DEEP_MM, GOOD, told


def panel(width: int = 600) -> canvas.Axes:
    return canvas.panel(canvas.sheet(width, 300), (0, 0, 1, 1))


def signs(ax) -> list[tuple[float, float]]:
    """Places of the numbered discs."""
    return [
        (float(x), float(y))
        for line in ax.lines
        if line.get_marker() == "o"
        for x, y in np.transpose(line.get_data())
    ]


def course(ax) -> np.ndarray:
    """Times and depths of the line."""
    (line,) = [
        one for one in ax.lines if one.get_marker() in ("None", None, "") and one.get_zorder() == 3
    ]
    return np.transpose(line.get_data())


def test_every_event_has_its_number_at_its_depth():
    record = Record(told(*GOOD), danger_mm=DANGER_MM)
    ax = draw_timeline(panel(), record)
    assert [y for _, y in signs(ax)] == [event.depth_mm for event in record.events]
    numbers = [text.get_text() for text in ax.texts if text.get_text().isdigit()]
    assert numbers == [str(n) for n in range(1, len(GOOD) + 1)]


def test_the_line_is_level_but_where_the_needle_advances():
    record = Record(told(*GOOD), danger_mm=DANGER_MM)
    line = course(draw_timeline(panel(), record))
    sinks = [event.t_s for event in record.events if event.do in ("insert", "advance")]
    for (t0, d0), (t1, d1) in itertools.pairwise(line):
        if t1 in sinks:
            assert d1 > d0
        elif t1 > t0:
            assert d1 == d0
    assert line[:, 1].max() == DEEP_MM


def test_a_redirected_needle_comes_out_and_goes_in_again():
    steps = [("insert",), ("advance", 60.0), ("redirect",), ("insert",), ("advance", 50.0)]
    line = course(draw_timeline(panel(), Record(told(*steps))))
    assert 0.0 in line[2:, 1]
    assert line[-1, 1] == 50.0


def test_deep_is_down_and_the_danger_begins_at_its_depth():
    ax = draw_timeline(panel(), Record(told(*GOOD), danger_mm=DANGER_MM), why="look first")
    low, high = ax.get_ylim()
    assert low > DEEP_MM > 0.0 > high
    assert any(text.get_text() == "56 mm: look first" for text in ax.texts)
    assert any(np.allclose(line.get_ydata(), DANGER_MM) for line in ax.lines)


def test_each_pass_has_the_danger_of_its_own_path():
    first = Event(0.0, "insert", 5.0, 1, True, "", detail={"danger_mm": 50.0})
    second = Event(90.0, "insert", 5.0, 2, False, "", detail={"danger_mm": 54.0})
    deep = Event(150.0, "advance", 64.0, 2, False, "")
    ax = draw_timeline(panel(), Record((first, second, deep), danger_mm=54.0))
    dashed = [line.get_xydata() for line in ax.lines if line.get_linestyle() == "--"]
    assert [line[0].tolist() for line in dashed] == [[0.0, 50.0], [90.0, 54.0]]


@pytest.mark.parametrize(("width", "count"), [(250, 10), (250, 40), (1400, 40)])
def test_signs_never_cover_each_other_and_stay_inside(width, count):
    """Many things in a second or a few."""
    events = tuple(Event(100.0 + n / 10, "view", 50.0, 1, True, "") for n in range(count))
    events = (Event(0.0, "insert", 5.0, 1, True, ""), *events)
    ax = draw_timeline(panel(width), Record(events), size=8.0)
    points = ax.transData.transform(signs(ax))
    size = max(line.get_markersize() for line in ax.lines if line.get_marker() == "o")
    wide = size * canvas.DPI / 72.0
    apart = np.diff(points[1:, 0])
    assert (apart >= wide).all()
    assert points[:, 0].max() <= width - 0.5 * wide
    assert points[:, 0].min() >= 0.4 * wide
    assert (np.diff(points[:, 0]) > 0).all()


def test_every_kind_of_event_has_a_sign_and_a_word():
    kinds = {
        "insert",
        "advance",
        "view",
        "aspirate",
        "contrast",
        "inject",
        "redirect",
        "heat",
        "abort",
        "angle",
        "withdraw",
        "fluoro",
    }
    assert set(SIGNS) == set(WORDS) == kinds
    assert len(set(SIGNS.values())) == len(kinds)


def test_the_key_names_what_was_done_and_nothing_else():
    figure = timeline_figure(Record(told(*GOOD)))
    words = " ".join(text.get_text() for text in figure.axes[1].texts)
    assert "aspiration" in words
    assert "heat" not in words


def test_nothing_done_is_an_empty_sheet():
    assert len(draw_timeline(panel(), Record()).lines) == 0


def test_pictures_before_any_needle_have_no_danger():
    record = Record(told(("view", "ap"), ("view", "clo")))
    assert len(signs(draw_timeline(panel(), record))) == 2


def test_by_hand_the_line_follows_the_needle_back_and_each_pass_has_its_danger():
    steps = [("insert",), ("advance", 60.0), ("redirect",), ("advance", 40.0)]
    events = list(told(*steps))
    events[0] = replace(events[0], detail={"danger_mm": 50.0})
    events[2] = replace(events[2], depth_mm=12.0, detail={"danger_mm": 30.0})
    back = replace(events[1], do="withdraw", depth_mm=12.0, t_s=25.0)
    events = [*events[:2], back, *events[2:]]
    ax = draw_timeline(panel(), Record(tuple(events), danger_mm=30.0))
    line = course(ax)
    assert [depth for time, depth in line if time == 25.0] == [12.0]
    assert [y for _, y in signs(ax)] == [one.depth_mm for one in events]
    words = [text.get_text() for text in ax.texts]
    assert {"50 mm", "30 mm"} <= set(words)
