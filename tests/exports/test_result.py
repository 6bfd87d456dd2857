"""JSON that every reader can read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.exports.result import _number, as_json, setting_of


def test_numbers_are_plain_rounded_and_never_minus_zero():
    assert _number(np.float64(1.23456)) == 1.235
    assert str(_number(-0.0001)) == "0.0"
    assert _number(None) is None
    assert _number(float("nan")) is None


def test_json_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"x": float("inf")})


def test_the_setting_of_a_run_names_versions_processor_and_presets():
    found = json.loads(as_json(setting_of("needle-sim run", seconds=1.234)))
    assert found["versions"]["needle_sim"]
    assert found["presets_sha256"] == presets.digests()
    assert found["threads"] >= 1
    assert found["cpu_features"]
    assert found["seconds"] == 1.23
