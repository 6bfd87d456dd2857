"""What counts as an answer of a procedure on a labelled CT."""

from __future__ import annotations

import pytest

from validation.ct_procedures import Row


@pytest.mark.parametrize(
    ("score", "gates", "reason", "holds"),
    [
        (91.0, (), "", True),
        (None, (), "no safe path", True),
        (None, ("hottest root",), "46 °C", False),
        (None, (), "", False),
    ],
)
def test_a_run_passes_every_gate_or_says_why_there_is_none(score, gates, reason, holds):
    assert Row("facet-injection", "L4-L5", "left", score, gates, reason).holds is holds
