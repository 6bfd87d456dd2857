"""The score as a picture: the total, then each gate and metric with its sign."""

from __future__ import annotations

from matplotlib.axes import Axes

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.scoring import Score
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.wording import limit_said, total_said, value_said, verdict_of


def draw_score(ax: Axes, score: Score, *, paper: Paper = canvas.LIGHT, words: str = "") -> Axes:
    """Draw a score as a card; ``words`` replace the total where there is none."""
    canvas.blank(ax, colour=paper.ground)
    total = "–" if score.total is None else total_said(score.total)
    canvas.write(ax, 0.06, 0.955, "Score", share=0.034, color=paper.faint, va="top")
    write: canvas.Style = {"va": "baseline", "fontweight": "bold"}
    colour = paper.ink if score.total is not None else paper.bad
    big = canvas.write(ax, 0.05, 0.80, total, share=0.125, color=colour, **write)
    if score.total is not None:
        canvas.write(ax, 0.08 + 0.115 * len(total), 0.80, "of 100", share=0.036, color=paper.faint)
    else:
        big.set_fontsize(canvas.points_high(ax, 0.08))
        canvas.write(ax, 0.18, 0.81, words or "no total", share=0.036, color=paper.bad)
    rows = (*score.gates, *score.metrics)
    top, low = 0.725, 0.03
    step = min(0.075, (top - low) / max(len(rows) + 1, 1))
    y = top
    for index, one in enumerate(rows):
        if index == len(score.gates) and index:
            y -= 0.45 * step
            ax.plot(
                [0.05, 0.95],
                [y + 0.25 * step] * 2,
                color=paper.rule,
                linewidth=0.8,
                transform=ax.transAxes,
            )
        _row(ax, y - 0.5 * step, step, one, paper)
        y -= step
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    return ax


def _row(ax: Axes, y: float, step: float, one: Metric, paper: Paper) -> None:
    sign, _ = verdict_of(one.passed)
    colour = {True: paper.good, False: paper.bad, None: paper.unknown}[one.passed]
    share = min(0.031, 0.42 * step)
    canvas.write(
        ax, 0.05, y, sign, share=share * 1.15, color=colour, va="center", fontweight="bold"
    )
    canvas.write(ax, 0.125, y + 0.17 * step, one.name, share=share, color=paper.ink, va="center")
    limit = f"limit {limit_said(one)}"
    canvas.write(
        ax, 0.125, y - 0.27 * step, limit, share=0.72 * share, color=paper.faint, va="center"
    )
    value = value_said(one)
    canvas.write(
        ax, 0.95, y, value, share=share, color=paper.ink, va="center", ha="right", fontweight="bold"
    )
