"""Two studies that could give other numbers have other digests, and the difference is named."""

from __future__ import annotations

import functools
import json

import pytest

from needle_sim.errors import InputError
from needle_sim.studies.design import Design
from needle_sim.studies.identity import Identity
from tests.studies.toys import clumsy, dice

DESIGN = Design({"angle_deg": [0, 30]}, seeds=3)
HERE = Identity.of(dice, DESIGN, {"dice": 2})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Identity.of(clumsy, DESIGN, {"dice": 2}), 'task was "tests.studies.toys.dice", is'),
        (Identity.of(dice, DESIGN, {"dice": 3}), "settings.dice was 2, is 3"),
        (Identity.of(dice, DESIGN, {}), "settings.dice was 2, is null"),
        (Identity.of(dice, Design({"angle_deg": [0, 45]}, 3), {"dice": 2}), "parameters.angle_deg"),
        (Identity.of(dice, Design({"angle_deg": [0, 30]}, 4), {"dice": 2}), "seeds was 3, is 4"),
        (Identity.of(dice, Design({"angle_deg": [0, 30]}, 3, 1), {"dice": 2}), "seed was 0, is 1"),
        (
            Identity({**HERE.content, "versions": {"needle_sim": "9"}}),
            'needle_sim was ".*", is "9"',
        ),
        (Identity({**HERE.content, "presets": "x"}), "presets was"),
    ],
)
def test_a_change_is_named_and_changes_the_digest(other, said):
    assert other.digest != HERE.digest
    with pytest.raises(InputError, match=said):
        other.check(json.loads(HERE.text()), "a folder")


def test_the_same_study_is_the_same():
    again = Identity.of(dice, Design({"angle_deg": [0.0, 30.0]}, seeds=3), {"dice": 2})
    whole = Identity.of(dice, Design({"angle_deg": [0, 30]}, seeds=3), {"dice": 2})

    assert whole.digest == HERE.digest
    assert again.digest != HERE.digest  # fractions are other values than whole numbers
    HERE.check(json.loads(HERE.text()), "a folder")


def test_its_text_says_what_it_is_not_for():
    told = json.loads(HERE.text())

    assert "Not for clinical use" in told["disclaimer"]
    assert told["digest"] == HERE.digest


@pytest.mark.parametrize("value", [object(), float("nan"), {"deep": {1, 2}}])
def test_settings_are_plain(value):
    with pytest.raises(InputError, match="settings must be plain values"):
        Identity.of(dice, DESIGN, {"x": value})


def test_a_task_without_a_name_is_refused():
    with pytest.raises(InputError, match="a task needs a name"):
        Identity.of(functools.partial(dice), DESIGN, {})
