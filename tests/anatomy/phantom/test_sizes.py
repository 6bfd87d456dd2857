"""Sizes of a vertebra."""

import dataclasses

import pytest

from needle_sim.anatomy.phantom.spec import FIELDS, spine_spec
from needle_sim.errors import InputError


def test_scaling_is_by_all_or_by_name():
    spec = spine_spec().vertebrae["L4"]

    assert spec.scaled(1.1).upper_width_mm == pytest.approx(1.1 * spec.upper_width_mm)
    assert spec.scaled(1.1).facet_angle_deg == spec.facet_angle_deg
    assert spec.scaled({"tp_span_mm": 0.9}).tp_span_mm == pytest.approx(0.9 * spec.tp_span_mm)
    with pytest.raises(InputError, match="did you mean 'tp_span_mm'"):
        spec.scaled({"tp_spam_mm": 0.9})


def test_there_are_many_sizes():
    assert len(FIELDS) >= 55


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pedicle_width_mm": -1.0}, "pedicle_width_mm must be positive, got -1"),
        ({"tp_span_mm": float("nan")}, "tp_span_mm must be finite"),
        ({"canal_width_mm": 60.0}, "canal_width_mm must be below"),
    ],
)
def test_impossible_sizes_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(spine_spec().vertebrae["L4"], **change)
