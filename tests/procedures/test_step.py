"""A step has the keys of its kind, all of them and no others."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.procedures.step import MOST_ML, Step

WHOLE = {
    "view": {"view": "ap"},
    "advance": {"to": "danger"},
    "aspirate": {},
    "contrast": {"view": "ap", "mode": "live", "agent": "iohexol_240", "volume_ml": 1.0},
    "inject": {"agent": "saline", "volume_ml": 2.0},
    "heat": {},
}
KEYS = {"view": "ap", "to": "target", "mode": "live", "agent": "saline", "volume_ml": 1.0}


@pytest.mark.parametrize(("do", "keys"), WHOLE.items())
def test_each_kind_is_made_of_its_own_keys(do, keys):
    made = Step(do, **keys)
    assert {name: getattr(made, name) for name in keys} == keys
    assert all(getattr(made, name) is None for name in KEYS if name not in keys)


@pytest.mark.parametrize(
    ("do", "missing"), [(do, key) for do, keys in WHOLE.items() for key in keys]
)
def test_a_key_that_is_missing_is_named(do, missing):
    keys = {key: value for key, value in WHOLE[do].items() if key != missing}
    with pytest.raises(InputError, match=f"{do!r} needs key {missing!r}"):
        Step(do, **keys)


@pytest.mark.parametrize(
    ("do", "extra"), [(do, key) for do in WHOLE for key in KEYS if key not in WHOLE[do]]
)
def test_a_key_of_another_kind_is_named(do, extra):
    with pytest.raises(InputError, match=f"{do!r} takes no key {extra!r}"):
        Step(do, **WHOLE[do], **{extra: KEYS[extra]})


@pytest.mark.parametrize("volume_ml", [0.0, 0.049, 20.01, -1.0])
def test_a_volume_out_of_range_is_said_with_its_limits(volume_ml):
    with pytest.raises(InputError, match=rf"0\.05 to {MOST_ML:g} mL, got {volume_ml}"):
        Step("inject", agent="saline", volume_ml=volume_ml)


def test_an_unknown_step_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'advance'"):
        Step("advanse")  # type: ignore[arg-type]
