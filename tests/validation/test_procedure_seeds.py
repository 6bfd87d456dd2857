"""A fixed tenth of the validation, with the same bounds."""

from __future__ import annotations

import pytest

from validation.procedure_seeds import SEEDS, SLACK_MM, rows

pytestmark = pytest.mark.long


def test_two_phantoms_meet_every_window_and_breach_nothing():
    found = list(rows(SEEDS // 10))

    assert len(found) == 4 * SEEDS // 10
    assert [f"{one.procedure} seed {one.seed}: {one.fault}" for one in found if one.fault] == []
    heated = [one for one in found if one.hottest_root_c is not None]
    assert len(heated) == SEEDS // 10
    assert all(one.safe for one in found)
    assert min(one.over_margin_mm for one in found) >= -SLACK_MM
