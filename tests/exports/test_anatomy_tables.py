from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.exports.anatomy_tables import (
    SAYS,
    anatomy_of_rows,
    landmark_rows,
    level_rows,
    load_landmarks,
    save_tables,
    structure_rows,
)
from tests.anatomy.small_patient import CENTRES_MM, small_patient


def read(path):
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first == f"# {SAYS}"
    return list(csv.DictReader(rest))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables")
    names = {one.name for one in save_tables(small_patient(), path)}
    assert names == {"landmarks.csv", "structures.csv", "levels.csv", "anatomy.json"}
    return path


def test_landmarks_are_read_back_where_they_are(folder):
    found = load_landmarks(folder / "landmarks.csv")
    assert set(found) == {"L4 right sap_tip", "L5 right sap_tip"}
    assert found["L5 right sap_tip"] == pytest.approx(CENTRES_MM["L5"])
    assert {row["provenance"] for row in read(folder / "landmarks.csv")} == {"inferred"}


def test_what_is_measured_inferred_and_constructed_is_told_apart():
    rows = {row["name"]: row for row in structure_rows(small_patient())}
    assert rows["aorta"]["provenance"] == "measured"
    assert rows["L4 right root"]["provenance"] == "inferred"
    assert rows["L4"]["kind"] == "bone"
    phantom = small_patient(fitted=False)
    assert {row["provenance"] for row in landmark_rows(phantom)} == {"constructed"}
    assert {row["provenance"] for row in level_rows(phantom)} == {"constructed"}


def test_a_structure_has_its_length_and_box():
    rows = {row["name"]: row for row in structure_rows(small_patient())}
    aorta = rows["aorta"]
    assert aorta["length_mm"] == pytest.approx(100.0)
    assert (aorta["low_x_mm"], aorta["high_x_mm"]) == (2.0, 18.0)


def test_levels_have_their_rms_and_a_pose_of_unit_axes(folder):
    rows = read(folder / "levels.csv")
    assert [(row["vertebra"], row["surface_rms_mm"]) for row in rows] == [
        ("L4", "1.25"),
        ("L5", "2.5"),
    ]
    axes = np.array(
        [
            [float(rows[0][f"{axis}_{n}"]) for n in "xyz"]
            for axis in ("left", "posterior", "cranial")
        ]
    )
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-4)
    assert level_rows(small_patient(fitted=False))[0]["surface_rms_mm"] is None


def test_the_json_holds_the_same_and_says_what_it_is(folder):
    found = json.loads((folder / "anatomy.json").read_text(encoding="utf-8"))
    assert found == anatomy_of_rows(small_patient())
    assert found["schema"] == "needle_sim.anatomy/1"
    assert (found["coordinate_system"], found["unit"]) == ("LPS", "mm")
    assert "not for clinical use" in found["disclaimer"]
    assert found["notes"] == ["levels are counted (numbering, L5 lies on the sacrum)"]
    assert len(found["landmarks"]) == len(read(folder / "landmarks.csv"))


def test_an_anatomy_of_which_nothing_is_known_makes_empty_tables(tmp_path):
    bare = replace(small_patient(fitted=False), bodies={}, bones={}, structures={}, landmarks_mm={})
    save_tables(bare, tmp_path)
    assert read(tmp_path / "landmarks.csv") == []
    assert load_landmarks(tmp_path / "landmarks.csv") == {}


@pytest.mark.parametrize("text", ["name,x_mm\na,1\n", "name,x_mm,y_mm,z_mm\na,1,b,2\n"])
def test_another_table_is_refused(tmp_path, text):
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(InputError, match=r"other\.csv is no table of landmarks"):
        load_landmarks(tmp_path / "other.csv")
