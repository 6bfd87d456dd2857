"""What was done as a picture: how deep the needle was over time, and what was done where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from needle_sim.rehearsal.record import Event, Record
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.wording import time_said

SIGNS = {
    "insert": "↳",
    "angle": "∠",
    "advance": "↓",
    "withdraw": "⇡",
    "view": "◎",
    "fluoro": "◉",
    "aspirate": "↑",
    "contrast": "◐",
    "inject": "●",
    "heat": "≈",
    "redirect": "↺",
    "abort": "✕",
}
WORDS = {
    "insert": "needle in",
    "angle": "angle the needle",
    "advance": "advance",
    "withdraw": "withdraw",
    "view": "picture",
    "fluoro": "live pictures",
    "aspirate": "aspiration",
    "contrast": "contrast",
    "inject": "injection",
    "heat": "heat",
    "redirect": "aim again",
    "abort": "given up",
}
_COLOURS = {
    "view": "#2563a8",
    "fluoro": "#2563a8",
    "contrast": "#6b4fa0",
    "inject": "#17795e",
    "heat": "#c9253f",
    "aspirate": "#8a6d00",
    "redirect": "#b3261e",
    "abort": "#b3261e",
}
_DANGER = "#e0a100"
_TICKS_S = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_DISC = 1.75  # a sign's size in that of the lettering


def draw_timeline(
    ax: Axes, record: Record, *, paper: Paper = canvas.LIGHT, size: float = 10.0, why: str = ""
) -> Axes:
    """Draw depth over time with a numbered sign at each event; ``why`` names the danger.

    The number is the event's place in the record, from 1. ``size`` is the lettering in points.
    """
    canvas.plain_axes(ax, size=size, paper=paper)
    if not record.events:
        return canvas.blank(ax, colour=paper.ground)
    time, depth = _course(record.events)
    deepest = max(depth) * 1.16 + 4.0
    for start, end, danger in _dangers(record, time[-1] * 1.05 + 1.0):
        ax.fill_between([start, end], danger, deepest, color=_DANGER, alpha=0.14, linewidth=0)
        ax.plot([start, end], [danger] * 2, color=_DANGER, linewidth=1.0, linestyle=(0, (4, 2)))
        words = f"{danger:.0f} mm: {why}" if why and start == 0 else f"{danger:.0f} mm"
        low: canvas.Style = {"color": paper.ink, "fontproperties": canvas.font(0.88 * size)}
        late = start > 0.9 * time[-1]  # no room to the right of it
        at = (0.965 * end if late else start + 0.008 * time[-1]), 0.985 * deepest
        ax.text(*at, words, va="bottom", ha="right" if late else "left", **low)
    ax.plot(time, depth, color=paper.faint, linewidth=1.8, solid_joinstyle="round", zorder=3)
    ax.set_xlim(0.0, time[-1] * 1.02 + 1.0)
    ax.set_ylim(deepest, -0.05 * deepest)
    _signs(ax, record.events, size, paper)
    room = ax.get_window_extent().width * 72.0 / ax.figure.dpi / (5.0 * size)  # of lettering
    apart = next((one for one in _TICKS_S if time[-1] / one <= room), _TICKS_S[-1])
    ticks = np.arange(0.0, time[-1] + 1.0, apart)
    ax.set_xticks(ticks, [time_said(one) for one in ticks])
    canvas.name_axes(ax, "Time, min:s", "Depth of the tip, mm", size=size, paper=paper)
    return canvas.plain_axes(ax, size=size, paper=paper)


def timeline_figure(record: Record, *, why: str = "", paper: Paper = canvas.LIGHT) -> Figure:
    """The timeline on a sheet of its own, with what the signs mean below."""
    figure = canvas.sheet(1400, 560, colour=paper.ground)
    ax = canvas.panel(figure, (0.055, 0.225, 0.935, 0.75), colour=paper.ground)
    draw_timeline(ax, record, paper=paper, size=12.0, why=why)
    key = canvas.blank(canvas.panel(figure, (0.05, 0.0, 0.94, 0.085)), colour=paper.ground)
    kinds = dict.fromkeys(event.do for event in record.events)
    shown = [(f"{SIGNS[do]} {WORDS[do]}", _COLOURS.get(do, paper.faint)) for do in kinds]
    canvas.coloured_words(key, shown, share=0.36)
    return figure


def _dangers(record: Record, end: float) -> list[tuple[float, float, float]]:
    """From when to when each pass lasted, and its danger depth."""
    starts = [one for one in record.events if one.do == "insert" or "danger_mm" in one.detail]
    times = [event.t_s for event in starts]
    spans = itertools.pairwise([0.0, *times[1:], end] if times else [])
    found = [
        (first, last, record.danger_of(event.needle_pass))
        for event, (first, last) in zip(starts, spans, strict=True)
    ]
    return [(first, last, deep) for first, last, deep in found if deep is not None]


def _course(events: Sequence[Event]) -> tuple[list[float], list[float]]:
    """Times and depths of a line: straight while advancing, level otherwise."""
    time, depth = [0.0], [0.0]
    for event in events:
        if event.do not in ("advance", "insert", "redirect", "withdraw"):
            time.append(event.t_s)
            depth.append(depth[-1])
        elif _taken_out(event):
            time += [event.t_s]
            depth += [0.0]
        else:
            time.append(event.t_s)
            depth.append(event.depth_mm)
    return time, depth


def _taken_out(event: Event) -> bool:
    """A redirected needle comes out first, where an insertion and not a hand begins the pass."""
    return event.do == "redirect" and "danger_mm" not in event.detail


def _signs(ax: Axes, events: Sequence[Event], size: float, paper: Paper) -> None:
    """A disc with its number at each event; those at one place stand side by side."""
    disc: dict[str, Any] = {"markeredgecolor": paper.ground, "markeredgewidth": 1.2, "zorder": 5}
    digits: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontweight": "bold"}
    room = ax.get_window_extent().width * 72.0 / ax.figure.dpi
    wide = min(_DISC * size, room / (1.1 * len(events) + 1.0))
    words = canvas.font(0.47 * wide)
    for number, (event, x) in enumerate(zip(events, _apart(ax, events, wide), strict=True), 1):
        colour = _COLOURS.get(event.do, "#6b7a87")
        at = x, 0.0 if _taken_out(event) else event.depth_mm
        ax.plot(*at, marker="o", markersize=wide, color=colour, **disc)
        ax.text(*at, str(number), color="#ffffff", fontproperties=words, zorder=6, **digits)


def _apart(ax: Axes, events: Sequence[Event], wide_points: float) -> list[float]:
    """Times of the signs, moved just so far that no two of them overlap."""
    box = ax.get_window_extent()
    end = ax.get_xlim()[1]
    least = 1.06 * wide_points * end / (box.width * 72.0 / ax.figure.dpi)
    found = [event.t_s for event in events]
    for n, x in enumerate(found):
        found[n] = max(x, 0.5 * least if n == 0 else found[n - 1] + least)
    limit = end - 0.55 * least
    for n in reversed(range(len(found))):
        found[n] = min(found[n], limit)
        limit = found[n] - least
    return found
