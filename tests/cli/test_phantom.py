"""``needle-sim phantom``: a spine as files that the other commands read."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
from click.testing import CliRunner

from needle_sim.anatomy.label_checks import check_labels
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.cli import main
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels


def ask(*words: object):
    return CliRunner().invoke(main, ["phantom", *map(str, words)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("phantom") / "out"
    words = ("--voxel-mm", 4, "--dicom", "--no-meshes", "--seed", 3, "--json")
    found = ask("lumbar_normal", *words, "--out", out)
    assert found.exit_code == 0, found.output
    return out, json.loads(found.stdout)


def test_ct_labels_sizes_tables_and_pictures_are_written(made):
    out, said = made
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert there == set(said["files"])
    names = {"ct.nii.gz", "labels.nii.gz", "labels.csv", "parameters.toml", "landmarks.csv"}
    assert {*names, "overview.png", "tissues.nii.gz", "dicom/slice_0001.dcm"} <= there
    assert {row["provenance"] for row in said["landmarks"]} == {"constructed"}


def test_the_phantom_can_be_taken_for_a_labelled_patient(made):
    """Its series and labels are read by the readers of patients and stand their checks."""
    out, _ = made
    ct = load_series(out / "dicom")
    labels = load_labels(out / "labels.nii.gz", grid=ct)
    notes = [str(note) for note in check_labels(ct, labels)]
    assert any("counted from the sacrum" in one for one in notes)
    assert not any("disagree" in one for one in notes)
    assert ct.array[labels.array == 29].mean() > 200  # L3 is bone
    assert not labels.notes


def test_the_sizes_are_those_that_the_seed_draws(made, monkeypatch):
    out, _ = made
    found = tomllib.loads((out / "parameters.toml").read_text(encoding="utf-8"))
    assert found["phantom"] == "lumbar_normal"
    sizes = found["vertebrae"]["L4"]
    assert len(sizes) >= 40
    assert all(np.isfinite(value) for value in sizes.values())
    # what build_phantom would build
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.anatomy_of", lambda spine, **_: spine)
    spine = build_phantom("lumbar_normal", seed=3)
    assert sizes["sap_height_mm"] == spine.vertebrae["L4"].sap_height_mm
    assert found["trunk"] == dict(spine.trunk)


@pytest.mark.long
def test_a_person_and_sizes_of_ones_own_are_those_of_build_phantom(tmp_path, monkeypatch):
    words = ("--sex", "female", "--age", 70, "--bmi", 32, "--set", "sacrum_slope_deg=38")
    out = tmp_path / "out"
    found = ask("lumbar_normal", *words, "--voxel-mm", 4, "--no-meshes", "--out", out)
    assert found.exit_code == 0, found.output
    assert "female, 70 years, BMI 32" in found.output
    sizes = tomllib.loads((out / "parameters.toml").read_text(encoding="utf-8"))
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.anatomy_of", lambda spine, **_: spine)
    spine = build_phantom(sex="female", age=70, bmi=32, sacrum_slope_deg=38)
    assert sizes["sacrum"]["slope_deg"] == 38
    assert sizes["trunk"] == dict(spine.trunk)
    assert sizes["vertebrae"]["L3"]["trabecular_hu"] == spine.vertebrae["L3"].trabecular_hu


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "L4_pedicle_widht_mm=12"], "L4_pedicle_width_mm"),
        (["--set", "L4_pedicle_width_mm"], "--set needs NAME=VALUE"),
        (["--set", "L4_pedicle_width_mm=80"], "L4_pedicle_width_mm must lie from"),
        (["--age", "7"], "age must lie from 18 to 100 years, got 7"),
        (["--bmi", "nan"], "bmi must lie from 15 to 60"),
        (["lumbar_norml"], "lumbar_normal"),
        (["--voxel-mm", "0.1"], "--voxel-mm must be 0.3 to 4.0, got 0.1"),
        (["--seed", "-1"], "--seed must be 0 or more"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_left(tmp_path, words, said):
    found = ask(*words, "--out", tmp_path / "out")
    assert found.exit_code == 2
    (line,) = [one for one in found.stderr.splitlines() if one.startswith("error: ")]
    assert said in line
    assert not (tmp_path / "out").exists()
