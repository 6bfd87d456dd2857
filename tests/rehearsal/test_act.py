"""What an act may be, and how everything else is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.rehearsal.act import KINDS, MOST_S, Act, act_of

POSE = [[1.0, 0.0, 0.0, 5.0], [0.0, 1.0, 0.0, 6.0], [0.0, 0.0, 1.0, 7.0], [0.0, 0.0, 0.0, 1.0]]
GIVEN = {
    "declare": {"procedure": "facet-injection", "level": "L4-L5", "side": "left"},
    "carm": {"orbital_deg": -20.0, "tilt_deg": 5},
    "table": {"x_mm": 0.0, "y_mm": 1.0, "z_mm": 2.0},
    "collimate": {"width_mm": 80.0, "height_mm": 90.0},
    "shot": {},
    "live": {"on": True},
    "probe": {"name": "curved", "matrix": POSE},
    "probe_off": {},
    "mark": {"point_mm": [1.0, 2.0, 3.0]},
    "needle": {"name": "quincke_22g_90mm"},
    "needle_pose": {"matrix": POSE},
    "insert": {},
    "angle": {"orbital_deg": 0.0, "tilt_deg": -30.0},
    "advance": {"mm": 5.0},
    "withdraw": {"mm": 5.0},
    "rotate": {"deg": 90.0},
    "stylet": {"inside": False},
    "aspirate": {},
    "contrast": {"agent": "iohexol_240", "volume_ml": 1.0, "mode": "live"},
    "inject": {"agent": "saline", "volume_ml": 1.0},
    "heat": {},
    "abort": {"why": "blood [[[ at the hub"},
    "finish": {},
}


@pytest.mark.parametrize("do", KINDS)
def test_every_kind_goes_into_a_line_and_back(do):
    made = Act(do, 3.5, "page", GIVEN[do])
    assert act_of(made.to_line()) == made
    assert made.to_line()["t_s"] == 3.5
    assert made.to_line()["source"] == "page"


@pytest.mark.parametrize(("do", "name"), [(do, name) for do in KINDS for name in KINDS[do]])
def test_what_is_missing_is_said_by_name(do, name):
    less = {key: value for key, value in GIVEN[do].items() if key != name}
    with pytest.raises(InputError, match=f"{do} needs {name}"):
        Act(do, 0.0, "script", less)


@pytest.mark.parametrize(
    ("do", "given", "said"),
    [
        ("advance", {"mm": True}, "mm must be a number, got True"),
        ("advance", {"mm": float("nan")}, "mm must be 0.01 to 200 mm, got nan"),
        ("advance", {"mm": 10**400}, "got a number of many digits"),
        ("advance", {"mm": 10**5000}, "got a number of many digits"),
        ("advance", {"mm": -3}, "got -3"),
        ("advance", {"mm": "5"}, "got '5'"),
        ("advance", {"mm": 1.0, "speed": 2}, "takes no 'speed'"),
        ("advance", {"nm": 1.0}, "takes no 'nm'. Known: mm"),
        ("live", {"on": 1}, "true or false, got 1"),
        ("live", {"on": 10**5000}, "true or false"),
        ("contrast", {**GIVEN["contrast"], "mode": ["live"]}, "got a list"),
        ("contrast", {**GIVEN["contrast"], "mode": np.zeros(3)}, "got a ndarray"),
        ("abort", {"why": ""}, "1 to 200"),
        ("abort", {"why": "x" * 201}, "1 to 200"),
        ("abort", {"why": "two\nlines"}, "printable"),
        ("abort", {"why": "\ud800"}, "printable"),
        ("abort", {"why": "\u202egnp.exe"}, "printable"),
        ("mark", {"point_mm": [1.0, 2.0]}, "must be 3 numbers"),
        ("mark", {"point_mm": [1.0, 2.0, False]}, r"point_mm\[2\] must be a number"),
        ("needle_pose", {"matrix": POSE[:3]}, "4 rows"),
        ("needle_pose", {"matrix": [*POSE[:3], [0, 0, 0, 1e9]]}, r"matrix\[3\]\[3\]"),
        ("andvance", {}, "nothing is called 'andvance' in a rehearsal; did you mean 'advance'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name_and_limit(do, given, said):
    with pytest.raises(InputError, match=said):
        Act(do, 0.0, "script", given)


@pytest.mark.parametrize("t_s", [-1.0, float("nan"), float("inf"), MOST_S + 1.0, True, "0", None])
def test_time_is_a_number_of_seconds_within_six_hours(t_s):
    with pytest.raises(InputError, match="t_s must be"):
        Act("shot", t_s)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                    max_leaves=8),
       st.sampled_from(sorted((do, name) for do in KINDS for name in KINDS[do])))  # fmt: skip
def test_any_value_is_an_act_or_our_error(value, place):
    do, name = place
    try:
        made = Act(do, 0.0, "script", {**GIVEN[do], name: value})
    except InputError:
        return
    assert act_of(made.to_line()) == made


def test_a_long_nested_value_is_not_printed():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InputError) as found:
        Act("live", 0.0, "script", {"on": deep})
    assert len(str(found.value)) < 100
    while deep:  # so that it is not taken down in one deep call
        deep = deep.pop()
