"""Studies as figures: means with their intervals against a parameter."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.studies.result import StudyResult
from needle_sim.views import canvas

_LINES = (  # colour, marker, dash: each tells a line from its neighbours by itself
    ("#2563a8", "o", "solid"),
    ("#c9253f", "s", (0, (5, 1.5))),
    ("#17795e", "^", (0, (1.2, 1.2))),
    ("#8a6d00", "D", (0, (5, 1.2, 1.2, 1.2))),
    ("#6b4fa0", "v", (0, (8, 2))),
)
_UNITS = {"mm": "mm", "deg": "degrees", "c": "°C", "s": "s", "ml": "ml", "mm3": "mm³"}
_MOST_LINES = 12


def draw_study(
    ax: Axes,
    result: StudyResult,
    *,
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
    title: str | None = None,
) -> Axes:
    """Mean of a measure with its 95 % interval against a parameter, one line for each of another.

    Parameters
    ----------
    x : str, optional
        A parameter; by default the first that varies.
    y : str, optional
        A measure; by default the first.
    by : str, optional
        A parameter that lines differ in; by default the second that varies.
    """
    varying = [name for name in result.varying if name not in (x, by)]
    x = varying.pop(0) if x is None and varying else x
    by = varying.pop(0) if by is None and varying else by
    y = result.measures[0] if y is None and result.measures else y
    if x is None or y is None:
        raise InputError("a figure needs a parameter that varies and a measure; give x= and y=")
    if y not in result.measures:
        raise InputError(f"{y} is no measure of this study{presets.nearest(y, result.measures)}")
    found = result.summary(by=[x] if by is None or by == x else [x, by], of=y)
    lines = [None] if by is None or by == x else list(result.identity.content["parameters"][by])
    if len(lines) > _MOST_LINES:
        raise InputError(f"{by} has {len(lines)} values; at most {_MOST_LINES} lines can be told")
    size = canvas.points_high(ax, 0.03)
    canvas.plain_axes(ax, size=size)
    places = _places(ax, list(result.identity.content["parameters"][x]))
    for value, style in zip(lines, cycle(_LINES), strict=False):
        part = found if value is None else found[found[by] == value]
        _line(ax, part, places, x, style, "" if value is None else _said(value))
    canvas.name_axes(ax, _named(x), f"{_named(y)} (mean, 95 % interval)", size=size)
    if by is not None and by != x:
        told: canvas.Style = {"prop": canvas.font(size), "title_fontproperties": canvas.font(size)}
        ax.legend(frameon=False, title=_named(by), labelcolor=canvas.LIGHT.ink, **told)
    if (found["low"].dropna() >= 0).all():
        ax.set_ylim(bottom=0.0)
    if title is not None:
        canvas.write(ax, 0.0, 1.03, title, share=0.04, fontweight="bold")
    note = f"{result.identity.content['seeds']} samples a point. Simulation, not for clinical use."
    canvas.write(ax, 1.0, -0.13, note, share=0.021, color=canvas.LIGHT.faint, ha="right")
    return ax


def _line(ax: Axes, part: Any, places: dict[Any, float], x: str, style: Any, label: str) -> None:
    colour, marker, dash = style
    known = part[part["mean"].notna()]
    at = np.array([places[one] for one in known[x]])
    mean, low, high = (_numbers(known[name], known["mean"]) for name in ("mean", "low", "high"))
    ax.fill_between(at, low, high, color=colour, alpha=0.16, linewidth=0)
    ax.errorbar(
        at,
        mean,
        yerr=[mean - low, high - mean],
        color=colour,
        marker=marker,
        markersize=5,
        linestyle=dash,
        linewidth=1.6,
        elinewidth=1.0,
        capsize=2.5,
        label=label,
    )


def _numbers(values: Any, otherwise: Any) -> NDArray[np.float64]:
    """The ends of intervals; the mean itself where one sample tells none."""
    return np.asarray(values.fillna(otherwise), dtype=np.float64)


def _places(ax: Axes, values: list[Any]) -> dict[Any, float]:
    """Where each value of x stands: a number at itself, a text at its turn."""
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        ax.set_xticks(range(len(values)), [_said(one) for one in values])
        return {one: float(n) for n, one in enumerate(values)}
    return {one: float(one) for one in values}


def _words(name: str) -> str:
    head, _, unit = name.rpartition("_")
    return (head if head and unit in _UNITS else name).replace("_", " ")


def _named(name: str) -> str:
    """A column's name in words, with its unit."""
    unit = name.rpartition("_")[2]
    return f"{_words(name)}, {_UNITS[unit]}" if unit in _UNITS and "_" in name else _words(name)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
