"""A finding says how far the measured grade lies off the request."""

import pytest

from needle_sim.anatomy.finding import Finding, within
from needle_sim.errors import InputError


def test_the_share_is_over_the_request():
    found = Finding("osteoporosis", "L3", "trabecular HU", "HU", 80.0, 82.0)

    assert found.share_off == pytest.approx(0.025)
    assert Finding("x", "L3", "y", "mm", 0.0, 0.3).share_off == pytest.approx(0.3)


def test_a_finding_is_a_flat_row_and_a_line():
    found = Finding("osteoporosis", "L3", "trabecular HU", "HU", 80.0, 82.0)

    assert found.to_row()["measured"] == 82.0
    assert str(found) == "osteoporosis L3: trabecular HU 82 HU (80 asked for)"


def test_a_grade_out_of_range_names_limit_and_way_out():
    within("hu", 80.0, 0.0, 250.0, "age does it")
    with pytest.raises(InputError, match="hu must lie from 0 to 250, got 251; age does it"):
        within("hu", 251.0, 0.0, 250.0, "age does it")
    with pytest.raises(InputError, match="got nan"):
        within("hu", float("nan"), 0.0, 250.0, "age does it")
