"""Markups come back as they were, from LPS and RAS, and what is none is refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.exports.markups import load_markups, save_line, save_points
from needle_sim.instruments.trajectory import Trajectory

PATH = Trajectory.straight([10.0, 60.0, -5.0], [12.5, 3.25, -1.0])


def test_a_line_and_points_come_back(tmp_path):
    line = load_markups(save_line(PATH, tmp_path / "plan.mrk.json", name="plan"))
    assert line.lines["plan"].points_mm.tolist() == PATH.points_mm.tolist()
    points = {"L4 right sap_tip": [1.0, 2.0, 3.0], "L5 left sap_tip": [-1.5, 2.0, 0.1]}
    found = load_markups(save_points(points, tmp_path / "p.mrk.json")).points
    assert {name: at.tolist() for name, at in found.items()} == points


def test_a_bent_path_is_a_curve(tmp_path):
    bent = Trajectory(np.array([[0.0, 50, 0], [0, 20, 1], [0, 0, 5]]))
    path = save_line(bent, tmp_path / "bent.mrk.json")
    assert json.loads(path.read_text())["markups"][0]["type"] == "Curve"
    assert load_markups(path).lines["needle"].points_mm.tolist() == bent.points_mm.tolist()


def test_ras_is_turned_into_lps(tmp_path):
    path = save_line(PATH, tmp_path / "plan.mrk.json")
    text = path.read_text().replace('"LPS"', '"RAS"')
    path.write_text(text)
    (line,) = load_markups(path).lines.values()
    assert line.points_mm == pytest.approx(PATH.points_mm * [-1, -1, 1])


def test_it_says_what_slicer_needs(tmp_path):
    found = json.loads(save_line(PATH, tmp_path / "plan.mrk.json").read_text())
    (one,) = found["markups"]
    assert (one["type"], one["coordinateSystem"], one["coordinateUnits"]) == ("Line", "LPS", "mm")
    assert all(c["positionStatus"] == "defined" for c in one["controlPoints"])
    assert "not for clinical use" in one["controlPoints"][0]["description"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", "no list of markups"),
        ("[" * 100_000, "nested"),
        ('{"markups": [{"type": "Plane"}]}', "'Plane'"),
        ('{"markups": [{"type": "Line", "coordinateSystem": "IJK"}]}', "'IJK'"),
        ('{"markups": [{"type": "Line", "coordinateUnits": "um"}]}', "'um'"),
        ('{"markups": [{"type": "Line", "controlPoints": []}]}', "no control points"),
        ('{"markups": [{"type": "Line", "controlPoints": [{"position": [1, 2]}]}]}', "position"),
        (
            '{"markups": [{"type": "Line", "controlPoints": [{"position": [1, 2, 1e300]}]}]}',
            "nowhere",
        ),
        ('{"markups": [{"type": "Line", "controlPoints": [{"position": [1, 2, 3]}]}]}', "one"),
    ],
)
def test_what_is_no_markup_is_refused_by_file(text, said, tmp_path):
    path = tmp_path / "odd.mrk.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"odd\.mrk\.json") as refused:
        load_markups(path)
    assert said in str(refused.value)


def test_another_ending_and_no_points_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.mrk\.json"):
        save_line(PATH, tmp_path / "plan.json")
    with pytest.raises(InputError, match="no points"):
        save_points({}, tmp_path / "p.mrk.json")
    with pytest.raises(InputError, match="cannot be read"):
        load_markups(tmp_path / "none.mrk.json")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "x.mrk.json"
    path.write_bytes(data)
    with pytest.raises(InputError):
        load_markups(path)
