"""The score as a picture: the total, then each gate and metric with its sign, rank by rank."""

from __future__ import annotations

from matplotlib.axes import Axes

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.scoring import Score
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.wording import limit_said, total_said, value_said, verdict_of

_TOP, _LOW = 0.735, 0.02
_TALLEST = 0.075  # a row, share of the card


def draw_score(
    ax: Axes,
    score: Score,
    *,
    paper: Paper = canvas.LIGHT,
    words: str = "",
    limits: bool = True,
) -> Axes:
    """Draw a score as a card.

    Parameters
    ----------
    words : str
        Said beside the total, or instead of it where there is none.
    limits : bool
        Write the limit under each name; without it the rows are one line each.
    """
    canvas.blank(ax, colour=paper.ground)
    _head(ax, score, paper, words)
    named = (("Gates", score.gates), ("Quality", score.quality), ("Economy", score.economy))
    ranks = [(name, rows) for name, rows in named if rows]
    lines = sum(len(rows) + 0.95 for _, rows in ranks)
    step = min(_TALLEST if limits else 0.055, (_TOP - _LOW) / max(lines, 1.0))
    y = _TOP
    for name, rows in ranks:
        share = min(0.026, 0.5 * step)
        canvas.write(ax, 0.05, y - 0.5 * step, name, share=share, color=paper.faint, va="center")
        rule: canvas.Style = {"color": paper.rule, "linewidth": 0.8, "transform": ax.transAxes}
        ax.plot([0.05, 0.95], [y - 0.88 * step] * 2, **rule)
        y -= 0.95 * step
        for one in rows:
            _row(ax, y - 0.5 * step, step, one, paper, limits)
            y -= step
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    return ax


def _head(ax: Axes, score: Score, paper: Paper, words: str) -> None:
    total = "–" if score.total is None else total_said(score.total)
    good = score.total is not None and score.outcome == "completed"
    canvas.write(ax, 0.06, 0.955, "Score", share=0.034, color=paper.faint, va="top")
    write: canvas.Style = {"va": "baseline", "fontweight": "bold"}
    colour = paper.ink if good else paper.bad if score.total is None else paper.unknown
    big = canvas.write(ax, 0.05, 0.80, total, share=0.125, color=colour, **write)
    if score.total is None:
        big.set_fontsize(canvas.points_high(ax, 0.08))
        canvas.write(ax, 0.18, 0.81, words or "no total", share=0.036, color=paper.bad)
        return
    beside = 0.08 + 0.115 * len(total)
    canvas.write(ax, beside, 0.80, "of 100", share=0.036, color=paper.faint)
    if words:
        canvas.write(ax, beside, 0.855, words, share=0.032, color=colour, fontweight="bold")


def _row(ax: Axes, y: float, step: float, one: Metric, paper: Paper, limits: bool) -> None:
    sign, _ = verdict_of(one.passed)
    colour = {True: paper.good, False: paper.bad, None: paper.unknown}[one.passed]
    share = min(0.031, (0.42 if limits else 0.62) * step)
    up, down = (0.17 * step, 0.27 * step) if limits else (0.0, 0.0)
    middle: canvas.Style = {"va": "center"}
    canvas.write(ax, 0.05, y, sign, share=share * 1.15, color=colour, fontweight="bold", **middle)
    canvas.write(ax, 0.125, y + up, one.name, share=share, color=paper.ink, **middle)
    if limits:
        limit = f"limit {limit_said(one)}"
        small = 0.72 * share
        canvas.write(ax, 0.125, y - down, limit, share=small, color=paper.faint, **middle)
    value = value_said(one)
    bold: canvas.Style = {"ha": "right", "fontweight": "bold", **middle}
    canvas.write(ax, 0.95, y, value, share=share, color=paper.ink, **bold)
