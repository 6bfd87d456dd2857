"""A tenth of the validation, with its bound."""

from __future__ import annotations

import pytest

from validation.study_kills import KILLS, rows

pytestmark = pytest.mark.long


def test_a_killed_study_goes_on_to_the_same_bytes(tmp_path):
    found = list(rows(KILLS // 10, tmp_path))

    assert len(found) == 2
    assert all(row.same for row in found)
