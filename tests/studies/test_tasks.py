"""Every named task is there under its name, and its defaults are values that it takes."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.studies.tasks import NAMES, all_named, named


def test_names_are_those_of_the_tasks():
    assert {name: task.name for name, task in all_named().items()} == {n: n for n in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_within_their_own_limits(name):
    task = named(name)
    given = {n: one.default for n, one in task.inputs.items() if one.default is not None}

    assert {n: v for n, v in task.checked({}, given)[1].items() if v is not None} == given


def test_the_nearest_name_is_suggested():
    with pytest.raises(InputError, match="did you mean 'coverage'"):
        named("covrage")
