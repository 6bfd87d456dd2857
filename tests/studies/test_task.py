"""A named task refuses what it does not know, with the nearest name or the limit."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.studies.task import Input, Task

TASK = Task(
    "toy",
    "A toy",
    {
        "angle_deg": Input("number", "Angle", 0.0, 0, 90),
        "needle": Input("text", "Needle", None, known=lambda: ["quincke", "tuohy"]),
        "count": Input("whole", "Count", 3, 1, 9),
        "vary": Input("yes/no", "Vary", False),
    },
    lambda samples, settings: [{} for _ in samples],
)


def test_settings_come_out_complete_and_parameters_are_not_among_them():
    varied, fixed = TASK.checked({"angle_deg": [0, 45]}, {"needle": "tuohy"})

    assert varied == {"angle_deg": [0.0, 45.0]}
    assert fixed == {"needle": "tuohy", "count": 3, "vary": False}


@pytest.mark.parametrize(
    ("parameters", "settings", "said"),
    [
        ({"angel_deg": [1]}, {}, "no parameter of the task 'toy'; did you mean 'angle_deg'"),
        ({}, {"needel": "x"}, "did you mean 'needle'"),
        ({"needle": ["tuhoy"]}, {}, "did you mean 'tuohy'"),
        ({"angle_deg": [91]}, {}, "angle_deg must be 0 to 90, got 91"),
        ({"angle_deg": [True]}, {}, "angle_deg must be a number"),
        ({"count": [2.5]}, {}, "count must be a whole"),
        ({}, {"vary": "yes"}, "vary must be a yes/no"),
        ({}, {"needle": 4}, "needle must be a text"),
        ({"count": [1]}, {"count": 2}, "count is a parameter and a setting"),
    ],
)
def test_what_is_wrong_is_named(parameters, settings, said):
    with pytest.raises(InputError, match=said):
        TASK.checked(parameters, settings)
