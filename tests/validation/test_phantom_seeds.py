"""A fixed tenth of the population, with the bounds of the whole."""

from __future__ import annotations

import pytest

from validation.phantom_seeds import row


@pytest.mark.parametrize("seed", [3, 12])
def test_no_path_is_near_dura_or_root_and_no_root_gets_hot(seed):
    one = row(seed)
    assert one.blocked is None
    assert one.nearest_mm >= 1.0
    assert one.hottest_root_c <= 45.0
    assert one.target_error_mm <= 2.0
