"""One tree of errors; bad input is also a ValueError."""

from __future__ import annotations

import pytest

from needle_sim import errors


@pytest.mark.parametrize("name", ["FrameError", "PresetError"])
def test_bad_input_is_a_value_error_and_ours(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.InputError)
    assert issubclass(kind, ValueError)
    assert issubclass(kind, errors.NeedleSimError)


@pytest.mark.parametrize("name", ["DicomError", "PlanningError", "SolverError"])
def test_the_rest_is_ours_alone(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.NeedleSimError)
    assert not issubclass(kind, ValueError)
