"""What a good attempt keeps: limits that go together."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.procedures.limits import Limits


def test_what_has_no_limit_is_none():
    assert Limits(3.0).sac_mm2 is None
    assert Limits(3.0, narrow_mm2=100.0).sac_mm2 is None


@pytest.mark.parametrize(("least", "noted"), [(80.0, 70.0), (-1.0, 70.0), (80.0, None)])
def test_limits_of_a_narrow_canal_go_together(least, noted):
    with pytest.raises(InputError, match="at most narrow_mm2"):
        Limits(3.0, sac_mm2=least, narrow_mm2=noted)
