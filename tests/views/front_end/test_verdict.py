"""The end is told by sign, word and reason."""

from __future__ import annotations

import json

from needle_sim.views.front_end.verdict import verdict
from tests.rehearsal.driving import FORAMEN, begun, follow, planned


def test_every_metric_has_a_sign_a_word_and_a_reason():
    injection = follow(begun(FORAMEN), *planned(FORAMEN)).finish()
    told = verdict(injection)
    json.dumps(told, allow_nan=False)
    rows = [*told["gates"], *told["quality"], *told["economy"]]
    metrics = (*injection.score.gates, *injection.score.metrics)
    assert [one["name"] for one in rows] == [one.name for one in metrics]
    assert {one["sign"]: one["word"] for one in rows}.items() <= {
        ("✓", "met"), ("✗", "not met"), ("?", "unknown"),
    }  # fmt: skip
    assert all(one["reason"] for one in rows)
    assert told["total"] == injection.score.total
    assert "Not for clinical use" in told["disclaimer"]
