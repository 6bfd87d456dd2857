"""The patient of a command."""

from __future__ import annotations

import pytest

from needle_sim.cli.patient import check_patient, patient_of
from needle_sim.errors import InputError

NONE = {"phantom": None, "ct": None, "labels": None}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"phantom": "a", "ct": "b"}, "two patients"),
        ({"labels": "x"}, "--ct DIR"),
        ({"ct": "x"}, "--labels FILE"),
    ],
)
def test_half_a_patient_and_two_are_refused(given, said):
    with pytest.raises(InputError, match=said):
        check_patient(NONE | given)


def test_a_phantom_is_built_by_its_name(monkeypatch):
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: name)
    assert patient_of(NONE) == "lumbar_normal"
    assert patient_of(NONE | {"phantom": "scoliosis_25"}) == "scoliosis_25"
