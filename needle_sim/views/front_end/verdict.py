"""The end of a rehearsal for a page: score with reasons, by sign and word."""

from __future__ import annotations

from typing import Any

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run
from needle_sim.views.wording import NOT_CLINICAL, headline, limit_said, value_said, verdict_of


def verdict(run: Run) -> dict[str, Any]:
    """Headline, gates, quality and economy; every metric with sign, value, limit and reason."""
    head, below = headline(run)
    return {
        "headline": head,
        "below": below,
        "total": run.score.total,
        "outcome": run.score.outcome,
        "gates": [_line(one) for one in run.score.gates],
        "quality": [_line(one) for one in run.score.quality],
        "economy": [_line(one) for one in run.score.economy],
        "disclaimer": NOT_CLINICAL,
    }


def _line(metric: Metric) -> dict[str, Any]:
    sign, word = verdict_of(metric.passed)
    return {
        "name": metric.name,
        "sign": sign,
        "word": word,
        "value": value_said(metric),
        "limit": limit_said(metric),
        "reason": metric.reason,
    }
